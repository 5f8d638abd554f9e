/// The ways of compressing a file that are unpacked while it is read.
package enum Compression: String, Sendable, CaseIterable {
  case gzip, zstandard

  /// How a file that begins with `head` is compressed; nil if it is not, or in another way.
  package init?(recognising head: some Collection<UInt8>) {
    if let found = Self.allCases.first(where: { head.starts(with: $0.magic) }) {
      self = found
      return
    }
    // A frame to be skipped comes before the data where pzstd and others keep their own (RFC 8878, section 3.1.2).
    guard let first = head.first, 0x50...0x5f ~= first, head.dropFirst().starts(with: [0x2a, 0x4d, 0x18]) else {
      return nil
    }
    self = .zstandard
  }

  /// The longest `magic`.
  package static let headLength = 4

  /// RFC 1952, section 2.3.1; RFC 8878, section 3.1.1.
  private var magic: [UInt8] {
    switch self {
    case .gzip: [0x1f, 0x8b]
    case .zstandard: [0x28, 0xb5, 0x2f, 0xfd]
    }
  }

  /// The system library that unpacks it, which is loaded when the first such file is read.
  var library: String {
    switch self {
    case .gzip: "libz.so.1"
    case .zstandard: "libzstd.so.1"
    }
  }

  /// The package of Debian and Ubuntu that has the library.
  private var package: String {
    switch self {
    case .gzip: "zlib1g"
    case .zstandard: "libzstd1"
    }
  }

  /// The command that writes the unpacked file to standard output.
  package var unpacking: String {
    switch self {
    case .gzip: "gzip -dc"
    case .zstandard: "zstd -dc"
    }
  }

  /// A decoder for the file at `path`.
  ///
  /// - Parameter library: another library in the place of the system's.
  /// - Throws: `.resources` where the library is missing.
  package func decoder(of path: String, library: String? = nil) throws(Failure) -> any StreamDecoder {
    let name = library ?? self.library
    let decoder: (any StreamDecoder)? =
      switch self {
      case .gzip: GzipDecoder(path, library: name)
      case .zstandard: ZstandardDecoder(path, library: name)
      }
    if let decoder { return decoder }
    throw Failure(
      .resources, "\(name) is missing, which unpacks the file", at: path,
      notes: ["apt-get install \(package), or unpack the file first: \(unpacking)"])
  }
}

/// Unpacks a compressed stream piece by piece, in a memory that does not depend on the stream's length.
package protocol StreamDecoder: AnyObject {
  /// Unpacks what fits of `input` into `output`. Where `output` was filled there may be more, also of input that is read.
  ///
  /// - Throws: `.data` for damaged data.
  func decode(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws(Failure) -> (read: Int, written: Int)
  /// Whether the stream may end after what has been read.
  var isComplete: Bool { get }
}

extension Failure {
  /// The failure of a compressed file whose contents are not what was compressed.
  package static func damagedStream(at path: String, _ reason: String) -> Failure {
    Failure(.data, "the compressed file is damaged", at: path, notes: [reason, "copy or download it again"])
  }
}
