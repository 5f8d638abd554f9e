import Files
import Foundation

/// The checkpoints of a run folder: `step-000400/` and so on, each whole or not there, with the links `latest` and `best`.
///
/// A step is written into `.tmp-step-000400.PID`, verified, synchronised, and renamed; an old one is renamed away before
/// it is deleted. So whenever the process stops, every `step-*` folder is complete, and the truth is the largest step
/// whose manifest verifies.
package struct CheckpointStore: Sendable {
  package let run: String

  package init(run: String) { self.run = run }

  private func path(_ name: String) -> String { "\(run)/\(name)" }

  /// `step-000400`.
  package static func folderName(step: Int) -> String {
    let digits = String(step)
    return "step-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }

  // MARK: Saving

  /// Saves `files` as the checkpoint of `step` and points `latest` to it. `extra` goes into the manifest.
  ///
  /// After a failure, which is `.resources`, earlier checkpoints are as they were and the next save may succeed.
  @discardableResult
  package func save(
    step: Int, files: [(name: String, contents: ArrayFileContents)], extra: [JSONMember] = []
  ) throws(Failure) -> String {
    let name = Self.folderName(step: step)
    let temporary = path(".tmp-\(name).\(getpid())")
    try Folder.remove(temporary)
    do throws(Failure) {
      try Folder.create(temporary)
      for file in files { try file.contents.write(to: "\(temporary)/\(file.name)") }
      try Checkpoint.writeManifest(in: temporary, step: step, files: files, extra: extra)
      try publish(temporary, as: name)
    } catch {
      try? Folder.remove(temporary)
      throw error
    }
    try Folder.link(path("latest"), to: name)
    return path(name)
  }

  private func publish(_ temporary: String, as name: String) throws(Failure) {
    try Folder.synchronize(temporary)
    let earlier = Folder.exists(path(name)) ? try moveAway(name) : nil
    do throws(Failure) {
      try Folder.rename(temporary, to: path(name))
    } catch {
      if let earlier { try Folder.rename(earlier, to: path(name)) }
      throw error
    }
    try Folder.synchronize(run)
    if let earlier { try Folder.remove(earlier) }
  }

  /// Points `best` to the checkpoint of `step`.
  package func markBest(step: Int) throws(Failure) {
    try Folder.link(path("best"), to: Self.folderName(step: step))
  }

  /// The step that `best` points to.
  package var bestStep: Int? { Folder.target(ofLink: path("best")).flatMap(Self.step(of:)) }

  // MARK: Finding

  /// The steps that have a folder, ascending.
  package func steps() throws(Failure) -> [Int] {
    try Folder.names(in: run, area: .checkpoint).compactMap(Self.step(of:)).sorted()
  }

  private static func step(of name: String) -> Int? {
    guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)), folderName(step: step) == name else { return nil }
    return step
  }

  /// The checkpoint with the largest step that verifies, and why larger ones do not.
  ///
  /// `files` limits the verification to those a caller needs. Throws when the run folder cannot be read.
  package func newestValid(files: [String]? = nil) throws(Failure) -> (checkpoint: Checkpoint?, skipped: [Failure]) {
    var skipped: [Failure] = []
    for step in try steps().reversed() {
      do throws(Failure) {
        let checkpoint = try Checkpoint(verifying: path(Self.folderName(step: step)), files: files)
        guard checkpoint.step == step else {
          throw Failure(.checkpoint, "the manifest is that of step \(checkpoint.step)", at: checkpoint.folder)
        }
        return (checkpoint, skipped)
      } catch {
        skipped.append(error)
      }
    }
    return (nil, skipped)
  }

  // MARK: Cleaning up

  /// Deletes all but the newest `keepLast` checkpoints and, with `keepBest`, the one `best` points to. Those after `last`
  /// do not count and stay: they are broken, or the run would have resumed from them.
  package func prune(keepLast: Int, keepBest: Bool, upTo last: Int = .max) throws(Failure) {
    precondition(keepLast > 0, "\(keepLast) checkpoints cannot be kept")
    let best = keepBest ? bestStep : nil
    for step in try steps().filter({ $0 <= last }).dropLast(keepLast) where step != best {
      try discard(Self.folderName(step: step))
    }
  }

  /// Renames a step folder away first, so that no `step-*` is ever half deleted.
  private func discard(_ name: String) throws(Failure) {
    try Folder.remove(try moveAway(name))
  }

  private func moveAway(_ name: String) throws(Failure) -> String {
    let trash = path(".trash-\(name).\(getpid())")
    try Folder.remove(trash)
    try Folder.rename(path(name), to: trash)
    return trash
  }

  /// Deletes what a process that was stopped left behind. The lock guarantees that it no longer runs.
  package func reap(under lock: RunLock) throws(Failure) {
    for name in try Folder.names(in: run, area: .checkpoint) {
      let isLeftover =
        name.hasPrefix(".tmp-") || name.hasPrefix(".trash-") || (name.hasPrefix(".") && name.hasSuffix(".tmp"))
      if isLeftover { try Folder.remove(path(name)) }
    }
  }
}
