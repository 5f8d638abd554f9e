/// What happens to text before it is cut into pieces: the steps of Hugging Face's normalizers, one after the other.
package struct Normalization: Sendable, Equatable {
  package enum Step: Sendable, Equatable {
    case form(UnicodeForm)
    /// Every scalar by itself, as Rust's `to_lowercase` of a character.
    case lowercase
    /// Without white space at its ends.
    case strip(left: Bool, right: Bool)
    /// Without scalars of the category M.
    case stripAccents
    /// Something before any text that is not empty.
    case prepend([UInt8])
    case replace([UInt8], with: [UInt8])
  }

  /// The steps as files spell them.
  package let steps: [Step]
  /// Whether the result has spaces where files have U+2581, its mark for them.
  let unmarksSpaces: Bool
  private let actions: [Step]

  static let mark: [UInt8] = [0xE2, 0x96, 0x81]
  private static let space: [UInt8] = [0x20]
  /// SentencePiece's own step: a space is written U+2581.
  static let markingSpaces = Step.replace(space, with: mark)

  /// The steps on text whose pieces are written in `alphabet`.
  ///
  /// In SentencePiece's, vocabularies are kept with spaces for U+2581. Text is in that form from the step on that makes
  /// both the same; there it is turned around.
  init(_ steps: [Step], alphabet: Alphabet) {
    self.steps = steps
    guard alphabet == .characters, let place = steps.firstIndex(of: Self.markingSpaces) else {
      unmarksSpaces = false
      actions = steps
      return
    }
    unmarksSpaces = true
    let later = steps[(place + 1)...].filter { $0 != Self.markingSpaces }
    let unmarked = later.map { (step: Step) -> Step in
      switch step {
      case .prepend(let text): .prepend(Self.unmarked(text))
      case .replace(let text, let other): .replace(Self.unmarked(text), with: Self.unmarked(other))
      default: step
      }
    }
    let unmark = Step.replace(Self.mark, with: Self.space)
    // A mark that is put before text becomes a space at once: one copy less.
    if place > 0, steps[place - 1] == .prepend(Self.mark) {
      actions = steps[..<(place - 1)] + [unmark, .prepend(Self.space)] + unmarked
    } else {
      actions = steps[..<place] + [unmark] + unmarked
    }
  }

  package init(_ steps: [Step]) { self.init(steps, alphabet: .bytes) }

  /// The normalised text, nil when it is that already. Bytes that are no UTF-8 stay as they are.
  package func applied(to text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    var result: [UInt8]?
    for action in actions {
      if let current = result {
        if let next = current.withUnsafeBufferPointer({ action.applied(to: $0) }) { result = next }
      } else {
        result = action.applied(to: text)
      }
    }
    return result
  }

  private static func unmarked(_ text: [UInt8]) -> [UInt8] {
    Step.replace(mark, with: space).applied(to: text) ?? text
  }
}

extension Normalization.Step {
  func applied(to text: [UInt8]) -> [UInt8]? { text.withUnsafeBufferPointer { applied(to: $0) } }

  /// The text after this step, nil when it stays as it is.
  func applied(to text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    switch self {
    case .form(let form): return form.applied(to: text)
    case .lowercase:
      return text.contains { $0 >= 0x80 || (0x41...0x5A).contains($0) } ? Self.lowercased(text) : nil
    case .strip(let left, let right):
      let start = left ? text.endOfWhitespace(from: 0) : 0
      let end = right ? text.startOfWhitespace(before: text.count, from: start) : text.count
      return start == 0 && end == text.count ? nil : Array(text[start..<end])
    case .stripAccents: return text.contains { $0 >= 0x80 } ? Self.withoutAccents(text) : nil
    case .prepend(let prefix): return text.isEmpty ? nil : prefix + text
    case .replace(let pattern, let content): return Self.replacing(pattern, with: content, in: text)
    }
  }

  private static func lowercased(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    mapped(text) { scalar in
      scalar.isASCII
        ? [(0x41...0x5A).contains(scalar.value) ? UInt8(scalar.value) + 0x20 : UInt8(scalar.value)]
        : Array(scalar.properties.lowercaseMapping.utf8)
    }
  }

  private static func withoutAccents(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    mapped(text) { scalar in
      switch scalar.properties.generalCategory {
      case .nonspacingMark, .spacingMark, .enclosingMark: []
      default: Array(UTF8.encode(scalar)!)
      }
    }
  }

  private static func mapped(
    _ text: UnsafeBufferPointer<UInt8>, _ transform: (Unicode.Scalar) -> [UInt8]
  ) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var index = 0
    while index < text.count {
      if let (value, length) = text.scalar(at: index), let scalar = Unicode.Scalar(value) {
        result += transform(scalar)
        index += length
      } else {
        result.append(text[index])
        index += 1
      }
    }
    return result
  }

  private static func replacing(
    _ pattern: [UInt8], with content: [UInt8], in text: UnsafeBufferPointer<UInt8>
  ) -> [UInt8]? {
    guard let first = pattern.first, text.count >= pattern.count else { return nil }
    var result: [UInt8]?
    var copied = 0
    var index = 0
    while index + pattern.count <= text.count {
      guard text[index] == first, text[index..<index + pattern.count].elementsEqual(pattern) else {
        index += 1
        continue
      }
      if result == nil {
        result = []
        result!.reserveCapacity(text.count)
      }
      result!.append(contentsOf: text[copied..<index])
      result!.append(contentsOf: content)
      index += pattern.count
      copied = index
    }
    result?.append(contentsOf: text[copied...])
    return result
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Where the white space that begins at `start` ends.
  func endOfWhitespace(from start: Int) -> Int {
    var index = start
    while index < count, let (value, length) = scalar(at: index),
      Unicode.Scalar(value)?.properties.isWhitespace == true
    {
      index += length
    }
    return index
  }

  /// Where the white space before `end` begins, at the earliest at `start`.
  func startOfWhitespace(before end: Int, from start: Int) -> Int {
    var index = end
    while index > start, let (value, length) = scalar(endingAt: index), index - length >= start,
      Unicode.Scalar(value)?.properties.isWhitespace == true
    {
      index -= length
    }
    return index
  }

  /// The scalar whose well-formed UTF-8 sequence ends before `end`, and the sequence's length.
  func scalar(endingAt end: Int) -> (value: UInt32, length: Int)? {
    for length in 1...4 where length <= end {
      if self[end - length] & 0xC0 == 0x80 { continue }
      guard let found = scalar(at: end - length), found.length == length else { return nil }
      return found
    }
    return nil
  }
}
