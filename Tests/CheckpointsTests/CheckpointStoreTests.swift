import Checkpoints
import Files
import Foundation
import Support
import Testing

private func files(step: Int) -> [(name: String, contents: ArrayFileContents)] {
  let moments = [NamedArray("w", shape: [40], values: noise(40, seed: UInt64(step)))]
  return [
    ("model.h5", sampleContents(step: step)),
    ("training.h5", ArrayFileContents(attributes: ["step": .integer(step)], groups: [ArrayGroup("mean", moments)])),
  ]
}

/// Changes one bit of a file.
func flip(_ path: String, byte: Int, bit: Int = 0) throws {
  var bytes = try ReadableFile.contents(of: path, area: .data)
  bytes[byte] ^= 1 << UInt8(bit)
  try Data(bytes).write(to: URL(fileURLWithPath: path))
}

struct CheckpointStoreTests {
  @Test func folderNamesSortByStep() {
    #expect(CheckpointStore.folderName(step: 400) == "step-000400")
    #expect(CheckpointStore.folderName(step: 12_345_678) == "step-12345678")
  }

  @Test func aSavedStepIsCompleteAndVerified() throws {
    try withScratchFolder(inMemory: true) { run in
      let store = CheckpointStore(run: run)
      let extra = [JSONMember("core_type", "SkylakeX")]
      let folder = try store.save(step: 400, files: files(step: 400), extra: extra)
      #expect(folder == "\(run)/step-000400")
      #expect(try Folder.names(in: run, area: .data) == ["step-000400"])
      #expect(try Folder.names(in: folder, area: .data) == ["manifest.json", "model.h5", "training.h5"])
      try store.link(latest: 400, best: nil)
      #expect(Folder.target(ofLink: "\(run)/latest") == "step-000400")
      let checkpoint = try #require(try store.newestValid().checkpoint)
      #expect(checkpoint.step == 400)
      #expect(checkpoint.manifest["core_type"] == "SkylakeX")
      let model = checkpoint.manifest["files"]?["model.h5"]
      #expect(model?["tensor_count"] == 5)
      #expect(model?["tensors"]?["/model/model.embed_tokens.weight"] == [301, 700])
      #expect(try ArrayFile(checkpoint.path(of: "training.h5")).attributes["step"]?.integer == 400)
    }
  }

  @Test func theSameStepIsReplaced() throws {
    try withScratchFolder(inMemory: true) { run in
      let store = CheckpointStore(run: run)
      try store.save(step: 1, files: files(step: 1), extra: [JSONMember("round", 1)])
      try store.save(step: 1, files: files(step: 1), extra: [JSONMember("round", 2)])
      #expect(try store.newestValid().checkpoint?.manifest["round"] == 2)
      #expect(try Folder.names(in: run, area: .data) == ["step-000001"])
    }
  }

  /// What another machine has renamed may be seen late, or never.
  @Test func aCheckpointIsWaitedFor() throws {
    try withScratchFolder(inMemory: true) { run in
      let store = CheckpointStore(run: run)
      let folder = try store.save(step: 2, files: files(step: 2), extra: [])
      let hidden = "\(run)/not-yet"
      #expect(rename(folder, hidden) == 0)
      let early = #expect(throws: Failure.self) { try store.awaited(step: 2, seconds: 0) }
      #expect(early?.notes.last?.contains("on a file system that they share") == true)
      let other = Thread {
        usleep(250_000)
        rename(hidden, folder)
      }
      other.start()
      #expect(try store.awaited(step: 2).step == 2)
    }
  }

  @Test func theNewestValidStepWins() throws {
    let faults: [(name: String, words: String, make: (String) throws -> Void)] = [
      ("no manifest", "No such file", { try Folder.remove("\($0)/manifest.json") }),
      ("empty manifest", "empty", { try DurableFile.write("", to: "\($0)/manifest.json") }),
      ("flipped manifest", "manifest", { try flip("\($0)/manifest.json", byte: 200) }),
      ("no model", "No such file", { try Folder.remove("\($0)/model.h5") }),
      ("short model", "incomplete", { truncate("\($0)/model.h5", 5000) }),
      ("flipped model", "damaged", { try flip("\($0)/model.h5", byte: 300_000) }),
      ("flipped training state", "damaged", { try flip("\($0)/training.h5", byte: 999) }),
      (
        "another step's folder", "of step 2",
        {
          try Folder.remove($0)
          try FileManager.default.copyItem(atPath: "\(Folder.parent(of: $0))/step-000002", toPath: $0)
        }
      ),
    ]
    try withScratchFolder(inMemory: true) { run in
      let store = CheckpointStore(run: run)
      for step in [1, 2] { try store.save(step: step, files: files(step: step)) }
      for fault in faults {
        try store.save(step: 30, files: files(step: 30))
        try fault.make("\(run)/step-000030")
        let (checkpoint, skipped) = try store.newestValid()
        #expect(checkpoint?.step == 2, "\(fault.name)")
        #expect(skipped.count == 1 && skipped[0].area == .checkpoint, "\(fault.name)")
        #expect(skipped.first?.description.contains(fault.words) == true, "\(fault.name): \(skipped)")
        try Folder.remove("\(run)/step-000030")
      }
    }
  }

  @Test func linksAreNotTrusted() throws {
    try withScratchFolder(inMemory: true) { run in
      let store = CheckpointStore(run: run)
      try store.save(step: 5, files: files(step: 5))
      for target in ["step-000099", "/etc", "..", "latest"] {
        try Folder.link("\(run)/latest", to: target)
        #expect(try CheckpointLocation(run).checkpoint?.step == 5)
      }
    }
  }

  @Test func modelsAreFoundByRunStepAndFile() throws {
    try withScratchFolder(inMemory: true) { run in
      #expect(refusal { _ = try CheckpointLocation(run) }?.what == "the folder holds no checkpoint")
      let store = CheckpointStore(run: run)
      try store.save(step: 5, files: files(step: 5))
      try store.save(step: 6, files: files(step: 6))
      try store.link(latest: 6, best: nil)
      #expect(try CheckpointLocation("\(run)/step-000005").checkpoint?.step == 5)
      #expect(try CheckpointLocation("\(run)/latest").checkpoint?.step == 6)
      #expect(try CheckpointLocation("\(run)/step-000005/model.h5").checkpoint == nil)
      try flip("\(run)/step-000006/model.h5", byte: 300_000)
      let location = try CheckpointLocation(run)
      #expect(location.checkpoint?.step == 5)
      #expect(location.skipped.count == 1)
      // Where no other checkpoint could take its place, the damage is met when it is read.
      let damaged = try CheckpointLocation("\(run)/step-000006").open()
      let failure = refusal {
        _ = try damaged.read(damaged.array("model.embed_tokens.weight", in: "model")!, as: Float.self)
      }
      #expect(failure?.exitCode == 5 && failure?.what.contains("does not have its checksum") == true)
      #expect(refusal { _ = try CheckpointLocation("\(run)/missing") }?.exitCode == 5)
    }
  }

  /// Opening a model compares sizes and checksums; digests are compared on demand.
  @Test func digestsAreComparedOnDemand() throws {
    try withScratchFolder(inMemory: true) { run in
      let store = CheckpointStore(run: run)
      for step in [5, 6] { try store.save(step: step, files: files(step: step)) }
      let whole = try CheckpointVerification(run).files
      let names = ["manifest.json", "model.h5", "training.h5"]
      #expect(whole.map(\.path) == [5, 6].flatMap { step in names.map { "\(run)/step-00000\(step)/\($0)" } })
      #expect(whole[1].checks == ["size", "SHA-256", "attributes", "Fletcher-32 of 5 arrays"])
      #expect(try CheckpointVerification("\(run)/step-000005/model.h5").files.count == 1)

      try flip("\(run)/step-000006/training.h5", byte: 999)
      #expect(try CheckpointLocation(run).checkpoint?.step == 6)
      for path in [run, "\(run)/step-000006"] {
        let refusal = try #require(refusal { _ = try CheckpointVerification(path) })
        #expect(refusal.exitCode == 5 && refusal.description.contains("step-000006/training.h5"), "\(refusal)")
      }
      try flip("\(run)/step-000005/model.h5", byte: 300_000)
      let both = try #require(refusal { _ = try CheckpointVerification(run) })
      #expect(both.what == "2 of 2 checkpoints are not as they were written" && both.others.count == 2)

      var bytes = try ReadableFile.contents(of: "\(run)/step-000006/model.h5", area: .data)
      bytes.append(0)
      try Data(bytes).write(to: URL(filePath: "\(run)/step-000006/model.h5"))
      let longer = try #require(refusal { _ = try CheckpointLocation("\(run)/step-000006") })
      #expect(longer.exitCode == 5 && longer.what == "the file is incomplete", "\(longer)")
    }
  }

  @Test func pruningKeepsTheLastAndTheBest() throws {
    try withScratchFolder(inMemory: true) { run in
      let store = CheckpointStore(run: run)
      for step in 1...6 { try store.save(step: step, files: files(step: step)) }
      try store.link(latest: 6, best: 2)
      try store.prune(keepLast: 2, keeping: [2])
      #expect(try store.steps() == [2, 5, 6])
      #expect(try store.bestStep() == 2)
      try store.link(latest: 6, best: nil)
      try store.prune(keepLast: 1)
      #expect(try store.steps() == [6])
      #expect(try Folder.names(in: run, area: .data) == ["latest", "step-000006"])
    }
  }

  @Test func theBestIsTheOneWithTheLowestLoss() throws {
    try withScratchFolder(inMemory: true) { run in
      let store = CheckpointStore(run: run)
      for (step, loss) in [(1, 3.0), (2, nil), (3, 2.0), (4, 2.0), (5, 2.5)] {
        let extra = loss.map { [JSONMember(CheckpointStore.lossKey, JSONValue($0))] } ?? []
        try store.save(step: step, files: files(step: step), extra: extra)
      }
      #expect(try store.best(upTo: 5)?.step == 3)
      #expect(try store.best(upTo: 2)?.step == 1)
      #expect(try store.best(upTo: 0) == nil)
      try Folder.remove("\(run)/step-000003")
      #expect(try store.best(upTo: 5)?.step == 4)
      try Folder.link("\(run)/best", to: "step-000003")
      #expect(try store.bestStep() == nil, "a link to nothing")
    }
  }

  /// `cp -rL` makes folders of the links.
  @Test func copiesOfLinkedCheckpointsMakeRoomForLinks() throws {
    try withScratchFolder(inMemory: true) { run in
      let store = CheckpointStore(run: run)
      for step in [1, 2] { try store.save(step: step, files: files(step: step)) }
      try FileManager.default.copyItem(atPath: "\(run)/step-000002", toPath: "\(run)/latest")
      try FileManager.default.moveItem(atPath: "\(run)/step-000001", toPath: "\(run)/best")
      #expect(try store.bestStep() == 1)
      try store.link(latest: 2, best: 1)
      #expect(try Folder.names(in: run, area: .data) == ["best", "latest", "step-000001", "step-000002"])
      #expect(["latest", "best"].map { Folder.target(ofLink: "\(run)/\($0)") } == ["step-000002", "step-000001"])
      #expect(try CheckpointLocation("\(run)/best").checkpoint?.step == 1)
      // A folder of somebody else is not touched.
      try Folder.remove("\(run)/latest")
      try Folder.create("\(run)/latest/mine")
      #expect(refusal { try store.link(latest: 2, best: nil) }?.place == "\(run)/latest")
      #expect(Folder.exists("\(run)/latest/mine"))
    }
  }

  /// Two broken ones come after the step that has just been saved: it must not make room for them.
  @Test func pruningDoesNotCountWhatComesLater() throws {
    try withScratchFolder(inMemory: true) { run in
      let store = CheckpointStore(run: run)
      for step in [1, 2, 5, 6] { try store.save(step: step, files: files(step: step)) }
      try store.prune(keepLast: 1, upTo: 2)
      #expect(try store.steps() == [2, 5, 6])
    }
  }

  @Test func leftoversAreReapedUnderTheLock() throws {
    try withScratchFolder(inMemory: true) { run in
      let store = CheckpointStore(run: run)
      try store.save(step: 1, files: files(step: 1))
      for name in [".tmp-step-000002.77", ".trash-step-000000.77"] {
        try FileManager.default.copyItem(atPath: "\(run)/step-000001", toPath: "\(run)/\(name)")
      }
      symlink("nowhere", "\(run)/.latest.77.tmp")
      try DurableFile.write("kept", to: "\(run)/metrics.jsonl")
      #expect(try store.steps() == [1])
      try store.reap(under: RunLock(run: run))
      #expect(try Folder.names(in: run, area: .data) == [".lock", "metrics.jsonl", "step-000001"])
    }
  }

  @Test func aSecondProcessIsKeptOut() throws {
    try withScratchFolder(inMemory: true) { run in
      do {
        let lock = try RunLock(run: run)
        #expect(lock.warning == nil)
        let refusal = try #require(refusal { _ = try RunLock(run: run) })
        #expect(refusal.exitCode == 6)
        #expect(refusal.what.hasPrefix("the run folder is in use by process \(getpid()) since 20"))
        withExtendedLifetime(lock) {}
      }
      #expect(refusal { _ = try RunLock(run: run) } == nil)
    }
  }
}
