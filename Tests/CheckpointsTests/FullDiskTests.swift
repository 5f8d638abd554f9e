import Checkpoints
import Files
import Foundation
import Support
import Testing

private func openDescriptors() throws -> Int { try Folder.names(in: "/proc/self/fd", area: .data).count }

@Suite(.serialized, .needsSmallDisk) struct FullDiskTests {
  private var files: [(name: String, contents: ArrayFileContents)] { [("model.h5", sampleContents())] }

  /// The disk fills up at a different place in each round, from the first byte of a checkpoint to its last.
  @Test func aFullDiskLosesNothingAndTheProcessContinues() throws {
    try withSmallDisk { run in
      let store = CheckpointStore(run: run)
      try store.save(step: 1, files: files)
      let filler = "\(run)/filler"
      var failed = 0
      for room in stride(from: 0, through: 1100, by: 20) {
        try fill(filler, leaving: room << 10, in: run)
        if let refusal = refusal({ try store.save(step: 2, files: files) }) {
          #expect(refusal.exitCode == 6, "\(refusal)")
          #expect(refusal.description.contains("No space left"), "\(refusal)")
          #expect(try store.newestValid().checkpoint?.step == 1)
          failed += 1
        }
        #expect(try Folder.names(in: run, area: .data).filter { $0.hasPrefix(".") } == [])
        try Folder.remove(filler)
        try Folder.remove("\(run)/step-000002")
      }
      #expect(failed > 30)
      try store.save(step: 3, files: files)
      #expect(try store.newestValid().checkpoint?.step == 3)
    }
  }

  private func withSmallDisk(_ body: (String) throws -> Void) throws {
    try withScratchFolder { folder in
      try SmallDisk.mounted(on: folder, bytes: 4 << 20) { try body($0.path) }
    }
  }

  private func fill(_ filler: String, leaving room: Int, in run: String) throws {
    var status = statvfs()
    #expect(statvfs(run, &status) == 0)
    let free = Int(status.f_bavail) * Int(status.f_bsize)
    try Data(repeating: 1, count: max(0, free - room)).write(to: URL(fileURLWithPath: filler))
  }
}
