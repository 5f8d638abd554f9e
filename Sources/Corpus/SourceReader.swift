import Files
import Glibc

/// A source file read sequentially, a megabyte at a time, and digested while it is read.
struct SourceReader: ~Copyable {
  let path: String
  /// The file's size and time when it was opened.
  let stamp: FileStamp
  private let file: ReadableFile
  private var offset = 0
  private var digest = Digest()

  init(_ path: String) throws(Failure) {
    let stamp = try FileStamp(of: path)
    let file = try ReadableFile(path, area: .data)
    self.path = path
    self.stamp = stamp
    self.file = file
  }

  /// Appends the next bytes to `buffer`; false at the end of the file.
  mutating func read(into buffer: inout [UInt8]) throws(Failure) -> Bool {
    let length = min(1 << 20, file.count - offset)
    if length == 0 { return false }
    try StopRequest.check()
    let bytes = try file.read(length, at: offset)
    digest.update(bytes)
    offset += length
    buffer += bytes
    return true
  }

  /// The SHA-256 of what was read. A file that has changed since it was opened is an error.
  consuming func finish() throws(Failure) -> String {
    if try FileStamp(of: path) != stamp {
      throw Failure(.data, "the file changed while it was read", at: path, notes: ["start again when it is complete"])
    }
    return digest.hexadecimal
  }
}

/// What tells that a file is unchanged without reading it: its size, the times of its last changes, and which file it is.
///
/// The time of modification can be set, and tools that copy or edit do set it; the time of the last change of status cannot.
struct FileStamp: Sendable, Equatable {
  let bytes: Int
  /// Nanoseconds since 1970.
  let modified: Int
  /// When contents, name or owner last changed: nanoseconds since 1970.
  let changed: Int
  let inode: Int

  init(bytes: Int, modified: Int, changed: Int, inode: Int) {
    self.bytes = bytes
    self.modified = modified
    self.changed = changed
    self.inode = inode
  }

  init(of path: String) throws(Failure) {
    var status = stat()
    if SystemCall.retrying({ stat(path, &status) }) != 0 {
      throw .system(.data, "cannot read the file's size", at: path, errno)
    }
    func nanoseconds(_ time: timespec) -> Int { time.tv_sec &* 1_000_000_000 &+ time.tv_nsec }
    self.init(
      bytes: Int(status.st_size), modified: nanoseconds(status.st_mtim), changed: nanoseconds(status.st_ctim),
      inode: Int(truncatingIfNeeded: status.st_ino))
  }

  /// Whether a later change would show: the clock of file systems has steps of up to ten milliseconds, and one change may
  /// follow another within a step.
  var isSettled: Bool {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return now.tv_sec &* 1_000_000_000 &+ now.tv_nsec &- changed > 100_000_000
  }

  /// The stamp to keep: one that is not settled is kept as that of no file.
  var kept: FileStamp { isSettled ? self : FileStamp(bytes: bytes, modified: 0, changed: 0, inode: 0) }

  /// The stamp as a word of a cache's key.
  var text: String { "\(bytes) \(modified) \(changed) \(inode)" }
}
