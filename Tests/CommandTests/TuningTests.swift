import Checkpoints
import Files
import Foundation
import Testing

/// Fine-tuning and preference tuning as their users run them.
@Suite(.serialized) struct TuningTests {
  private let tiny: TinyRun

  init() throws {
    tiny = try TinyRun()
    try tiny.train("pretrain", "tiny.json", "training.max_steps=3", "model.max_position_embeddings=64")
    try tiny.write(Self.questions, to: "questions.jsonl")
    try tiny.write(Self.pairs, to: "pairs.jsonl")
    try tiny.write(Self.recipe(task: "sft", data: "questions.jsonl"), to: "sft.json")
    try tiny.write(Self.recipe(task: "dpo", data: "pairs.jsonl"), to: "dpo.json")
  }

  private static let questions = (1...24).map { index in
    let answer = String(repeating: "\(index % 10)", count: 1 + index % 4)
    return
      #"{"messages": [{"role": "user", "content": "say \#(index)"}, {"role": "assistant", "content": "\#(answer)"}]}"#
  }.joined(separator: "\n")

  private static let pairs = (1...24).map { index in
    #"{"prompt": "say \#(index)", "chosen": "yes \#(index % 7)", "rejected": "\#(index % 5) no"}"#
  }.joined(separator: "\n")

  private static func recipe(task: String, data: String) -> String {
    """
    {
      "task": "\(task)", "run": "runs/\(task)", "seed": 3, "model": { "from": "runs/tiny" },
      "data": { "train": "\(data)", "validation_fraction": 0.2, "sequence_length": 64, "template": "plain" },
      "optimizer": { "name": "adamw", "learning_rate": 1e-3 },
      "training": { "batch_size": 2, "micro_batch_size": 1, "max_steps": 8 },
      "evaluation": { "every": 4, "batches": 2 }, "checkpoint": { "every": 1, "keep_last": 20 },
      "logging": { "every": 4, "tensorboard": false, "report": false }
    }
    """
  }

  @Test(arguments: ["sft", "dpo"]) func resumingIsExact(_ task: String) throws {
    let log = try tiny.train(task, "\(task).json")
    #expect(log.contains("first example"), "\(log)")
    let run = "runs/\(task)"
    let whole = try tiny.contents(run, step: 8)
    for step in [1, 5] {
      let copy = "runs/\(task)-from-\(step)"
      try tiny.copy(run, as: copy, upTo: step)
      let resumed = try tiny.train("resume", copy)
      #expect(!resumed.contains("computing the reference"), "\(resumed)")
      #expect(try tiny.contents(copy, step: 8).differences(whole) == [], "from step \(step)")
      #expect(try tiny.metrics(copy) == tiny.metrics(run), "from step \(step)")
    }
  }

  /// What a run reads by `data.fields` is measured by them; files with the usual names are measured as ever.
  @Test func aRunsNamesOfColumnsAreThoseOfItsEvaluation() throws {
    let rows = (1...8).map {
      (#"{"frage": "say \#($0)", "antwort": "\#($0)"}"#, #"{"question": "\#($0)", "answer": "a"}"#)
    }
    try tiny.write(rows.map(\.0).joined(separator: "\n"), to: "fragen.jsonl")
    try tiny.write(rows.map(\.1).joined(separator: "\n"), to: "usual.jsonl")
    try tiny.train(
      "sft", "sft.json", "data.train=fragen.jsonl", #"data.fields={"question": "frage", "answer": "antwort"}"#)
    for file in ["fragen.jsonl", "usual.jsonl"] {
      let outcome = try Binary.run(["eval", "runs/sft", "--data", file, "--json"], in: tiny.folder)
      #expect(outcome.code == 0 && outcome.results.contains("\"questions\":8"), "\(outcome)")
      let note = "note: columns by the data.fields of runs/sft: answer is \"antwort\", question is \"frage\""
      #expect(outcome.log.contains(note) == (file == "fragen.jsonl"), "\(outcome)")
    }
    // A model of no run reads the columns of the run that it is compared with.
    try FileManager.default.copyItem(atPath: tiny.path("runs/sft/latest/model.h5"), toPath: tiny.path("other.h5"))
    let compared = try Binary.run(["compare", "other.h5", "runs/sft", "--data", "fragen.jsonl"], in: tiny.folder)
    #expect(compared.code == 0 && compared.log.components(separatedBy: "data.fields").count == 2, "\(compared)")
  }

  @Test func rowsInBothPartsAreAWarning() throws {
    let arguments = ["inspect", "sft.json", "data.validation=questions.jsonl", "--limit", "1"]
    let log = try Binary.run(arguments, in: tiny.folder).log
    #expect(log.contains("warning: questions.jsonl is trained on and held out"), "\(log)")
    // By two of its names.
    let twice = #"data.train=["questions.jsonl", "./questions.jsonl"]"#
    let repeated = try Binary.run(["inspect", "sft.json", twice, "--limit", "1"], in: tiny.folder).log
    #expect(repeated.contains("warning: data.train names a file more than once: ./questions.jsonl; "), "\(repeated)")
    #expect(try !Binary.run(["inspect", "sft.json", "--limit", "1"], in: tiny.folder).log.contains("warning"))
  }

  @Test func theMetricsOfSFT() throws {
    try tiny.train("sft", "sft.json")
    let rows = try tiny.metrics("runs/sft")
    let first = try #require(rows.first { $0["kind"]?.string == "train" })
    for name in ["loss", "mean_token_accuracy", "num_tokens", "supervised_share", "grad_norm"] {
      #expect(first[name]?.double != nil, "\(name) in \(first)")
    }
    #expect(rows.contains { $0["eval_mean_token_accuracy"]?.double != nil })
    let losses = rows.compactMap { $0["eval_loss"]?.double }
    // Before the first step, and twice after it.
    #expect(losses.count == 3 && losses[2] < losses[1] && losses[1] < losses[0])
  }

  @Test func theMetricsOfDPO() throws {
    let log = try tiny.train("dpo", "dpo.json")
    #expect(log.contains("first loss 0.6931, of a model that is its reference 0.6931"), "\(log)")
    let rows = try tiny.metrics("runs/dpo")
    let first = try #require(rows.first { $0["kind"]?.string == "train" })
    #expect(abs(first["loss"]!.double! - 0.693147) < 1e-4)
    for name in ["chosen", "rejected", "margins", "accuracies"] {
      #expect(first["rewards/\(name)"]?.double != nil)
      #expect(rows.contains { $0["eval_rewards/\(name)"]?.double != nil })
    }
    #expect(first["logps/chosen"]!.double! < 0 && first["logps/rejected"]!.double! < 0)
    let trained = rows.filter { $0["kind"]?.string == "train" }
    #expect(trained.last!["rewards/margins"]!.double! > trained.first!["rewards/margins"]!.double!)
  }

  @Test func evaluationAsksTheQuestions() throws {
    try tiny.train("sft", "sft.json")
    let outcome = try Binary.run(
      ["eval", "runs/sft", "--data", "questions.jsonl", "--json"], in: tiny.folder)
    #expect(outcome.code == 0, "\(outcome.log)")
    let result = try JSONValue.parse(Array(outcome.results.utf8), source: "eval", area: .data)
    #expect(result["questions"]?.integer == 24)
    #expect(result["loss"]?.double != nil && result["exact_match"]?.double != nil)
    // Answers 1 ... 24: "0000", "11", ... each twice or three times at most.
    #expect(abs(result["majority_answer"]!.double! * 24 - 2) < 1.01)
    let pairs = try Binary.run(["eval", "runs/sft", "--data", "pairs.jsonl", "--json"], in: tiny.folder)
    let ranked = try JSONValue.parse(Array(pairs.results.utf8), source: "eval", area: .data)
    #expect(ranked["logps/accuracies"]?.double != nil && ranked["win_rate"]?.double == 0.5, "\(pairs.log)")
    // Rewards are against a reference model, and there is none.
    #expect(ranked["rewards/accuracies"] == nil && ranked["loss"] == nil, "\(ranked)")
  }

  @Test func inspectMarksWhatIsTrained() throws {
    let shown = try Binary.run(["inspect", "sft.json", "--limit", "1", "data.shuffle_split=false"], in: tiny.folder)
    #expect(shown.code == 0, "\(shown.log)")
    #expect(shown.results.contains("Q: say 1\nA:[ 11<|endoftext|>]"), "\(shown.results)")
    let json = try Binary.run(
      ["inspect", "sft.json", "--json", "--limit", "2", "data.shuffle_split=false"], in: tiny.folder)
    let lines = json.results.split(separator: "\n")
    #expect(lines.count == 2)
    let sample = try JSONValue.parse(Array(lines[0].utf8), source: "inspect", area: .data)
    let text = Array("Q: say 1\nA: 11".utf8).map { Int($0) } + [256, 10]
    #expect(sample["input_ids"]?.array?.map(\.integer) == text)
    #expect(sample["trained"]?.array?.map(\.integer) == text.indices.map { 11..<15 ~= $0 ? 1 : 0 })
    let pair = try Binary.run(["inspect", "dpo.json", "--json", "--limit", "1"], in: tiny.folder)
    let both = try JSONValue.parse(Array(pair.results.utf8), source: "inspect", area: .data)
    #expect(both["chosen"]?["input_ids"] != nil && both["rejected"]?["trained"] != nil, "\(pair.log)")
    let checkpoint = try Binary.run(["inspect", "runs/tiny"], in: tiny.folder)
    #expect(checkpoint.results.contains("model.embed_tokens.weight  [257, 32]"), "\(checkpoint.results)")
  }

  @Test func chatUsesTheTemplateOfTheCheckpoint() throws {
    try tiny.train("sft", "sft.json")
    let answer = try Binary.run(
      ["generate", "runs/sft", "--chat", "--prompt", "say 1", "--greedy", "--max-tokens", "4", "--json"],
      in: tiny.folder)
    let result = try JSONValue.parse(Array(answer.results.utf8), source: "generate", area: .data)
    #expect(result["prompt_tokens"]?.integer == "Q: say 1\nA:".utf8.count, "\(answer.log)")
    let refused = try Binary.run(["chat", "runs/tiny"], in: tiny.folder)
    #expect(refused.code == 5 && refused.log.contains("the model has no chat template"), "\(refused.log)")
  }

  @Test func aTemplateOfOtherTokensGrowsTheEmbedding() throws {
    let log = try tiny.train("sft", "sft.json", "data.template=chatml", "training.max_steps=1")
    #expect(log.contains("the embedding grows from 257 to 259 tokens"), "\(log)")
    let arrays = try ArrayFile("\(tiny.checkpoint("runs/sft", 1))/model.h5")
    #expect(arrays.array("model.embed_tokens.weight", in: "model")?.shape == [259, 32])
    #expect(arrays.attributes["chat_template"]?.string?.contains("<|im_start|>") == true)
    #expect(arrays.attributes["config"]?.string?.contains("258") == true)
  }

  @Test func badDataHasItsCode() throws {
    try tiny.write("{\"prompt\": \"a\", \"chosen\": \"b\"}\n", to: "bad.jsonl")
    #expect(try tiny.train("dpo", "dpo.json", "data.train=bad.jsonl", code: 4).contains("rejected"))
    try tiny.write("[{\"prompt\": \"a\",\n \"completion\": ]", to: "bad.json")
    #expect(try tiny.train("sft", "sft.json", "data.train=bad.json", code: 4).contains("bad.json:2"))
    try tiny.write("", to: "empty.jsonl")
    #expect(try tiny.train("sft", "sft.json", "data.train=empty.jsonl", code: 4).contains("empty"))
    #expect(try tiny.train("sft", "sft.json", "data.template=nonsense", code: 3).contains("chat template"))
    try tiny.train(
      "pretrain", "tiny.json", "run=runs/other", "model.vocab_size=300", "training.max_steps=1")
    let log = try tiny.train("dpo", "dpo.json", "objective.reference=runs/other", code: 5)
    #expect(log.contains("another vocabulary"), "\(log)")
  }
}
