import Glibc

/// A regular file open for reading at any offset.
///
/// Folders, pipes and devices are refused without waiting on them.
package struct ReadableFile: ~Copyable, Sendable {
  package let path: String
  /// The file's size in bytes when it was opened.
  package let count: Int
  let descriptor: Int32
  private let area: Failure.Area

  package init(_ path: String, area: Failure.Area) throws(Failure) {
    let descriptor = SystemCall.retrying { open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY) }
    if descriptor < 0 { throw .system(area, "cannot open the file", at: path, errno) }
    var status = stat()
    let isKnown = SystemCall.retrying { fstat(descriptor, &status) } == 0
    let number = errno
    guard isKnown, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      if !isKnown { throw .system(area, "cannot read the file's size", at: path, number) }
      throw Failure(area, "\(Self.kind(of: status)) where a file is expected", at: path)
    }
    self.path = path
    self.area = area
    self.descriptor = descriptor
    count = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Fills `bytes` from `offset` on; a file that ends before is an error.
  package func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(Failure) {
    var done = 0
    while done < bytes.count {
      let got = SystemCall.retrying {
        pread(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
      }
      if got < 0 { throw .system(area, "cannot read the file", at: "\(path), byte \(offset + done)", errno) }
      if got == 0 {
        throw Failure(
          area, "the file ends too early", at: path,
          notes: ["expected \(offset + bytes.count) bytes, found \(offset + done)"])
      }
      done += got
    }
  }

  /// `count` bytes from `offset` on.
  package func read(_ count: Int, at offset: Int) throws(Failure) -> [UInt8] {
    guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else {
      throw Failure(
        area, "the file ends too early", at: path,
        notes: ["expected \(count) bytes at byte \(offset), the file has \(self.count)"])
    }
    var failure: Failure?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      let result = Result { () throws(Failure) in
        try read(into: UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count), at: offset)
      }
      switch result {
      case .success: initialized = count
      case .failure(let error): failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// All bytes of the file at `path`, refused when it has more than `limit`.
  package static func contents(
    of path: String, area: Failure.Area, limit: Int = .max
  ) throws(Failure) -> [UInt8] {
    let file = try ReadableFile(path, area: area)
    if file.count > limit {
      throw Failure(area, "the file is too large", at: path, notes: ["\(file.count) bytes, at most \(limit) expected"])
    }
    return try file.read(file.count, at: 0)
  }

  private static func kind(of status: stat) -> String {
    switch status.st_mode & S_IFMT {
    case S_IFDIR: "a folder"
    case S_IFIFO: "a named pipe"
    case S_IFSOCK: "a socket"
    default: "a device"
    }
  }
}
