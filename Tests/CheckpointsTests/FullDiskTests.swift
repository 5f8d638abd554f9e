import Checkpoints
import Files
import Foundation
import Testing

/// Runs `body` with the path of a new file system of `size` bytes; false when this process may not mount one.
private func withSmallDisk(_ size: Int, _ body: (String) throws -> Void) throws -> Bool {
  var isMounted = false
  try withTemporaryFolder { folder in
    guard mount("none", folder, "tmpfs", 0, "size=\(size)") == 0 else { return }
    isMounted = true
    defer { umount(folder) }
    try body(folder)
  }
  return isMounted
}

private func openDescriptors() throws -> Int { try Folder.names(in: "/proc/self/fd", area: .data).count }

@Suite(.serialized) struct FullDiskTests {
  private var files: [(name: String, contents: ArrayFileContents)] { [("model.h5", sampleContents())] }

  /// The disk fills up at a different place in each round, from the first byte of a checkpoint to its last.
  @Test func aFullDiskLosesNothingAndTheProcessGoesOn() throws {
    let isRun = try withSmallDisk(4 << 20) { run in
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
    if !isRun { print("skipped: a small disk can only be mounted by root") }
  }

  private func fill(_ filler: String, leaving room: Int, in run: String) throws {
    var status = statvfs()
    #expect(statvfs(run, &status) == 0)
    let free = Int(status.f_bavail) * Int(status.f_bsize)
    try Data(repeating: 1, count: max(0, free - room)).write(to: URL(fileURLWithPath: filler))
  }
}
