import Files
import Foundation

/// The lock on a run folder: one process trains in it at a time. The kernel releases it when the process ends, however
/// it ends.
package final class RunLock {
  /// The name of the file that is locked, in the run folder.
  package static let name = ".lock"
  /// Set when the file system has no locks: nothing then keeps a second process out.
  package let warning: String?
  private let path: String
  private let descriptor: Int32

  /// Takes the lock on `run/.lock`; `.resources` when another process has it.
  package init(run: String) throws(Failure) {
    let path = "\(run)/\(Self.name)"
    self.path = path
    let descriptor = SystemCall.retrying { open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o666) }
    if descriptor < 0 { throw .system(.resources, "cannot create the run folder's lock", at: path, errno) }
    self.descriptor = descriptor
    if SystemCall.retrying({ flock(descriptor, LOCK_EX | LOCK_NB) }) == 0 {
      warning = nil
      sign()
      return
    }
    let number = errno
    if number == EWOULDBLOCK {
      let owner = Self.owner(descriptor)
      _ = SystemCall.close(descriptor)
      throw Failure(
        .resources, "the run folder is in use by \(owner)", at: run,
        notes: ["wait for it, stop it, or choose another folder with run=FOLDER"])
    }
    warning = "\(path) cannot be locked (\(String(cString: strerror(number)))): start no second process in this folder"
  }

  deinit { _ = SystemCall.close(descriptor) }

  /// Whether a process trains in the folder `run`; false where that cannot be found out. The kernel is asked: whoever tried to
  /// take the lock would keep out a run that starts at that moment.
  package static func isHeld(run: String) -> Bool {
    var status = stat()
    guard SystemCall.retrying({ lstat("\(run)/\(name)", &status) }) == 0,
      let text = try? String(contentsOfFile: "/proc/locks", encoding: .utf8)
    else { return false }
    return text.split(separator: "\n").contains { line in
      line.contains(" FLOCK ") && line.contains(":\(status.st_ino) ")
    }
  }

  /// Throws `.resources` unless the locked folder is still the one at its path: one that was renamed or deleted under a run
  /// is not made again, and one that has taken its place is not written into.
  package func check() throws(Failure) {
    var (own, found) = (stat(), stat())
    let path = path
    let isThere = SystemCall.retrying { lstat(path, &found) } == 0
    if !isThere, errno != ENOENT, errno != ENOTDIR {
      throw .system(.resources, "cannot find the run folder's lock", at: path, errno)
    }
    fstat(descriptor, &own)
    if isThere, own.st_ino == found.st_ino, own.st_dev == found.st_dev { return }
    throw Failure(
      .resources, "the run folder is no longer where it was", at: Folder.parent(of: path),
      notes: ["it was moved, deleted or replaced while the run was going on", "put it back; the next save finds it"])
  }

  /// Says in the lock file who has it; a process that cannot write it still has the lock.
  private func sign() {
    let text = "process \(getpid()) since \(Date().formatted(.iso8601))"
    _ = ftruncate(descriptor, 0)
    _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
  }

  private static func owner(_ descriptor: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 200)
    let count = pread(descriptor, &buffer, buffer.count, 0)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : "another process"
  }
}
