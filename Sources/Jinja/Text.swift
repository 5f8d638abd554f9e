/// Where a piece of text came from.
package struct Mark: Sendable, Equatable {
  /// The origin of the value that the text was part of, as the caller numbered it; `none` for text of the template.
  package var origin: Int32
  /// The origin of the loop's item that was at hand when the text was written; `none` outside of loops over such items.
  package var item: Int32
  /// Whether it stands inside `{% generation %}`.
  package var isGenerated: Bool

  /// No origin: text of the template itself.
  package static let none: Int32 = -1
  /// The template's own text.
  package static let template = Mark(origin: none)

  package init(origin: Int32, item: Int32 = Mark.none, isGenerated: Bool = false) {
    self.origin = origin
    self.item = item
    self.isGenerated = isGenerated
  }
}

/// Text, as UTF-8, that knows where each of its bytes came from.
package struct Text: Sendable {
  /// Bytes of one mark.
  package struct Run: Sendable, Equatable {
    package var end: Int
    package var mark: Mark
  }

  package private(set) var bytes: [UInt8]
  /// The mark of all bytes, where `runs` is empty: most text has a single one.
  private var mark: Mark
  private var runs: [Run] = []
  /// Whether it is what the filters `safe` and `escape` make, Python's `Markup`, beside which other text is escaped.
  var isMarkup = false

  package init(_ bytes: [UInt8] = [], mark: Mark = .template) {
    self.bytes = bytes
    self.mark = mark
  }

  package init(_ string: String, origin: Int32 = Mark.none) {
    self.init(Array(string.utf8), mark: Mark(origin: origin))
  }

  package var string: String { String(decoding: bytes, as: UTF8.self) }
  package var isEmpty: Bool { bytes.isEmpty }

  /// The marks of the bytes, in order; they cover all of them.
  package var marks: [Run] { runs.isEmpty ? (isEmpty ? [] : [Run(end: bytes.count, mark: mark)]) : runs }

  /// The mark of the first byte; that of the whole where there is none.
  var firstMark: Mark { runs.first?.mark ?? mark }

  package mutating func append(_ other: Text) {
    if other.isEmpty { return }
    if isEmpty {
      let isMarkup = isMarkup
      self = other
      self.isMarkup = isMarkup
      return
    }
    if runs.isEmpty, other.runs.isEmpty, mark == other.mark {
      bytes.append(contentsOf: other.bytes)
      return
    }
    if runs.isEmpty { runs.append(Run(end: bytes.count, mark: mark)) }
    let start = bytes.count
    bytes.append(contentsOf: other.bytes)
    if other.runs.isEmpty { return extend(to: bytes.count, other.mark) }
    for run in other.runs { extend(to: start + run.end, run.mark) }
  }

  private mutating func extend(to end: Int, _ mark: Mark) {
    if runs.last?.mark == mark { runs[runs.count - 1].end = end } else { runs.append(Run(end: end, mark: mark)) }
  }

  static func + (left: Text, right: Text) -> Text {
    var sum = left
    sum.append(right)
    return sum
  }

  /// The bytes of a range with their marks.
  package subscript(range: Range<Int>) -> Text {
    if range.count == bytes.count { return self }
    var part = Text(Array(bytes[range]), mark: mark)
    if runs.isEmpty { return part }
    for run in runs where run.end > range.lowerBound {
      part.extend(to: min(run.end, range.upperBound) - range.lowerBound, run.mark)
      if run.end >= range.upperBound { break }
    }
    return part.simplified
  }

  private var simplified: Text { runs.count == 1 ? Text(bytes, mark: runs[0].mark) : self }

  /// The same text, every mark changed by `change`.
  func marked(_ change: (inout Mark) -> Void) -> Text {
    var text = self
    if runs.isEmpty {
      change(&text.mark)
      return text
    }
    text.runs.removeAll(keepingCapacity: true)
    for var run in runs {
      change(&run.mark)
      text.extend(to: run.end, run.mark)
    }
    return text.simplified
  }

  /// The same text as `Markup`, or as plain text.
  func asMarkup(_ isMarkup: Bool = true) -> Text {
    var text = self
    text.isMarkup = isMarkup
    return text
  }

  /// The mark of the byte at `offset`.
  func mark(at offset: Int) -> Mark {
    runs.isEmpty ? mark : runs.first { $0.end > offset }?.mark ?? mark
  }

  /// The text with each scalar replaced by what `change` makes of it; what is new has the mark of what it replaces.
  func mapScalars(_ change: (Unicode.Scalar, _ index: Int) -> String) -> Text {
    var result = Text([], mark: mark)
    for (index, (scalar, range)) in scalars.enumerated() {
      result.append(Text(Array(change(scalar, index).utf8), mark: mark(at: range.lowerBound)))
    }
    return result
  }
}

extension Text {
  /// The scalars and their bytes.
  var scalars: [(scalar: Unicode.Scalar, range: Range<Int>)] {
    var result: [(Unicode.Scalar, Range<Int>)] = []
    result.reserveCapacity(bytes.count)
    var start = 0
    for scalar in string.unicodeScalars {
      let length = UTF8.width(scalar)
      result.append((scalar, start..<start + length))
      start += length
    }
    return result
  }

  /// The offset of each scalar, and the end; nil where every byte is a scalar.
  var scalarOffsets: [Int]? {
    if bytes.allSatisfy({ $0 < 0x80 }) { return nil }
    return bytes.indices.filter { bytes[$0] & 0xC0 != 0x80 } + [bytes.count]
  }

  /// The number of scalars: Python's `len`.
  var count: Int { bytes.reduce(0) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 } }

  /// The first place of `other` at or after `start`.
  func firstRange(of other: [UInt8], from start: Int = 0) -> Range<Int>? {
    let count = other.count
    guard start + count <= bytes.count else { return nil }
    guard let first = other.first else { return start..<start }
    if count > Self.short {
      let place = PatternSearch(other).end(in: bytes[start...])
      return place.map { start + $0 - count..<start + $0 }
    }
    return bytes.withUnsafeBufferPointer { all in
      other.withUnsafeBufferPointer { part in
        for offset in start...(all.count - count) where all[offset] == first {
          if (1..<count).allSatisfy({ all[offset + $0] == part[$0] }) { return offset..<offset + count }
        }
        return nil
      }
    }
  }

  /// The last place of `other` that ends at or before `end`.
  func lastRange(of other: [UInt8], before end: Int) -> Range<Int>? {
    guard other.count <= end else { return nil }
    if other.count > Self.short {
      let place = PatternSearch(other.reversed()).end(in: bytes[..<end].reversed())
      return place.map { end - $0..<end - $0 + other.count }
    }
    for offset in stride(from: end - other.count, through: 0, by: -1)
    where bytes[offset..<offset + other.count].elementsEqual(other) {
      return offset..<offset + other.count
    }
    return nil
  }

  /// Up to so many bytes are compared at every place; longer texts could be made to take very long so.
  private static let short = 16

  func contains(_ other: Text) -> Bool { firstRange(of: other.bytes) != nil }

  /// The text between `range`'s scalars.
  func scalars(_ range: Range<Int>) -> Text {
    guard let offsets = scalarOffsets else { return self[range] }
    return self[offsets[range.lowerBound]..<offsets[range.upperBound]]
  }

  /// Without the scalars at its ends that satisfy `isLeftOut`.
  func trimmed(
    start: Bool = true, end: Bool = true, _ isLeftOut: (Unicode.Scalar) -> Bool = \.isPythonSpace
  ) -> Text {
    let view = string.unicodeScalars
    var lower = view.startIndex
    var upper = view.endIndex
    while start, lower < upper, isLeftOut(view[lower]) { view.formIndex(after: &lower) }
    while end, lower < upper, isLeftOut(view[view.index(before: upper)]) { view.formIndex(before: &upper) }
    let utf8 = string.utf8
    let first = utf8.distance(from: utf8.startIndex, to: lower)
    return self[first..<first + utf8.distance(from: lower, to: upper)]
  }
}

extension Unicode.Scalar {
  /// What Python's `str.isspace` calls a space.
  var isPythonSpace: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }
}

extension Text: Hashable {
  /// Equality of the bytes: where they came from is not part of a text.
  package static func == (left: Text, right: Text) -> Bool { left.bytes == right.bytes }
  package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}

/// Finds a text in time that does not depend on how often it almost occurs (Knuth, Morris and Pratt 1977).
private struct PatternSearch {
  private let pattern: [UInt8]
  /// For each length of the pattern's beginning, the length of its longest proper end that is a beginning, too.
  private let borders: [Int]

  init(_ pattern: [UInt8]) {
    self.pattern = pattern
    var borders = [0, 0]
    var length = 0
    for byte in pattern.dropFirst() {
      while length > 0, pattern[length] != byte { length = borders[length] }
      if pattern[length] == byte { length += 1 }
      borders.append(length)
    }
    self.borders = borders
  }

  /// The number of bytes up to the end of the pattern's first place.
  func end(in bytes: some Sequence<UInt8>) -> Int? {
    var length = 0
    for (offset, byte) in bytes.enumerated() {
      while length > 0, pattern[length] != byte { length = borders[length] }
      if pattern[length] == byte { length += 1 }
      if length == pattern.count { return offset + 1 }
    }
    return nil
  }
}
