import Files
import Foundation
import Testing

/// Evaluation suites, a run's own held-out data and answers that are shown, as users ask for them.
@Suite(.serialized) struct SuiteCommandTests {
  private let tiny: TinyRun

  init() throws {
    tiny = try TinyRun()
    let goals = (0..<6).map { #"{"goal": "the \#($0)", "sol1": "foxes", "sol2": "jump dog", "label": \#($0 % 2)}"# }
    try tiny.write(goals.joined(separator: "\n"), to: "goals.jsonl")
    for name in ["one", "two"] {
      try tiny.write(#"{"sentence_good": "the fox", "sentence_bad": "fox the"}"#, to: "\(name).jsonl")
    }
  }

  private func json(_ arguments: String...) throws -> JSONValue {
    let outcome = try Binary.run(arguments + ["--json"], in: tiny.folder)
    #expect(outcome.code == 0, "\(outcome.log)")
    return try JSONValue.parse(Array(outcome.results.utf8), source: "results", area: .data)
  }

  @Test func suitesAreMeasuredByRunsAndCheckpoints() throws {
    let log = try tiny.train(
      "pretrain", "tiny.json", "training.max_steps=2", #"evaluation.suites=["goals.jsonl"]"#, "evaluation.suite_limit=4"
    )
    #expect(log.contains("goals: 4 questions, asked as in PIQA"), "\(log)")
    let row = try #require(try tiny.metrics("runs/tiny").last { $0["kind"]?.string == "eval" })
    #expect(row["eval_loss"]?.double != nil && row["eval_goals/acc"]?.double != nil)

    // A file after the option, and more behind it as a shell's pattern gives them.
    let found = try json("eval", "runs/tiny", "--limit", "4", "--suite", "goals.jsonl", "one.jsonl", "two.jsonl")
    let goals = try #require(found["suites"]?["goals"])
    #expect(goals["acc"]?.double == row["eval_goals/acc"]?.double && goals["count"]?.integer == 4)
    #expect(goals["acc_norm"]?.double == row["eval_goals/acc_norm"]?.double && goals["acc_stderr"]?.double != nil)
    let blimp = try #require(found["suites"]?["blimp"])
    #expect(blimp["count"]?.integer == 2 && blimp["acc"]?.double == found["suites"]?["one"]?["acc"]?.double)
    #expect(found["suites"]?["one"]?["acc_stderr"]?.isNull == true)

    // What was asked is shown, and how likely the answers are: the likelier one counts.
    let shown = try json("eval", "runs/tiny", "--suite", "goals.jsonl", "--limit", "2", "--show", "1")
    let question = try #require(shown["suites"]?["goals"]?["questions"]?.array?.first)
    #expect(shown["suites"]?["goals"]?["questions"]?.array?.count == 1)
    #expect(question["question"]?.string == "Question: the 0\nAnswer:" && question["answer"]?.integer == 0)
    #expect(question["choices"]?.array?.map { $0["text"]?.string } == [" foxes", " jump dog"])
    #expect(question["choices"]?.array?.allSatisfy { $0["logprob"]!.double! < 0 } == true)

    // A file twice is one suite, and the mean is not called what a file is: JSON with a key twice would be refused here.
    try tiny.write(#"{"sentence_good": "the fox", "sentence_bad": "fox the"}"#, to: "blimp.jsonl")
    let same = try json("eval", "runs/tiny", "--suite", "blimp.jsonl", "one.jsonl", "./one.jsonl", "blimp.jsonl")
    let counts = (same["suites"]?.object ?? []).map { "\($0.key) \($0.value["count"]?.integer ?? 0)" }
    #expect(counts == ["blimp 1", "one 1", "blimp-mean 2"])

    let few = try json("eval", "runs/tiny", "--suite", "goals.jsonl", "--few-shot", "2", "--limit", "1")
    #expect(few["suites"]?["goals"]?["count"]?.integer == 1)
    try tiny.write(TinyRun.text + "and more", to: "more.txt")
    let early = try tiny.train(
      "pretrain", "tiny.json", "run=runs/other", "data.train=more.txt", #"evaluation.suites=["text.txt"]"#, code: 4)
    #expect(early.contains("no rows of JSON") && !early.contains("tokenizing"), "\(early)")
    let refused = try tiny.train("eval", "runs/tiny", "--suite", "text.txt", code: 4)
    #expect(refused.contains("no rows of JSON"), "\(refused)")
    try tiny.train("eval", "runs/tiny", "--data", "text.txt", "--few-shot", "2", code: 2)
    for option in ["--reference", "--template"] {
      let log = try tiny.train("eval", "runs/tiny", "--suite", "goals.jsonl", option, "1", code: 2)
      #expect(log.contains("\(option) has no meaning for a --suite"), "\(log)")
    }
  }

  @Test func validateNamesWhatIsWrongWithSuitesBesideTheRest() throws {
    let log = try tiny.train(
      "validate", "tiny.json", "data.train=none.txt", #"evaluation.suites=["absent.jsonl"]"#,
      "model.hidden_size=65536", "model.num_hidden_layers=200", "model.num_attention_heads=512", code: 4)
    for part in ["none.txt", "absent.jsonl", "does not fit into memory"] { #expect(log.contains(part), "\(log)") }
  }

  /// Without `--data` a run is measured on what it held out, as it measured itself.
  @Test func aRunIsMeasuredOnWhatItHeldOut() throws {
    try tiny.train("pretrain", "tiny.json", "training.max_steps=2", "~evaluation.batches")
    let row = try #require(try tiny.metrics("runs/tiny").last { $0["kind"]?.string == "eval" })
    let found = try json("eval", "runs/tiny", "--show", "2")
    #expect(abs(found["loss"]!.double! - row["eval_loss"]!.double!) < 1e-6)
    #expect(found["answers"]?.array?.count == 2)
    let shown = try #require(found["answers"]?.array?[0])
    #expect(shown["expected"]?.string?.isEmpty == false && shown["answers"]?["answer"]?.string != nil)
    let unused = try tiny.train("eval", "runs/tiny", "--limit", "1", "--reference", "runs/tiny")
    #expect(unused.contains("the reference runs/tiny is not used"), "\(unused)")
    // What is asked for is done with it, too.
    let short = try Binary.run(
      ["eval", "runs/tiny", "--sequence-length", "8", "--template", "chatml"], in: tiny.folder)
    #expect(short.log.contains("the chat template is not used"), "\(short.log)")
    let loss = try #require(short.results.firstMatch(of: /loss +([0-9.]+)/).flatMap { Double($0.1) })
    #expect(abs(loss - row["eval_loss"]!.double!) > 1e-3)
    try tiny.train("eval", "runs/tiny", "--sequence-length", "64", code: 2)
    let none = try tiny.train("eval", "runs/tiny/tokenizer.json", code: 5)
    #expect(!none.isEmpty)
  }

  @Test func modelsAreComparedOnData() throws {
    try tiny.train("pretrain", "tiny.json", "training.max_steps=2")
    try tiny.write(
      (1...3).map { #"{"prompt": "say \#($0)", "completion": "yes \#($0)"}"# }.joined(separator: "\n"), to: "rows.jsonl"
    )
    let outcome = try Binary.run(
      [
        "compare", "runs/tiny/step-000001", "runs/tiny/step-000002", "--data", "rows.jsonl", "--template", "plain",
        "--show", "1",
      ], in: tiny.folder)
    #expect(outcome.code == 0, "\(outcome.log)")
    #expect(outcome.results.contains("runs/tiny/step-000001  runs/tiny/step-000002"), "\(outcome.results)")
    #expect(outcome.results.contains("--- 1\nquestion               say 1"), "\(outcome.results)")
    #expect(!FileManager.default.fileExists(atPath: tiny.path("comparison.html")))
    let same = try json(
      "compare", "runs/tiny", "runs/tiny", "--data", "rows.jsonl", "--template", "plain", "--show", "1")
    let names = same["answers"]?.array?.first?["answers"]?.object?.map(\.key)
    #expect(names == ["runs/tiny", "runs/tiny (2)"])
    try tiny.train("compare", "runs/tiny", "runs/tiny", "--show", "1", code: 2)
    let models = ["compare", "runs/tiny/step-000001", "runs/tiny/step-000002", "--data", "text.txt"]
    #expect(try Binary.run(models + ["--out", "page.html"], in: tiny.folder).code == 2)
    try tiny.train("compare", "runs/tiny", "runs/tiny", "--out", "pages/new/")
    #expect(FileManager.default.fileExists(atPath: tiny.path("pages/new/comparison.html")))
    // No shell replaces what follows an equals sign.
    let home = ["HOME": tiny.path("home")]
    let page = ["compare", "runs/tiny", "runs/tiny", "--out=~/c.html"]
    #expect(try Binary.run(page, in: tiny.folder, environment: home).code == 0)
    #expect(FileManager.default.fileExists(atPath: tiny.path("home/c.html")))
    let model = try Binary.run(["generate", "~/none"], in: tiny.folder, environment: home)
    #expect(model.code == 5 && model.log.contains("where a word begins: \(tiny.path("home/none"))"), "\(model.log)")
  }

  /// What a model was tuned from has no template most often, and is asked as the tuned one is.
  @Test func aModelWithoutATemplateIsComparedByThatOfTheOther() throws {
    try tiny.train("pretrain", "tiny.json", "training.max_steps=2")
    let rows = (1...4).map { #"{"prompt": "say \#($0)", "completion": "yes \#($0)"}"# }
    try tiny.write(rows.joined(separator: "\n"), to: "rows.jsonl")
    try tiny.write(
      """
      {
        "task": "sft", "run": "runs/sft", "model": { "from": "runs/tiny" },
        "data": { "train": "rows.jsonl", "template": "plain", "sequence_length": 32 },
        "objective": { "name": "sft" }, "optimizer": { "name": "adamw", "learning_rate": 1e-2 },
        "schedule": { "name": "constant" }, "training": { "batch_size": 2, "max_steps": 1 }
      }
      """, to: "sft.json")
    try tiny.train("sft", "sft.json")
    let lent = try Binary.run(["compare", "runs/tiny", "runs/sft", "--data", "rows.jsonl"], in: tiny.folder)
    #expect(
      lent.code == 0 && lent.log.contains("has no chat template, and is asked by that of runs/sft"), "\(lent.log)")
    let named = try Binary.run(
      ["compare", "runs/tiny", "runs/sft", "--data", "rows.jsonl", "--template", "plain"], in: tiny.folder)
    #expect(named.code == 0 && lent.results == named.results && !named.log.contains("asked by"), "\(named.log)")
    try tiny.train("compare", "runs/tiny", "runs/tiny", "--data", "rows.jsonl", code: 5)
  }
}
