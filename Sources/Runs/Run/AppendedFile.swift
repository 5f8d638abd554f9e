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
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw .system(.resources, "cannot open the file for writing", at: path, errno) }
  }

  deinit { close(descriptor) }

  mutating func append(_ record: [UInt8]) {
    let start = lseek(descriptor, 0, SEEK_END)
    let number = record.withUnsafeBytes { buffer -> Int32? in
      var done = 0
      while done < buffer.count {
        let put = write(descriptor, buffer.baseAddress! + done, buffer.count - done)
        if put < 0, errno == EINTR { continue }
        if put < 0 { return errno }
        done += put
      }
      return nil
    }
    guard let number else { return }
    if start >= 0 { ftruncate(descriptor, start) }
    if hasFailed { return }
    hasFailed = true
    Output.log.line("warning: cannot write \(path) (\(String(cString: strerror(number)))); the run goes on without it")
  }
}
