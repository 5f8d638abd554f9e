import Glibc
import Synchronization

/// A file that appears whole or not at all: written to a temporary sibling, synchronised, then renamed.
///
/// ```swift
/// var file = try DurableFile(at: path)
/// try file.write(bytes)
/// try file.commit()
/// ```
/// Without `commit` the temporary file disappears and `path` keeps what it had.
package struct DurableFile: ~Copyable {
  private let path: String
  private let temporary: String
  private var descriptor: Int32

  private static let serial = Atomic(0)

  package init(at path: String) throws(Failure) {
    self.path = path
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let serial = Self.serial.add(1, ordering: .relaxed).newValue
    temporary = "\(Folder.parent(of: path))/.\(name).\(getpid()).\(serial).tmp"
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw .system(.resources, "cannot create the file", at: path, errno) }
  }

  deinit {
    if descriptor >= 0 {
      close(descriptor)
      unlink(temporary)
    }
  }

  package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
    var done = 0
    while done < bytes.count {
      let put = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      if put < 0, errno == EINTR { continue }
      if put < 0 { throw .system(.resources, "cannot write the file", at: path, errno) }
      done += put
    }
  }

  package mutating func write(_ bytes: [UInt8]) throws(Failure) {
    let result = bytes.withUnsafeBytes { buffer in Result { () throws(Failure) in try write(buffer) } }
    try result.get()
  }

  package mutating func write(_ text: String) throws(Failure) {
    try write(Array(text.utf8))
  }

  /// Moves the file into place; it is on disk when this returns.
  package consuming func commit() throws(Failure) {
    if fsync(descriptor) != 0 { throw .system(.resources, "cannot synchronise the file", at: path, errno) }
    let closed = close(descriptor)
    descriptor = -1
    if closed != 0 || rename(temporary, path) != 0 {
      let number = errno
      unlink(temporary)
      throw .system(.resources, "cannot put the file in its place", at: path, number)
    }
    try Folder.synchronize(Folder.parent(of: path))
  }

  /// Writes `bytes` as the file at `path`, durably and whole.
  package static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
    var file = try DurableFile(at: path)
    try file.write(bytes)
    try file.commit()
  }

  /// Writes `text` as the file at `path`, durably and whole.
  package static func write(_ text: String, to path: String) throws(Failure) {
    try write(Array(text.utf8), to: path)
  }
}
