import Files
import Foundation

/// What happens to text before it is cut into pieces.
package enum Normalization: Sendable {
  case none
  /// Unicode's canonical composition (Qwen2, GPT-NeoX): text that is not in this form does not come back as it was.
  case nfc

  /// The normalised text, nil when `text` is so already. Bytes that are no UTF-8 stay as they are.
  func applied(to text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    // Every scalar below U+0300, whose UTF-8 begins with CC, is composed and combines with nothing before it.
    guard self == .nfc, text.contains(where: { $0 >= 0xCC }) else { return nil }
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var rest = UnsafeRawBufferPointer(text)
    while !rest.isEmpty {
      let end = UTF8Bytes.firstInvalid(in: rest) ?? rest.count
      let valid = String(decoding: rest[..<end], as: UTF8.self)
      result.append(contentsOf: valid.precomposedStringWithCanonicalMapping.utf8)
      if end < rest.count { result.append(rest[end]) }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(end + 1))
    }
    return result
  }
}
