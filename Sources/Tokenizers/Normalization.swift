import Foundation

/// What happens to text before it is cut into pieces.
package enum Normalization: Sendable {
  case none
  /// Unicode's canonical composition (Qwen2, GPT-NeoX): text that is not in this form does not come back as it was.
  case nfc

  /// The normalised text, nil when nothing had to be composed. Bytes that are no UTF-8 stay as they are.
  ///
  /// Only stretches around scalars that are not known to be inert are composed; each begins with the inert scalar before
  /// them, which they may combine with.
  package func applied(to text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    guard self == .nfc else { return nil }
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
      if Self.isInert(scalar) {
        before = index
        index += length
        continue
      }
      index += length
      while index < text.count, let (next, length) = text.scalar(at: index), !Self.isInert(next) { index += length }
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

  /// Ranges of scalars that are in composed form and combine with nothing before them; far from all there are.
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
