/// A token that stands outside the merges: its text becomes one id.
package struct AddedToken: Sendable, Equatable {
  package var text: String
  package var id: Int32
  /// A control token (end of text, a turn's beginning): text is searched for it only when the caller asks for it.
  package var isSpecial: Bool
  /// Whether the text is normalised before it is searched for this token.
  package var isNormalized: Bool
  /// Whether it stands only where no letter, digit or mark is beside it.
  package var isSingleWord = false
  /// Whether the white space before it becomes part of it.
  package var stripsLeft = false
  /// Whether the white space after it becomes part of it.
  package var stripsRight = false

  package init(_ text: String, id: Int32, isSpecial: Bool = true, isNormalized: Bool = false) {
    self.text = text
    self.id = id
    self.isSpecial = isSpecial
    self.isNormalized = isNormalized
  }
}

/// Finds added tokens in text as the crate `tokenizers` does (`added_vocabulary.rs`): the leftmost one first, and the
/// longest of those that begin there.
struct AddedTokenMatcher: Sendable {
  /// A token as it is searched for.
  struct Entry: Sendable {
    var bytes: [UInt8]
    var id: Int32
    var isSpecial = false
    var isSingleWord = false
    var stripsLeft = false
    var stripsRight = false
  }

  /// Sorted by their bytes, so that those with a common beginning are neighbours.
  private let tokens: [Entry]
  private let isFirstByte: [Bool]

  init(_ added: some Sequence<Entry>) {
    tokens = added.filter { !$0.bytes.isEmpty }.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    var isFirstByte = [Bool](repeating: false, count: 256)
    for token in tokens { isFirstByte[Int(token.bytes[0])] = true }
    self.isFirstByte = isFirstByte
  }

  var isEmpty: Bool { tokens.isEmpty }

  /// Calls `body` with the parts of `text`, none of them empty: the tokens with their ids, and what is between them.
  ///
  /// White space that a token takes may hold further tokens: these are found, too, as the crate finds them.
  ///
  /// - Parameter admits: whether a token is found at a place; the others stay text there.
  @inline(__always)
  func cut(
    _ text: UnsafeBufferPointer<UInt8>, admits: (_ place: Range<Int>, _ token: Entry) -> Bool = { _, _ in true },
    _ body: (_ part: Range<Int>, _ id: Int32?) -> Void
  ) {
    var searched = 0
    var taken = 0
    var spaces = 0..<0
    while let (found, token) = first(in: text, from: searched, admits) {
      searched = found.upperBound
      if token.isSingleWord, text.isWord(before: found.lowerBound) || text.isWord(at: found.upperBound) { continue }
      let start = token.stripsLeft ? text.startOfWhitespace(before: found.lowerBound, from: taken) : found.lowerBound
      // White space that is known already is not looked through again.
      if token.stripsRight, found.upperBound < spaces.lowerBound || found.upperBound > spaces.upperBound {
        spaces = found.upperBound..<text.endOfWhitespace(from: found.upperBound)
      }
      let end = token.stripsRight ? spaces.upperBound : found.upperBound
      if taken < start { body(taken..<start, nil) }
      body(found, token.id)
      taken = end
    }
    if taken < text.count { body(taken..<text.count, nil) }
  }

  /// The first token in `text` at or after `start`.
  private func first(
    in text: UnsafeBufferPointer<UInt8>, from start: Int, _ admits: (Range<Int>, Entry) -> Bool
  ) -> (range: Range<Int>, token: Entry)? {
    if isEmpty { return nil }
    for index in start..<text.count where isFirstByte[Int(text[index])] {
      if let token = longest(in: text, at: index, admits) { return (index..<index + token.bytes.count, token) }
    }
    return nil
  }

  /// Narrows the tokens that begin like the text, byte by byte.
  private func longest(
    in text: UnsafeBufferPointer<UInt8>, at start: Int, _ admits: (Range<Int>, Entry) -> Bool
  ) -> Entry? {
    var candidates = tokens[...]
    var longest: Entry?
    var length = 0
    while let shortest = candidates.first {
      if shortest.bytes.count == length {
        if admits(start..<start + length, shortest) { longest = shortest }
        candidates.removeFirst()
        continue
      }
      guard start + length < text.count else { break }
      let byte = text[start + length]
      let low = candidates.partitioningIndex { $0.bytes[length] >= byte }
      let high = candidates[low...].partitioningIndex { $0.bytes[length] > byte }
      candidates = candidates[low..<high]
      length += 1
    }
    return longest
  }
}

extension ArraySlice {
  /// The first index whose element satisfies `predicate`, which no element does before one that does not follow it.
  fileprivate func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = low + (high - low) / 2
      if predicate(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

/// The matchers a tokenizer needs: for tokens searched before and after the text is normalised, with the special ones
/// and without.
struct AddedTokenMatchers: Sendable {
  struct Stages: Sendable {
    let raw: AddedTokenMatcher
    let normalized: AddedTokenMatcher
  }
  let withoutSpecial: Stages
  let withSpecial: Stages

  init(_ added: [AddedToken], _ normalization: Normalization) {
    func matcher(normalized: Bool, special: Bool) -> AddedTokenMatcher {
      AddedTokenMatcher(
        added.lazy.filter { $0.isNormalized == normalized && (special || !$0.isSpecial) }.map { token in
          let bytes = Array(token.text.utf8)
          let searched = normalized ? bytes.withUnsafeBufferPointer { normalization.applied(to: $0) } : nil
          return AddedTokenMatcher.Entry(
            bytes: searched ?? bytes, id: token.id, isSpecial: token.isSpecial, isSingleWord: token.isSingleWord,
            stripsLeft: token.stripsLeft,
            stripsRight: token.stripsRight)
        })
    }
    func stages(special: Bool) -> Stages {
      Stages(
        raw: matcher(normalized: false, special: special), normalized: matcher(normalized: true, special: special))
    }
    withoutSpecial = stages(special: false)
    withSpecial = stages(special: true)
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Whether the scalar before `index` is part of a word.
  fileprivate func isWord(before index: Int) -> Bool { scalar(endingAt: index).map { isWord($0.value) } ?? false }

  /// Whether the scalar at `index` is part of a word.
  fileprivate func isWord(at index: Int) -> Bool {
    index < count && scalar(at: index).map { isWord($0.value) } ?? false
  }

  /// `\w` of the crate `regex`.
  private func isWord(_ value: UInt32) -> Bool {
    guard let properties = Unicode.Scalar(value)?.properties else { return false }
    switch properties.generalCategory {
    case .decimalNumber, .connectorPunctuation, .nonspacingMark, .spacingMark, .enclosingMark: return true
    default: return properties.isAlphabetic || properties.isJoinControl
    }
  }
}
