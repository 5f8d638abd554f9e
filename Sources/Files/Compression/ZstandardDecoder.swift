import Glibc

/// Unpacks Zstandard files (RFC 8878) with libzstd: every frame of a file, with the library's bound on a window's memory.
final class ZstandardDecoder: StreamDecoder {
  private typealias Create = @convention(c) () -> UnsafeMutableRawPointer?
  private typealias Decompress =
    @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Int
  private typealias Free = @convention(c) (UnsafeMutableRawPointer) -> Int
  private typealias IsError = @convention(c) (Int) -> UInt32
  private typealias ErrorName = @convention(c) (Int) -> UnsafePointer<CChar>?

  /// `ZSTD_inBuffer` and `ZSTD_outBuffer` of zstd.h.
  private struct Buffer {
    var start: UnsafeRawPointer?
    var size: Int
    var position = 0
  }

  private let path: String
  private let decompress: Decompress
  private let free: Free
  private let isError: IsError
  private let errorName: ErrorName
  private let stream: UnsafeMutableRawPointer
  private(set) var isComplete = false

  /// nil where the library is missing or has no memory.
  init?(_ path: String, library: String) {
    guard let handle = dlopen(library, RTLD_NOW | RTLD_LOCAL), let create = dlsym(handle, "ZSTD_createDStream"),
      let decompress = dlsym(handle, "ZSTD_decompressStream"), let free = dlsym(handle, "ZSTD_freeDStream"),
      let isError = dlsym(handle, "ZSTD_isError"), let errorName = dlsym(handle, "ZSTD_getErrorName"),
      let stream = unsafeBitCast(create, to: Create.self)()
    else { return nil }
    self.path = path
    self.decompress = unsafeBitCast(decompress, to: Decompress.self)
    self.free = unsafeBitCast(free, to: Free.self)
    self.isError = unsafeBitCast(isError, to: IsError.self)
    self.errorName = unsafeBitCast(errorName, to: ErrorName.self)
    self.stream = stream
  }

  deinit { _ = free(stream) }

  func decode(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws(Failure) -> (read: Int, written: Int) {
    // After a frame's end nothing is pending: asked without input, the library would begin another frame.
    if isComplete, input.isEmpty { return (0, 0) }
    var source = Buffer(start: input.baseAddress, size: input.count)
    var target = Buffer(start: output.baseAddress, size: output.count)
    let code = decompress(stream, &target, &source)
    if isError(code) != 0 { throw failure(errorName(code).map { String(cString: $0) } ?? "error \(code)") }
    isComplete = code == 0
    return (source.position, target.position)
  }

  /// What a message of the library means; a whole file may need what only its own program is told.
  private func failure(_ message: String) -> Failure {
    let what: String
    let options: String
    switch message {
    case "Dictionary mismatch":
      (what, options) = ("the compressed file needs the dictionary that it was made with", "-D DICTIONARY")
    case "Frame requires too much memory for decoding":
      (what, options) = ("the compressed file needs more memory than is given: a window above 128 MiB", "--long=31")
    default: return .damagedStream(at: path, "zstd: \(message)")
    }
    let target = path.hasSuffix(".zst") ? String(path.dropLast(4)) : "\(path).unpacked"
    return Failure(
      .data, what, at: path,
      notes: ["unpack it first: zstd -dc \(options) \(path.shellWord) > \(target.shellWord)"])
  }
}
