import Files

/// Compares checkpoints with everything that was recorded about them when they were written.
package struct CheckpointVerification: Sendable {
  /// The files, and what about each of them is as it was written.
  package private(set) var files: [(path: String, checks: [String])] = []

  /// Verifies what is at `path`: every checkpoint of a run, a step folder, or a file on its own.
  ///
  /// - Throws: `.checkpoint` naming every checkpoint that is not as it was written.
  package init(_ path: String) throws(Failure) {
    let names = Folder.exists(path) ? try Folder.names(in: path, area: .checkpoint) : []
    if !Folder.exists(path) {
      try verify(file: path)
    } else if names.contains(Checkpoint.manifestName) {
      try verify(step: path)
    } else if let name = CheckpointLocation.name(among: names) {
      try verify(file: "\(path)/\(name)")
    } else {
      try verify(run: path)
    }
  }

  private mutating func verify(run path: String) throws(Failure) {
    var failures: [Failure] = []
    let steps = try CheckpointStore(run: path).steps()
    for step in steps {
      do throws(Failure) {
        try verify(step: "\(path)/\(CheckpointStore.folderName(step: step))")
      } catch {
        failures.append(error)
      }
    }
    if steps.isEmpty { throw Failure(.checkpoint, "the folder holds no checkpoint", at: path) }
    guard let first = failures.first else { return }
    if failures.count == 1 { throw first }
    throw Failure(
      .checkpoint, "\(failures.count) of \(steps.count) checkpoints are not as they were written", at: path,
      others: failures)
  }

  private mutating func verify(step folder: String) throws(Failure) {
    let checkpoint = try Checkpoint(verifying: folder)
    files.append((checkpoint.path(of: Checkpoint.manifestName), ["SHA-256"]))
    for entry in checkpoint.manifest["files"]?.object ?? [] {
      try verify(file: checkpoint.path(of: entry.key), recorded: ["size", "SHA-256"])
    }
  }

  private mutating func verify(file path: String, recorded: [String] = []) throws(Failure) {
    let file = try ForeignFileProbe.open(path)
    try file.verify()
    files.append((path, recorded + ["attributes", "Fletcher-32 of \(file.arrays.count) arrays"]))
  }
}
