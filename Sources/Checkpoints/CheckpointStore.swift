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

  /// Saves `files` as the checkpoint of `step`. `extra` goes into the manifest.
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
      try Folder.createNew(temporary)
      for file in files { try file.contents.write(to: "\(temporary)/\(file.name)") }
      try Checkpoint.writeManifest(in: temporary, step: step, files: files, extra: extra)
      try publish(temporary, as: name)
    } catch {
      try? Folder.remove(temporary)
      throw error
    }
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

  // MARK: Links

  /// Points `latest` and `best` to the checkpoints of these steps; without a best one there is no `best`.
  package func link(latest: Int, best: Int?) throws(Failure) {
    for name in ["latest", "best"] { try absorb(name) }
    try Folder.link(path("latest"), to: Self.folderName(step: latest))
    if let best {
      try Folder.link(path("best"), to: Self.folderName(step: best))
    } else if Folder.target(ofLink: path("best")) != nil {
      try Folder.remove(path("best"))
    }
  }

  /// Makes room for a link where a copy of the run that followed links has a folder: the copy of a checkpoint, which stays
  /// under its step if it is the only one.
  private func absorb(_ link: String) throws(Failure) {
    guard Folder.target(ofLink: path(link)) == nil, Folder.exists(path(link)) else { return }
    guard let step = try manifest(of: link)?["step"]?.integer, step >= 0 else {
      throw Failure(
        .resources, "a folder that is no checkpoint lies where a link of the run belongs", at: path(link),
        notes: ["move it away"])
    }
    let name = Self.folderName(step: step)
    if Folder.exists(path(name)) { return try discard(link) }
    try Folder.rename(path(link), to: path(name))
    try Folder.synchronize(run)
  }

  /// The step that `best` leads to; nil if it leads to none that is there.
  package func bestStep() throws(Failure) -> Int? {
    if let target = Folder.target(ofLink: path("best")) {
      return Folder.exists(path(target)) ? Self.step(of: target) : nil
    }
    return try manifest(of: "best")?["step"]?.integer
  }

  /// The checkpoint with the lowest evaluation loss after one step and up to another, by what the manifests say; the first of
  /// equals.
  package func best(after first: Int = -1, upTo last: Int) throws(Failure) -> (step: Int, loss: Double)? {
    var best: (step: Int, loss: Double)?
    for step in try steps() where step > first && step <= last {
      guard let loss = try manifest(of: Self.folderName(step: step))?[Self.lossKey]?.double else { continue }
      if loss < best?.loss ?? .infinity { best = (step, loss) }
    }
    return best
  }

  /// The member of a manifest that holds the evaluation loss of its step.
  package static let lossKey = "eval_loss"

  /// The manifest of a folder, which is not verified; nil if there is none, or what is there is none.
  ///
  /// - Throws: `.resources` where the machine cannot read it.
  private func manifest(of folder: String) throws(Failure) -> JSONValue? {
    let path = path("\(folder)/\(Checkpoint.manifestName)")
    do throws(Failure) {
      let bytes = try ReadableFile.contents(of: path, area: .checkpoint, limit: 64 << 20)
      return try JSONValue.parse(bytes, source: path, area: .checkpoint)
    } catch {
      if error.area == .resources { throw error }
      return nil
    }
  }

  // MARK: Finding

  /// The steps that have a folder, ascending.
  package func steps() throws(Failure) -> [Int] {
    try Folder.names(in: run, area: .checkpoint).compactMap(Self.step(of:)).sorted()
  }

  private static func step(of name: String) -> Int? {
    guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)), folderName(step: step) == name else { return nil }
    return step
  }

  /// The checkpoint with the largest step all of whose files verify, and why larger ones do not.
  package func newestValid() throws(Failure) -> (checkpoint: Checkpoint?, skipped: [Failure]) {
    let (found, skipped) = try newest { (folder) throws(Failure) in
      let checkpoint = try Checkpoint(verifying: folder)
      return (checkpoint, checkpoint)
    }
    return (found, skipped)
  }

  /// What `open` makes of the checkpoint with the largest step that it does not throw at, and why it throws at larger ones.
  ///
  /// Throws when the run folder cannot be read, and `.resources` when a file cannot be: that says nothing about the checkpoint,
  /// and an older one is not taken in its place. One that disappears meanwhile was pruned by the run that is going on; the
  /// folder is then listed again.
  func newest<T>(
    _ open: (String) throws(Failure) -> (T, Checkpoint)
  ) throws(Failure) -> (found: T?, skipped: [Failure]) {
    for _ in 0..<100 {
      if let found = try newestOfListed(open) { return found }
    }
    throw Failure(.resources, "the run's checkpoints change faster than they can be read", at: run)
  }

  /// What `newest` is to find; nil if a checkpoint disappeared meanwhile.
  private func newestOfListed<T>(
    _ open: (String) throws(Failure) -> (T, Checkpoint)
  ) throws(Failure) -> (found: T?, skipped: [Failure])? {
    var skipped: [Failure] = []
    for step in try steps().reversed() {
      let folder = path(Self.folderName(step: step))
      do throws(Failure) {
        let (found, checkpoint) = try open(folder)
        guard checkpoint.step == step else {
          throw Failure(.checkpoint, "the manifest is that of step \(checkpoint.step)", at: checkpoint.folder)
        }
        return (found, skipped)
      } catch {
        if !Folder.exists(folder) { return nil }
        if error.area == .resources { throw error }
        skipped.append(error)
      }
    }
    return (nil, skipped)
  }

  /// The checkpoint of a step that another process has found. A file system that several machines share may show it late: it is
  /// waited for, so many seconds at most.
  ///
  /// - Throws: `.checkpoint` if it cannot be seen, or is not whole, even then.
  package func awaited(step: Int, seconds: Int = 60) throws(Failure) -> Checkpoint {
    let folder = path(Self.folderName(step: step))
    for _ in 0..<10 * seconds {
      if let checkpoint = try? Checkpoint(verifying: folder) { return checkpoint }
      usleep(100_000)
    }
    do throws(Failure) { return try Checkpoint(verifying: folder) } catch {
      var failure = error
      failure.notes.append(
        "the first rank sees it: all ranks need the same run folder, on a file system that they share")
      throw failure
    }
  }

  // MARK: Cleaning up

  /// Deletes all but the newest `keepLast` checkpoints and those of the steps in `kept`. Those after `last` do not count and
  /// stay: they are broken, or the run would have resumed from them.
  package func prune(keepLast: Int, keeping kept: [Int] = [], upTo last: Int = .max) throws(Failure) {
    precondition(keepLast > 0, "\(keepLast) checkpoints cannot be kept")
    for step in try steps().filter({ $0 <= last }).dropLast(keepLast) where !kept.contains(step) {
      try discard(Self.folderName(step: step))
    }
  }

  /// Deletes the checkpoints of the steps after `step`, up to `last`.
  package func discard(after step: Int, upTo last: Int) throws(Failure) {
    for later in try steps().reversed() where later > step && later <= last {
      try discard(Self.folderName(step: later))
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
    for name in try Folder.names(in: run, area: .checkpoint) where Self.isLeftover(name) {
      try Folder.remove(path(name))
    }
  }

  /// Whether a name in a run folder is that of something which a process that was stopped left half made or half deleted.
  package static func isLeftover(_ name: String) -> Bool {
    name.hasPrefix(".tmp-") || name.hasPrefix(".trash-") || (name.hasPrefix(".") && name.hasSuffix(".tmp"))
  }
}
