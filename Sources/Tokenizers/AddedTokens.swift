/// A token that stands outside the merges: its text becomes one id.
package struct AddedToken: Sendable, Equatable {
  package var text: String
  package var id: Int32
  /// A control token (end of text, a turn's beginning): text is searched for it only when the caller asks for it.
  package var isSpecial: Bool
  /// Whether the text is normalised before it is searched for this token.
  package var isNormalized: Bool

  package init(_ text: String, id: Int32, isSpecial: Bool = true, isNormalized: Bool = false) {
    self.text = text
    self.id = id
    self.isSpecial = isSpecial
    self.isNormalized = isNormalized
  }
}

/// Finds added tokens in text: the leftmost one first, and the longest of those that begin there.
struct AddedTokenMatcher: Sendable {
  /// Sorted by their bytes, so that those with a common beginning are neighbours.
  private let tokens: [(bytes: [UInt8], id: Int32)]
  private let isFirstByte: [Bool]

  init(_ added: some Sequence<(bytes: [UInt8], id: Int32)>) {
    tokens = added.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    var isFirstByte = [Bool](repeating: false, count: 256)
    for token in tokens { isFirstByte[Int(token.bytes[0])] = true }
    self.isFirstByte = isFirstByte
  }

  var isEmpty: Bool { tokens.isEmpty }

  /// The first token in `text` at or after `start`.
  func first(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> (range: Range<Int>, id: Int32)? {
    if isEmpty { return nil }
    for index in start..<text.count where isFirstByte[Int(text[index])] {
      if let (length, id) = longest(in: text, at: index) { return (index..<index + length, id) }
    }
    return nil
  }

  /// Narrows the tokens that begin like the text, byte by byte.
  private func longest(in text: UnsafeBufferPointer<UInt8>, at start: Int) -> (length: Int, id: Int32)? {
    var candidates = tokens[...]
    var longest: (length: Int, id: Int32)?
    var length = 0
    while let shortest = candidates.first {
      if shortest.bytes.count == length {
        longest = (length, shortest.id)
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
          return (
            normalized ? bytes.withUnsafeBufferPointer { normalization.applied(to: $0) } ?? bytes : bytes, token.id
          )
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
