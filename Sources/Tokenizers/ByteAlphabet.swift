/// GPT-2's way of writing any bytes as printable text: a bijection of the 256 bytes onto 256 characters.
///
/// The bytes 33...126, 161...172 and 174...255 stand for the characters of the same number; the others, in ascending
/// order, for U+0100, U+0101, ... (space becomes `Ġ`, newline `Ċ`). Source: `bytes_to_unicode` in GPT-2's `encoder.py`.
enum ByteAlphabet {
  /// The character of each byte; all lie below U+0144.
  static let scalars: [UInt16] = {
    var next: UInt16 = 0x100
    return (0..<256).map { (byte: UInt16) in
      switch byte {
      case 33...126, 161...172, 174...255: return byte
      default:
        defer { next += 1 }
        return next
      }
    }
  }()

  /// The byte of each character below U+0144, nil for the characters that stand for none.
  private static let values: [UInt8?] = {
    var values = [UInt8?](repeating: nil, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { values[Int(scalar)] = UInt8(byte) }
    return values
  }()

  /// The bytes in the order of their characters, which is the order GPT-2 and its successors number them in.
  static let ordered: [UInt8] = values.compactMap { $0 }

  static func text(of bytes: some Sequence<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(Unicode.Scalar(scalars[Int(byte)])!) }
    return String(text)
  }

  /// The bytes that `text` stands for, nil when one of its characters is not of the alphabet.
  static func bytes(of text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    let values = values
    for scalar in text.unicodeScalars {
      guard scalar.value < 0x144, let byte = values[Int(scalar.value)] else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}
