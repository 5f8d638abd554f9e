import Glibc

/// A lock that one process has at a time; the kernel releases it when the process ends, however it ends. The file stays.
package final class FileLock {
  private let descriptor: Int32

  /// Takes the lock on the file at `path`, which is created if it is missing. While another process has it, `whileWaiting` is
  /// called twenty times a second; what it throws ends the waiting. Where the file system has no locks nobody is kept out.
  package init(_ path: String, whileWaiting: () throws(Failure) -> Void) throws(Failure) {
    descriptor = try Self.open(path)
    let descriptor = descriptor
    while SystemCall.retrying({ flock(descriptor, LOCK_EX | LOCK_NB) }) != 0, errno == EWOULDBLOCK {
      do throws(Failure) { try whileWaiting() } catch {
        _ = SystemCall.close(descriptor)
        throw error
      }
      usleep(50_000)
    }
  }

  /// The lock on the file at `path`; nil if another process has it or it cannot be had.
  package init?(ifFree path: String) {
    guard let descriptor = try? Self.open(path) else { return nil }
    self.descriptor = descriptor
    if SystemCall.retrying({ flock(descriptor, LOCK_EX | LOCK_NB) }) != 0 { return nil }
  }

  deinit { _ = SystemCall.close(descriptor) }

  private static func open(_ path: String) throws(Failure) -> Int32 {
    let descriptor = SystemCall.retrying {
      Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o666)
    }
    if descriptor < 0 { throw .system(.resources, "cannot create the lock", at: path, errno) }
    return descriptor
  }
}
