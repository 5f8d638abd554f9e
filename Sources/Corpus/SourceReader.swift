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

/// A file's size and modification time: a quick check that it is unchanged.
struct FileStamp: Sendable, Equatable {
  let bytes: Int
  /// Nanoseconds since 1970.
  let modified: Int

  init(bytes: Int, modified: Int) {
    self.bytes = bytes
    self.modified = modified
  }

  init(of path: String) throws(Failure) {
    var status = stat()
    if SystemCall.retrying({ stat(path, &status) }) != 0 {
      throw .system(.data, "cannot read the file's size", at: path, errno)
    }
    self.init(bytes: Int(status.st_size), modified: status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec)
  }
}
