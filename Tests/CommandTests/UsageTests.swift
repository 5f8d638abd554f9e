import Foundation
import Support
import Testing

@Suite struct UsageTests {
  @Test(arguments: [["--help"], ["help"], []]) func helpListsTheCommands(_ arguments: [String]) throws {
    let outcome = try Binary.run(arguments)
    #expect(outcome.code == 0)
    #expect(outcome.log == "")
    for name in ["validate", "recipes", "doctor", "inspect"] { #expect(outcome.results.contains("  \(name) ")) }
  }

  @Test(arguments: [["validate", "--help"], ["help", "validate"], ["validate", "-h", "x"]])
  func everyCommandExplainsItself(_ arguments: [String]) throws {
    let outcome = try Binary.run(arguments)
    #expect(outcome.code == 0)
    #expect(outcome.results.hasPrefix("  train validate mine.json\n"), "an example comes first")
    #expect(outcome.results.contains("\nusage: train validate RECIPE"))
    #expect(outcome.results.contains("--json"))
  }

  @Test(arguments: [
    (["valdate"], "unknown command \"valdate\"", "did you mean \"validate\"?"),
    (["validate", "--jsn", "x"], "unknown option \"--jsn\"", "did you mean \"--json\"?"),
    (["validate", "--json=1", "x"], "--json takes no value", "usage: train validate"),
    (["validate"], "RECIPE is missing", "usage: train validate"),
    (["version", "now"], "unexpected argument \"now\"", "usage: train version"),
    (["validate", "a", "b"], "unexpected argument \"b\"", "usage: train validate"),
    (["help", "nothing"], "unknown command", "`train help`"),
  ])
  func aMistakeIsAUsageError(_ arguments: [String], _ what: String, _ note: String) throws {
    let outcome = try Binary.run(arguments)
    #expect(outcome.code == 2)
    #expect(outcome.results == "")
    #expect(outcome.log.hasPrefix("error[usage]: \(what)"), "\(outcome.log)")
    #expect(outcome.log.contains("  = \(note)"), "\(outcome.log)")
  }

  @Test func helpOfRecipesNamesEveryKeyOfTheContract() throws {
    let help = try Binary.run(["help", "recipe"]).results
    let keys = [
      "task", "run", "seed", "threads", "model.architecture", "model.hidden_size", "model.n_embd", "model.from",
      "tokenizer.train.vocab_size", "tokenizer.from", "data.train", "data.validation_fraction", "data.sequence_length",
      "data.packing", "data.document_mask", "data.on_overflow", "data.shuffle", "objective.name", "optimizer.betas",
      "optimizer.max_grad_norm", "schedule.warmup_steps", "schedule.warmup_ratio", "schedule.min_learning_rate",
      "training.batch_size",
      "training.micro_batch_size", "training.max_steps", "training.epochs", "training.tokens", "evaluation.every",
      "training.early_stopping.patience", "training.early_stopping.min_delta", "evaluation.at_start",
      "evaluation.batches", "evaluation.prompts", "evaluation.suites", "checkpoint.keep_last", "checkpoint.keep_best",
      "logging.report",
    ]
    let lines = Set(help.split(separator: "\n").map(String.init))
    for key in keys { #expect(lines.contains(key), "\(key)") }
  }

  @Test func oneStoryIsNoneOfSeveral() throws {
    let folder = try ScratchFolder()
    let story = "There was a girl named Mia. Mia had a kite."
    try folder.write(story, to: "one.txt")
    try folder.write("\(story)\n<|endoftext|>\n\(story)\n<|endoftext|>\n", to: "two.txt")
    #expect(try Binary.run(["stories", "one.txt"], in: folder).results.contains("\n1 story, "))
    #expect(try Binary.run(["stories", "two.txt"], in: folder).results.contains("\n2 stories, "))
    for arguments in [["--count", "1", "--json"], ["one.txt", "--seed", "3"]] {
      let outcome = try Binary.run(["stories"] + arguments, in: folder)
      #expect(outcome.code == 2 && outcome.results.isEmpty, "\(outcome)")
    }
  }

  @Test func aFileBesideAModelIsToldItsOption() throws {
    let folder = try ScratchFolder()
    try folder.write("text", to: "my text.txt")
    let outcome = try Binary.run(["eval", "model", "my text.txt"], in: folder)
    #expect(outcome.code == 2 && outcome.log.contains("an option: --data 'my text.txt'"), "\(outcome.log)")
  }

  @Test func aReaderThatLeavesIsNotAnError() throws {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "{ \(Binary.url.path) help recipe; echo $? >&2; } | head -1"]
    let log = Pipe()
    (process.standardOutput, process.standardError) = (FileHandle.nullDevice, log)
    try process.run()
    #expect(String(decoding: log.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) == "0\n")
  }

  /// A stream that the parent has closed must not become the file that is opened next.
  @Test func closedStreamsAreNotAnError() throws {
    let folder = try ScratchFolder()
    #expect(try Shell.run("\"$0\" recipes copy tiny copy.json <&- >&- 2>&-", [Binary.url.path], in: folder) == 0)
    #expect(try Data(contentsOf: folder.url("copy.json")).starts(with: Data("// ".utf8)))
  }
}
