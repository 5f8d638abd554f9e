/// What the patterns of the pre-tokenisers tell apart: `\p{L}`, `\p{N}`, `\s` and the rest.
enum CharacterClass: UInt8 {
  case other
  case letter
  case number
  case space

  init(_ scalar: Unicode.Scalar) {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
    case .decimalNumber, .letterNumber, .otherNumber: self = .number
    default: self = scalar.properties.isWhitespace ? .space : .other
    }
  }

  /// The class of every scalar below U+40000, a byte each. No letter, number or space lies above.
  static let table: [UInt8] = (0..<0x40000).map { value in
    Unicode.Scalar(value).map { CharacterClass($0).rawValue } ?? CharacterClass.other.rawValue
  }
}

/// UTF-8 text as the pre-tokenisers read it: character by character. A byte that belongs to no well-formed sequence is a
/// character by itself, of class `other`.
struct ClassifiedText {
  let bytes: UnsafeBufferPointer<UInt8>
  private let table: [UInt8]

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
    table = CharacterClass.table
  }

  var count: Int { bytes.count }

  @inline(__always)
  subscript(index: Int) -> UInt8 { bytes[index] }

  /// The class and the length in bytes of the character that begins at `index`.
  @inline(__always)
  func character(at index: Int) -> (class: CharacterClass, length: Int) {
    let first = bytes[index]
    if first < 0x80 { return (CharacterClass(rawValue: table[Int(first)])!, 1) }
    return longCharacter(at: index)
  }

  /// Where the run of characters of class `wanted` that begins at `index` ends, at most `limit`.
  @inline(__always)
  func end(of wanted: CharacterClass, from index: Int, limit: Int) -> Int {
    var index = index
    while index < limit {
      let (kind, length) = character(at: index)
      if kind != wanted { break }
      index += length
    }
    return index
  }

  private func longCharacter(at index: Int) -> (class: CharacterClass, length: Int) {
    guard let (scalar, length) = bytes.scalar(at: index) else { return (.other, 1) }
    return (scalar < 0x40000 ? CharacterClass(rawValue: table[Int(scalar)])! : .other, length)
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// The scalar whose well-formed UTF-8 sequence begins at `index`, and the sequence's length.
  func scalar(at index: Int) -> (value: UInt32, length: Int)? {
    let first = UInt32(self[index])
    if first < 0x80 { return (first, 1) }
    let length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0
    guard length > 0, index + length <= count else { return nil }
    var scalar = first & (0x7F >> UInt32(length))
    for offset in 1..<length {
      let next = UInt32(self[index + offset])
      if next & 0xC0 != 0x80 { return nil }
      scalar = scalar << 6 | next & 0x3F
    }
    switch length {
    case 3 where scalar < 0x800 || scalar & 0xF800 == 0xD800: return nil
    case 4 where scalar < 0x10000 || scalar > 0x10FFFF: return nil
    default: return (scalar, length)
    }
  }
}
