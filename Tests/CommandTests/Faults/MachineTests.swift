import Files
import Foundation
import Runs
import Support
import Testing

/// What a run and its commands do where the machine does not play along.
@Suite(.serialized) struct MachineTests {
  /// A signal in the middle of an evaluation: what was learnt is saved at once, and the evaluation is made up for.
  @Test func aLongEvaluationIsLeftAtOnce() throws {
    let tiny = try TinyRun()
    try tiny.write(String(repeating: "the quick brown fox jumps over the lazy dog. ", count: 12_000), to: "long.txt")
    let arguments = [
      "pretrain", "tiny.json", "data.validation=long.txt", "~data.validation_fraction", "evaluation.batches=100000",
      "evaluation.every=2", "training.max_steps=3",
    ]
    let whole = try Binary.run(arguments + ["run=runs/whole"], in: tiny.folder)
    #expect(whole.code == 0, "\(whole.log)")
    let running = try Binary.started(arguments, in: tiny.folder)
    #expect(tiny.wait { tiny.loggedSteps("runs/tiny") == 2 })
    usleep(200_000)
    let start = ContinuousClock.now
    kill(running.process.processIdentifier, SIGTERM)
    running.process.waitUntilExit()
    #expect(ContinuousClock.now - start < .seconds(3))
    let stopped = try running.outcome()
    #expect(stopped.code == 143, "\(stopped.log)")
    #expect(try tiny.steps("runs/tiny") == [1, 2])
    try tiny.train("resume", "runs/tiny")
    #expect(try tiny.metrics("runs/tiny") == tiny.metrics("runs/whole"))
    #expect(try tiny.contents("runs/tiny", step: 3).differences(tiny.contents("runs/whole", step: 3)) == [])
    #expect(Folder.target(ofLink: tiny.path("runs/tiny/best")) == Folder.target(ofLink: tiny.path("runs/whole/best")))
  }

  @Test func aFolderThatIsMovedAwayIsNotMadeAgain() throws {
    let tiny = try TinyRun()
    let running = try tiny.started(
      "pretrain", "tiny.json", "training.max_steps=3000", "checkpoint.every=50", "evaluation.every=100000")
    #expect(tiny.wait { tiny.loggedSteps("runs/tiny") >= 20 })
    #expect(rename(tiny.path("runs/tiny"), tiny.path("runs/moved")) == 0)
    running.process.waitUntilExit()
    let outcome = try running.outcome()
    #expect(outcome.code == 6, "\(outcome.log)")
    #expect(outcome.log.contains("the run folder is no longer where it was"))
    #expect(!Folder.exists(tiny.path("runs/tiny")))
    try tiny.train("resume", "runs/moved", "training.max_steps=60")
  }

  @Test func weightsThatAreNotFiniteAreNotSaved() throws {
    let tiny = try TinyRun()
    let log = try tiny.train(
      "pretrain", "tiny.json", "optimizer.learning_rate=1e39", "schedule={\"name\":\"constant\"}",
      "training.max_steps=1", "evaluation.every=5", "~data.validation_fraction", "evaluation.prompts=[]", code: 7)
    #expect(log.contains("error[numerics]: the update made parameter "))
    #expect(try tiny.steps("runs/tiny") == [])
  }

  @Test func resultsThatCannotBeWrittenAreAnError() throws {
    for arguments in ["help", "version", "recipes", "schema-of-nothing"] {
      let code = try Shell.run("exec \"$0\" \"$1\" > /dev/full 2> /dev/null", [Binary.url.path, arguments])
      #expect(code == (arguments == "schema-of-nothing" ? 2 : 6), "\(arguments)")
    }
  }

  @Test func aLinkInThePlaceOfTheLockIsNotFollowed() throws {
    let tiny = try TinyRun()
    try FileManager.default.createDirectory(atPath: tiny.path("runs/tiny"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: tiny.path("runs/tiny/.lock"), withDestinationPath: tiny.path("victim"))
    try tiny.train("pretrain", "tiny.json", code: 6)
    #expect(!FileManager.default.fileExists(atPath: tiny.path("victim")))
  }

  @Test func aPatternOfManyAlternativesIsRefused() throws {
    let tiny = try TinyRun()
    let braces = String(repeating: "{a,b}", count: 22)
    let log = try tiny.train("pretrain", "tiny.json", "data.train=\(braces)", code: 4)
    #expect(log.contains("the pattern has too many alternatives"))
    try tiny.train("pretrain", "tiny.json", "data.train={te,tu}{xt,xa}.txt", "training.max_steps=1")
  }

  @Test func namesThatAreNotTextAreSaidToBeNone() throws {
    let tiny = try TinyRun()
    let name = Array(tiny.path("").utf8) + [0x62, 0xFF, 0x2E, 0x74, 0x78, 0x74, 0]
    _ = name.withUnsafeBytes { bytes in
      close(open(bytes.baseAddress!.assumingMemoryBound(to: CChar.self), O_WRONLY | O_CREAT, 0o644))
    }
    let log = try tiny.train("pretrain", "tiny.json", "data.train=*.txt", code: 4)
    #expect(log.contains("a file's name is not UTF-8"))
  }

  @Test func terminalsSeeControlCharacters() {
    #expect("a\u{1B}[31mb\u{7}\r\u{9B}é\n\t".withVisibleControls == "a^[[31mb^G^M\\u{9B}é\n\t")
  }

  @Test func rowsNeedTwoTokens() throws {
    let tiny = try TinyRun()
    try tiny.write("{\"prompt\":\"a\",\"completion\":\"b\"}\n", to: "rows.jsonl")
    let log = try tiny.train(
      "sft", "tiny.json", "task=sft", "~objective", "data.train=rows.jsonl", "~data.validation_fraction",
      "data.sequence_length=1", code: 3)
    #expect(log.contains("sequence_length must be at least 2"))
  }
}
