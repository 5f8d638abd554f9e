import Glibc

/// Unpacks gzip files (RFC 1952) with zlib: every member of a file, checked by the checksum that it ends with.
final class GzipDecoder: StreamDecoder {
  private typealias Start = @convention(c) (UnsafeMutableRawPointer, Int32, UnsafePointer<CChar>, Int32) -> Int32
  private typealias Inflate = @convention(c) (UnsafeMutableRawPointer, Int32) -> Int32
  private typealias Other = @convention(c) (UnsafeMutableRawPointer) -> Int32

  /// `z_stream` of zlib.h, in its order.
  private struct Stream {
    var nextIn: UnsafePointer<UInt8>?
    var availableIn: UInt32 = 0
    var totalIn: UInt = 0
    var nextOut: UnsafeMutablePointer<UInt8>?
    var availableOut: UInt32 = 0
    var totalOut: UInt = 0
    var message: UnsafePointer<CChar>?
    var state: UnsafeMutableRawPointer?
    var allocate: UnsafeMutableRawPointer?
    var free: UnsafeMutableRawPointer?
    var opaque: UnsafeMutableRawPointer?
    var dataType: Int32 = 0
    var adler: UInt = 0
    var reserved: UInt = 0
  }

  private let path: String
  private let inflate: Inflate
  private let reset: Other
  private let end: Other
  /// zlib keeps its address.
  private let stream: UnsafeMutablePointer<Stream>
  private(set) var isComplete = false

  /// nil where the library is missing or has no memory.
  init?(_ path: String, library: String) {
    guard let handle = dlopen(library, RTLD_NOW | RTLD_LOCAL), let start = dlsym(handle, "inflateInit2_"),
      let inflate = dlsym(handle, "inflate"), let reset = dlsym(handle, "inflateReset"),
      let end = dlsym(handle, "inflateEnd")
    else { return nil }
    self.path = path
    self.inflate = unsafeBitCast(inflate, to: Inflate.self)
    self.reset = unsafeBitCast(reset, to: Other.self)
    self.end = unsafeBitCast(end, to: Other.self)
    precondition(MemoryLayout<Stream>.size == 112, "z_stream has \(MemoryLayout<Stream>.size) bytes")
    stream = .allocate(capacity: 1)
    stream.initialize(to: Stream())
    // A window of 2^15 bytes, and 16 for a header and a checksum of gzip's kind.
    let code = unsafeBitCast(start, to: Start.self)(stream, 15 + 16, "1", Int32(MemoryLayout<Stream>.size))
    if code != 0 { return nil }
  }

  deinit {
    _ = end(stream)
    stream.deallocate()
  }

  func decode(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws(Failure) -> (read: Int, written: Int) {
    let padding = isComplete ? input.prefix { $0 == 0 }.count : 0
    let rest = UnsafeRawBufferPointer(rebasing: input[padding...])
    if isComplete {
      guard let first = rest.first else { return (padding, 0) }
      guard first == 0x1f else { throw .damagedStream(at: path, "something follows that is no gzip data") }
      _ = reset(stream)
      isComplete = false
    }
    let (read, written) = try step(rest, output)
    return (padding + read, written)
  }

  private func step(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) throws(Failure) -> (read: Int, written: Int) {
    let (inCount, outCount) = (min(input.count, 1 << 30), min(output.count, 1 << 30))
    stream.pointee.nextIn = input.bindMemory(to: UInt8.self).baseAddress
    stream.pointee.availableIn = UInt32(inCount)
    stream.pointee.nextOut = output.bindMemory(to: UInt8.self).baseAddress
    stream.pointee.availableOut = UInt32(outCount)
    let code = inflate(stream, 0)
    switch code {
    case 0, -5: break  // Z_OK; Z_BUF_ERROR: nothing to do before there is more input or room
    case 1: isComplete = true  // Z_STREAM_END
    case -4: throw Failure(.resources, "out of memory while the file is unpacked", at: path)  // Z_MEM_ERROR
    default:
      throw .damagedStream(at: path, stream.pointee.message.map { "zlib: \(String(cString: $0))" } ?? "zlib: \(code)")
    }
    return (inCount - Int(stream.pointee.availableIn), outCount - Int(stream.pointee.availableOut))
  }
}
