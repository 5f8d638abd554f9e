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
    try Self.checkIsReplaceable(path)
    var (temporary, descriptor) = ("", Int32(-1))
    try? Self.reap(beside: path)
    // A name that is taken is that of a process that was stopped, or a trap: it is neither followed nor overwritten.
    for _ in 0..<100 {
      temporary = Self.temporaryName(beside: path)
      descriptor = SystemCall.retrying { open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666) }
      if descriptor < 0, errno == EEXIST { continue }
      if descriptor < 0 || Self.isKept(descriptor) { break }
      // Another process has taken it for a leftover before it was locked.
      _ = SystemCall.close(descriptor)
      (descriptor, errno) = (-1, EBUSY)
    }
    if descriptor < 0 { throw .system(.resources, "cannot create the file", at: path, errno) }
    (self.temporary, self.descriptor) = (temporary, descriptor)
  }

  /// Refuses what a file must not be renamed onto: a device, a pipe or a socket, and the links to open files that `/dev` has.
  static func checkIsReplaceable(_ path: String) throws(Failure) {
    var status = stat()
    guard SystemCall.retrying({ stat(path, &status) }) == 0 else { return }
    let isOfDevices = path.hasPrefix("/dev/") && !path.hasPrefix("/dev/shm/")
    if !isOfDevices, [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) { return }
    throw Failure(
      .usage, "what is there is no file, and is not replaced by one", at: path, notes: ["give the name of a file"])
  }

  /// Locks a new file or folder, so that it is not taken for a leftover; false if that has happened already.
  static func isKept(_ descriptor: Int32) -> Bool {
    let isFree = SystemCall.retrying { flock(descriptor, LOCK_EX | LOCK_NB) } == 0 || errno != EWOULDBLOCK
    var status = stat()
    return isFree && fstat(descriptor, &status) == 0 && status.st_nlink > 0
  }

  /// Removes what killed processes have left of the file at `path`: files that nobody has locked.
  private static func reap(beside path: String) throws(Failure) {
    let (folder, prefix) = (Folder.parent(of: path), temporaryPrefix(of: path))
    for name in try Folder.names(in: folder, area: .resources) where name.hasPrefix(prefix) && name.hasSuffix(".tmp") {
      let leftover = "\(folder)/\(name)"
      let descriptor = SystemCall.retrying { open(leftover, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
      if descriptor < 0 { continue }
      if SystemCall.retrying({ flock(descriptor, LOCK_EX | LOCK_NB) }) == 0 { SystemCall.retrying { unlink(leftover) } }
      _ = SystemCall.close(descriptor)
    }
  }

  private static func temporaryPrefix(of path: String) -> String {
    ".\(String(decoding: (path.split(separator: "/").last ?? "").utf8.prefix(200), as: UTF8.self))."
  }

  /// A name in the folder of `path` that begins with a dot, ends with `.tmp`, and has not been given before.
  static func temporaryName(beside path: String) -> String {
    let serial = serial.add(1, ordering: .relaxed).newValue
    return "\(Folder.parent(of: path))/\(temporaryPrefix(of: path))\(getpid()).\(serial).tmp"
  }

  deinit {
    if descriptor >= 0 {
      _ = SystemCall.close(descriptor)
      SystemCall.retrying { unlink(temporary) }
    }
  }

  package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
    if let number = SystemCall.write(bytes, to: descriptor) {
      throw .system(.resources, "cannot write the file", at: path, number)
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
    let number = SystemCall.synchronize(descriptor)
    if number != 0 { throw .system(.resources, "cannot synchronise the file", at: path, number) }
    // Locked until it is in its place: before, another writer would take it for a leftover.
    if SystemCall.retrying({ rename(temporary, path) }) != 0 {
      throw .system(.resources, "cannot put the file in its place", at: path, errno)
    }
    // What is synchronised cannot be lost any more by a failing close.
    _ = SystemCall.close(descriptor)
    descriptor = -1
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
