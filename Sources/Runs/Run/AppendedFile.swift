import Files
import Glibc

/// A log that grows by whole records.
///
/// A record that cannot be written (a full disk) is dropped: the file keeps its whole records, the first drop is
/// reported, and the run continues.
struct AppendedFile: ~Copyable {
  private let path: String
  private let descriptor: Int32
  private var hasFailed = false

  /// Opens the file for appending and creates it when it is missing.
  init(_ path: String) throws(Failure) {
    self.path = path
    let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
    descriptor = SystemCall.retrying { open(path, flags, 0o666) }
    if descriptor < 0 { throw .system(.resources, "cannot open the file for writing", at: path, errno) }
  }

  deinit { close(descriptor) }

  mutating func append(_ record: [UInt8]) {
    let start = lseek(descriptor, 0, SEEK_END)
    guard let number = record.withUnsafeBytes({ SystemCall.write($0, to: descriptor) }) else { return }
    if start >= 0 { Self.truncate(descriptor, to: start) }
    report(number)
  }

  private static func truncate(_ descriptor: Int32, to length: off_t) {
    SystemCall.retrying { ftruncate(descriptor, length) }
  }

  /// Waits until the records are on the disk: what a checkpoint follows must not be lost after it.
  mutating func synchronize() {
    let number = SystemCall.synchronize(descriptor)
    if number != 0 { report(number) }
  }

  private mutating func report(_ number: Int32) {
    if hasFailed { return }
    hasFailed = true
    Output.log.line("warning: cannot write \(path) (\(String(cString: strerror(number)))); the run goes on without it")
  }
}
