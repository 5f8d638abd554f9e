import Glibc

/// A hidden folder in which a process makes something that it then renames into its place. It is locked as long as the
/// process runs, so that what a killed one has left can be told from what another is making.
package final class StagingFolder {
  package let path: String
  private let descriptor: Int32

  private static func prefix(_ name: String) -> String {
    ".\(String(decoding: name.utf8.prefix(180), as: UTF8.self)).staged-"
  }

  /// Creates a folder in `folder` for what will be called `name`.
  package init(in folder: String, for name: String) throws(Failure) {
    for _ in 0..<100 {
      let path = "\(folder)/\(Self.prefix(name))\(UInt64.random(in: .min ... .max))"
      if let descriptor = try Self.locked(path) {
        (self.path, self.descriptor) = (path, descriptor)
        return
      }
    }
    throw .system(.resources, "cannot create the folder", at: "\(folder)/\(name)", EBUSY)
  }

  /// A new folder, locked; nil where another process has taken it for a leftover before it was.
  private static func locked(_ path: String) throws(Failure) -> Int32? {
    try Folder.createNew(path)
    let descriptor = SystemCall.retrying { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) }
    if descriptor < 0 {
      let number = errno
      if number == ENOENT { return nil }
      SystemCall.retrying { rmdir(path) }
      throw .system(.resources, "cannot open the folder", at: path, number)
    }
    // Without locks the folder is never taken for a leftover either: `reap` cannot lock it.
    if DurableFile.isKept(descriptor) { return descriptor }
    _ = SystemCall.close(descriptor)
    return nil
  }

  deinit { _ = SystemCall.close(descriptor) }

  /// Removes what killed processes have left of `name` in `folder`.
  package static func reap(in folder: String, for name: String) throws(Failure) {
    for found in try Folder.names(in: folder, area: .resources) where found.hasPrefix(prefix(name)) {
      let path = "\(folder)/\(found)"
      let descriptor = SystemCall.retrying { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) }
      if descriptor < 0 { continue }
      defer { _ = SystemCall.close(descriptor) }
      if SystemCall.retrying({ flock(descriptor, LOCK_EX | LOCK_NB) }) == 0 { try? Folder.remove(path) }
    }
  }
}
