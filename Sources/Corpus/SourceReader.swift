import Files
import Glibc

/// A source file read sequentially, about a megabyte at a time, unpacked where it is compressed, and digested as it lies on disk.
struct SourceReader: ~Copyable {
  let path: String
  /// The file's size and time when it was opened.
  let stamp: FileStamp
  private let file: ReadableFile
  private var offset = 0
  private var digest = Digest()
  /// What unpacks the file; nil where it is not compressed.
  private let decoder: (any StreamDecoder)?
  private var packed: [UInt8] = []
  private var unpacked: [UInt8] = []
  /// Where what is not unpacked yet begins in `packed`, and whether the decoder may have more without further input.
  private var (place, isPending) = (0, false)

  private static let pieceLength = 1 << 20

  init(_ path: String) throws(Failure) {
    let stamp = try FileStamp(of: path)
    let file = try ReadableFile(path, area: .data)
    let head = try file.read(min(Compression.headLength, file.count), at: 0)
    decoder = try Compression(recognising: head).map { (found) throws(Failure) in try found.decoder(of: path) }
    if decoder != nil { unpacked = [UInt8](repeating: 0, count: Self.pieceLength) }
    self.path = path
    self.stamp = stamp
    self.file = file
  }

  /// Appends the next bytes to `buffer`; false at the end of the file.
  mutating func read(into buffer: inout [UInt8]) throws(Failure) -> Bool {
    guard decoder != nil else {
      guard let bytes = try nextPiece() else { return false }
      buffer += bytes
      return true
    }
    while true {
      if place == packed.count, !isPending {
        guard let bytes = try nextPiece() else {
          if decoder!.isComplete { return false }
          throw Failure(
            .data, "the compressed file is cut off", at: path,
            notes: ["it ends before what was compressed does", "copy or download it again"])
        }
        (packed, place) = (bytes, 0)
      }
      let (read, written) = try unpack()
      place += read
      isPending = written == unpacked.count
      if written > 0 {
        buffer += unpacked[..<written]
        return true
      }
    }
  }

  private mutating func nextPiece() throws(Failure) -> [UInt8]? {
    let length = min(Self.pieceLength, file.count - offset)
    if length == 0 { return nil }
    try StopRequest.check()
    let bytes = try file.read(length, at: offset)
    digest.update(bytes)
    offset += length
    return bytes
  }

  private mutating func unpack() throws(Failure) -> (read: Int, written: Int) {
    let (decoder, packed, place) = (decoder!, packed, place)
    let result = packed.withUnsafeBytes { input in
      unpacked.withUnsafeMutableBytes { output in
        Result { () throws(Failure) in
          try decoder.decode(UnsafeRawBufferPointer(rebasing: input[place...]), into: output)
        }
      }
    }
    let (read, written) = try result.get()
    guard read + written > 0 || place == packed.count else {
      throw .damagedStream(at: path, "nothing can be made of what follows")
    }
    return (read, written)
  }

  /// The SHA-256 of the file as it lies on disk. One that has changed since it was opened is an error.
  consuming func finish() throws(Failure) -> String {
    if try FileStamp(of: path) != stamp {
      throw Failure(.data, "the file changed while it was read", at: path, notes: ["start again when it is complete"])
    }
    return digest.hexadecimal
  }

  // MARK: Without reading it all

  /// At most the first `count` bytes, unpacked.
  static func head(of path: String, _ count: Int) throws(Failure) -> [UInt8] {
    var reader = try SourceReader(path)
    var bytes: [UInt8] = []
    while bytes.count < count, try reader.read(into: &bytes) {}
    return Array(bytes.prefix(count))
  }

  /// How the file is compressed; nil where it is not.
  static func compression(of path: String) throws(Failure) -> Compression? {
    let file = try ReadableFile(path, area: .data)
    return Compression(recognising: try file.read(min(Compression.headLength, file.count), at: 0))
  }

  /// The whole file, unpacked, and the SHA-256 of it as it lies on disk.
  ///
  /// - Throws: `.data` for a compressed file of more than 4 GiB, which would have to be in memory as a whole.
  static func contents(of path: String) throws(Failure) -> (bytes: [UInt8], digest: String) {
    var reader = try SourceReader(path)
    var bytes: [UInt8] = []
    while try reader.read(into: &bytes) {
      if reader.decoder != nil, bytes.count > 1 << 32 {
        throw Failure(
          .data, "the compressed file is too large to be read as a whole", at: path,
          notes: ["it unpacks to more than 4 GiB", "write one JSON object a line, which are read one after the other"])
      }
    }
    return (bytes, try reader.finish())
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
