import Foundation

/// What happens to text before it is cut into pieces.
package enum Normalization: Sendable, Equatable {
  case none
  /// Unicode's canonical composition (Qwen2, GPT-NeoX): text in another form does not round-trip.
  case nfc
  /// SentencePiece's spaces: one may be put before the text, and U+2581 is a space.
  case sentencePiece(SpacePrefix)

  /// Whether a decoded text has a space before it.
  var hasSpaceBeforeText: Bool { if case .sentencePiece(let prefix) = self { prefix != .never } else { false } }

  /// The normalised text, nil when it is that already. `isFirst` says that nothing precedes it. Bytes that are no
  /// UTF-8 stay as they are.
  package func applied(to text: UnsafeBufferPointer<UInt8>, isFirst: Bool = true) -> [UInt8]? {
    switch self {
    case .none: nil
    case .nfc: Self.composed(text)
    case .sentencePiece(let prefix): Self.spaced(text, prefix, isFirst: isFirst)
    }
  }

  private static func spaced(_ text: UnsafeBufferPointer<UInt8>, _ prefix: SpacePrefix, isFirst: Bool) -> [UInt8]? {
    guard let first = text.first else { return nil }
    let mark: [UInt8] = [0xE2, 0x96, 0x81]
    let begins = first == 0x20 || text.prefix(3).elementsEqual(mark)
    let isPrefixed = prefix.applies(toStretchFrom: begins ? 0x20 : first, isFirst: isFirst)
    if !isPrefixed, !text.contains(mark[0]) { return nil }
    var result: [UInt8] = isPrefixed ? [0x20] : []
    result.reserveCapacity(text.count + 1)
    var index = 0
    while index < text.count {
      let isMark = text[index] == mark[0] && text[index...].prefix(3).elementsEqual(mark)
      result.append(isMark ? 0x20 : text[index])
      index += isMark ? 3 : 1
    }
    return result
  }

  /// The composed text, nil when nothing had to be composed.
  ///
  /// Only stretches around scalars that are not known to be inert are composed; each begins with the inert scalar before
  /// them, which they may combine with.
  private static func composed(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    var result: [UInt8]?
    var copied = 0
    var before = 0
    var index = 0
    while index < text.count {
      if text[index] < 0x80 {
        before = index
        index += 1
        continue
      }
      guard let (scalar, length) = text.scalar(at: index) else {
        index += 1
        before = index
        continue
      }
      if isInert(scalar) {
        before = index
        index += length
        continue
      }
      index += length
      while index < text.count, let (next, length) = text.scalar(at: index), !isInert(next) { index += length }
      let stretch = UnsafeBufferPointer(rebasing: text[before..<index])
      let composed = String(decoding: stretch, as: UTF8.self).precomposedStringWithCanonicalMapping
      result = result ?? []
      result?.append(contentsOf: text[copied..<before])
      result?.append(contentsOf: composed.utf8)
      copied = index
    }
    result?.append(contentsOf: text[copied...])
    return result
  }

  /// Ranges of scalars that are in composed form and combine with nothing before them; not exhaustive.
  package static let inertRanges: [ClosedRange<UInt32>] = [
    0...0x2FF,  // Latin
    0x400...0x482, 0x48A...0x52F,  // Cyrillic
    0x2010...0x2027, 0x2030...0x205E,  // dashes, quotation marks
    0x3041...0x3096, 0x30A1...0x30FA,  // kana
    0x3400...0x9FFF,  // ideographs
    0xAC00...0xD7A3,  // Hangul
    0xFF01...0xFFEE,  // full-width forms
    0x1F300...0x1FAFF,  // emoji
  ]

  private static func isInert(_ scalar: UInt32) -> Bool { inertRanges.contains { $0.contains(scalar) } }
}
