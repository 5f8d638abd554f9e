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
    path = "\(folder)/\(Self.prefix(name))\(UInt64.random(in: .min ... .max))"
    try Folder.createNew(path)
    let path = path
    descriptor = SystemCall.retrying { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) }
    if descriptor < 0 {
      let number = errno
      SystemCall.retrying { rmdir(path) }
      throw .system(.resources, "cannot open the folder", at: path, number)
    }
    let descriptor = descriptor
    // Without locks the folder is never taken for a leftover either: `reap` cannot lock it.
    SystemCall.retrying { flock(descriptor, LOCK_EX | LOCK_NB) }
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
