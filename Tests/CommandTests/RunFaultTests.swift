import Checkpoints
import Files
import Foundation
import Glibc
import Support
import Testing

/// What can be wrong with a run: exit code, first line, and that nothing is lost.
@Suite(.serialized) struct RunFaultTests {
  /// Faults of the data, before a step is taken.
  @Test(arguments: [
    ("missing.txt", "error[data]: no such file\n  --> missing.txt\n"),
    ("none/*.txt", "error[data]: no file matches"),
    ("empty.txt", "error[data]: the file is empty\n  --> empty.txt"),
    (
      "short.txt",
      "error[data]: the text is too short\n  --> short.txt\n  = 9 tokens are to be trained, and 33 are needed"
    ),
    ("outside.bin", "error[data]: token id 300 is outside the vocabulary\n  --> outside.bin, token 70\n"),
    ("truncated.bin", "error[data]: the shard's length is not what its header says\n  --> truncated.bin\n"),
    ("header.bin", "error[data]: the shard's header is cut off\n  --> header.bin\n"),
  ])
  func data(_ name: String, _ message: String) throws {
    let tiny = try TinyRun()
    try tiny.write("", to: "empty.txt")
    try tiny.write("too short", to: "short.txt")
    try tiny.write(shard((0..<200).map { $0 == 70 ? 300 : $0 }), to: "outside.bin")
    try tiny.write(Array(shard(Array(0..<200)).dropLast(2)), to: "truncated.bin")
    try tiny.write(Array(shard(Array(0..<200)).prefix(100)), to: "header.bin")
    let arguments = ["pretrain", "tiny.json", "data.train=\(name)", "~data.validation_fraction"]
    let outcome = try Binary.run(arguments, in: tiny.folder)
    #expect(outcome.code == 4, "\(outcome.log)")
    let error = outcome.log.split(separator: "\n", omittingEmptySubsequences: false)
      .drop { $0.hasPrefix("override: ") || !$0.hasPrefix("error") }.joined(separator: "\n")
    #expect(error.hasPrefix(message), "\(outcome.log)")
    #expect(!outcome.log.contains("Error Domain") && !outcome.log.contains("HDF5-DIAG"))
  }

  @Test func aRunIsNeverOverwritten() throws {
    let tiny = try TinyRun()
    try tiny.train("pretrain", "tiny.json", "training.max_steps=2")
    let before = try tiny.contents("runs/tiny", step: 2)
    let log = try tiny.train("pretrain", "tiny.json", code: 2)
    #expect(log.hasPrefix("error[usage]: the run folder is not empty\n  --> runs/tiny\n"))
    #expect(log.contains("train resume runs/tiny"))
    #expect(try tiny.contents("runs/tiny", step: 2) == before)
    try tiny.train("pretrain", "tiny.json", "training.max_steps=1", "--overwrite")
    #expect(try tiny.steps("runs/tiny") == [1])
  }

  @Test func aBrokenCheckpointIsPassedOver() throws {
    let tiny = try TinyRun()
    try tiny.train("pretrain", "tiny.json", "training.max_steps=4", "checkpoint.keep_last=3")
    let expected = try tiny.contents("runs/tiny", step: 4)
    try tiny.truncate("runs/tiny/step-000004/model.h5", to: 0.5)
    try tiny.truncate("runs/tiny/step-000003/training.h5", to: 0.9)
    let log = try tiny.train("resume", "runs/tiny")
    #expect(log.contains("error[checkpoint]: the file is incomplete\n  --> runs/tiny/step-000004/model.h5\n"))
    #expect(log.contains("runs/tiny/step-000003/training.h5"))
    #expect(log.contains("resuming after step 2\n"))
    #expect(try tiny.contents("runs/tiny", step: 4) == expected)
    for step in 2...4 { try tiny.truncate("runs/tiny/step-00000\(step)/model.h5", to: 0) }
    let metrics = try tiny.metrics("runs/tiny")
    let refusal = try tiny.train("resume", "runs/tiny", code: 5)
    #expect(refusal.hasPrefix("error[checkpoint]: no checkpoint of the run is valid\n  --> runs/tiny\n"))
    #expect(try tiny.metrics("runs/tiny") == metrics)
  }

  @Test func dataCutShortUnderARunCostsNoStep() throws {
    let tiny = try TinyRun()
    try tiny.write(shard((0..<40000).map { $0 % 251 }), to: "data.bin")
    let run = try tiny.started(
      "pretrain", "tiny.json", "data.train=data.bin", "~data.validation_fraction", "training.max_steps=100000",
      "checkpoint.every=100000")
    #expect(tiny.wait { tiny.loggedSteps("runs/tiny") >= 3 })
    #expect(Glibc.truncate(tiny.path("data.bin"), 1030) == 0)
    run.process.waitUntilExit()
    let outcome = try run.outcome()
    #expect(outcome.code == 4)
    #expect(outcome.log.contains("error[data]: "), "\(outcome.log)")
    let last = try tiny.metrics("runs/tiny").last?["step"]?.integer
    #expect(try tiny.steps("runs/tiny") == [last])
  }

  @Test func aRunWithoutItsRecipeIsNone() throws {
    let tiny = try TinyRun()
    #expect(try tiny.train("resume", "runs/tiny", code: 2).hasPrefix("error[usage]: no run is here\n  --> runs/tiny\n"))
    try tiny.train("pretrain", "tiny.json", "training.max_steps=1")
    try tiny.write("{ \"task\": ", to: "runs/tiny/resolved.json")
    #expect(try tiny.train("resume", "runs/tiny", code: 5).hasPrefix("error[checkpoint]: "))
    try FileManager.default.removeItem(atPath: tiny.path("runs/tiny/resolved.json"))
    #expect(try tiny.train("resume", "runs/tiny", code: 2).hasPrefix("error[usage]: no run is here\n"))
    #expect(try tiny.steps("runs/tiny") == [1])
  }

  @Test func changedDataIsNotTrainedOnUnasked() throws {
    let tiny = try TinyRun()
    try tiny.train("pretrain", "tiny.json")
    try tiny.copy("runs/tiny", as: "runs/half", upTo: 6)
    try tiny.write(TinyRun.text.replacingOccurrences(of: "foxes", with: "goats"), to: "text.txt")
    let metrics = try tiny.metrics("runs/half")
    let log = try tiny.train("resume", "runs/half", code: 4)
    #expect(log.contains("error[data]: the training data is not what the run started with\n  --> runs/half\n"))
    #expect(log.contains("--allow-changed-data"))
    #expect(try tiny.metrics("runs/half") == metrics)
    #expect(try tiny.steps("runs/half").last == 6)
    #expect(try tiny.train("resume", "runs/half", "--allow-changed-data").contains("the training data has changed"))
    #expect(try tiny.steps("runs/half").last == 12)
  }

  /// The built-in stories take seconds to write: a signal does not wait for the last of them.
  @Test func aStopEndsTheWritingOfTheStories() throws {
    let tiny = try TinyRun()
    let first = try tiny.started("pretrain", "tiny", "run=runs/tiny")
    let stories = tiny.path("data/stories")
    #expect(tiny.wait { FileManager.default.fileExists(atPath: stories) })
    kill(first.process.processIdentifier, SIGINT)
    first.process.waitUntilExit()
    #expect(try first.outcome().code == 130)
    #expect(try FileManager.default.contentsOfDirectory(atPath: stories).isEmpty)
  }

  @Test func oneProcessTrainsInAFolder() throws {
    let tiny = try TinyRun()
    let first = try tiny.started(
      "pretrain", "tiny.json", "training.max_steps=100000", "checkpoint.every=100000", "evaluation.every=100000")
    #expect(tiny.wait { tiny.loggedSteps("runs/tiny") > 0 })
    let log = try tiny.train("resume", "runs/tiny", code: 6)
    #expect(
      log.hasPrefix("error[resources]: the run folder is in use by process \(first.process.processIdentifier) since "))
    kill(first.process.processIdentifier, SIGKILL)
    first.process.waitUntilExit()
    #expect(try first.outcome().code == 128 + SIGKILL)
    let again = try tiny.train("resume", "runs/tiny", "training.max_steps=2")
    #expect(!again.contains("resuming"))
    #expect(try tiny.metrics("runs/tiny").compactMap { $0["step"]?.integer } == [1, 2, 2])
  }

  @Test func numbersThatAreNotFiniteStopTheRun() throws {
    let tiny = try TinyRun()
    let log = try tiny.train(
      "pretrain", "tiny.json", "optimizer.learning_rate=1e37", "schedule.name=constant", "schedule.warmup_steps=0",
      code: 7)
    #expect(log.contains("error[numerics]: the loss or its gradient is not finite\n  --> step 2\n"))
    #expect(log.contains("the gradient of \"model.embed_tokens.weight\" is not finite"))
    #expect(log.contains("no parameter was changed"))
    #expect(try tiny.steps("runs/tiny") == [1])
    #expect(try CheckpointStore(run: tiny.path("runs/tiny")).newestValid().checkpoint?.step == 1)
    let batch = try String(contentsOfFile: tiny.path("runs/tiny/failure-step-2.jsonl"), encoding: .utf8)
    #expect(batch.split(separator: "\n").count == 4)
    #expect(try tiny.metrics("runs/tiny").filter { $0["kind"]?.string == "train" }.count == 1)
  }

  /// The report of a run that fails says how far it has come, and does not load itself again for ever.
  @Test func aRunThatFailsBeforeItsFirstCheckpointHasAReport() throws {
    let tiny = try TinyRun()
    let log = try tiny.train(
      "pretrain", "tiny.json", "optimizer.learning_rate=1e37", "schedule.name=constant", "schedule.warmup_steps=0",
      "checkpoint.every=9", "logging.report=true", code: 7)
    #expect(log.contains("there is no checkpoint before it: `train resume runs/tiny KEY=VALUE` begins again"), "\(log)")
    let page = try String(contentsOfFile: tiny.path("runs/tiny/report.html"), encoding: .utf8)
    #expect(page.contains("stopped at step 1 of 12: step 2 failed") && !page.contains("http-equiv=\"refresh\""))
  }

  /// The disk takes some checkpoints and then no more; with room again, the run resumes as if nothing had happened.
  @Test(.needsSmallDisk) func aFullDiskCostsOnlyTheCheckpointsThatDoNotFit() throws {
    let tiny = try TinyRun()
    try tiny.train("pretrain", "tiny.json", "run=runs/whole", "checkpoint.every=2", "evaluation.every=6")
    let disk = tiny.path("runs/disk")
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    try SmallDisk.mounted(on: disk, bytes: 2 << 20) { disk in
      let log = try tiny.train(
        "pretrain", "tiny.json", "run=runs/disk/run", "checkpoint.every=2", "evaluation.every=6", code: 6)
      #expect(log.contains("could not be written; training goes on"))
      #expect(log.contains("No space left on device"))
      let last = try #require(try CheckpointStore(run: "\(disk.path)/run").newestValid().checkpoint?.step)
      #expect(try tiny.steps("runs/disk/run") == Array(stride(from: 2, through: last, by: 2)))
      #expect(last < 12)
      let names = try FileManager.default.contentsOfDirectory(atPath: "\(disk.path)/run")
      #expect(names.allSatisfy { !$0.hasPrefix(".tmp") })
      try disk.resize(to: 16 << 20)
      #expect(try tiny.train("resume", "runs/disk/run").contains("resuming after step \(last)\n"))
      let whole = try tiny.contents("runs/whole", step: 12)
      #expect(try tiny.contents("runs/disk/run", step: 12).differences(whole) == [])
      #expect(try tiny.metrics("runs/disk/run") == tiny.metrics("runs/whole"))
    }
  }

  @Test func memoryThatRunsOutEndsTheProcessAtOnce() throws {
    let tiny = try TinyRun()
    let arguments = ["pretrain", "tiny.json", "model.hidden_size=2048", "model.intermediate_size=8192"]
    let outcome = try Binary.run(arguments, in: tiny.folder, addressSpace: 600_000)
    #expect(outcome.code == 6, "\(outcome.log)")
    let error = /error\[resources\]: out of memory: [0-9]+ more bytes were needed\n/
    #expect(outcome.log.firstMatch(of: error)?.range.upperBound == outcome.log.endIndex, "\(outcome.log)")
  }

  /// An llm.c shard of version 1.
  private func shard(_ tokens: [Int]) -> [UInt8] {
    let header = [20_240_520, 1, Int32(tokens.count)] + [Int32](repeating: 0, count: 253)
    return header.flatMap { value in withUnsafeBytes(of: value.littleEndian, Array.init) }
      + tokens.flatMap { value in withUnsafeBytes(of: UInt16(value).littleEndian, Array.init) }
  }
}
