/// How text is cut into pieces before bytes are merged: no token crosses the end of a piece.
///
/// Each is the regular expression of its name, matched by a scanner that looks at each byte a bounded number of times.
/// Letters, numbers and spaces are those of the Unicode version of Swift's standard library. A byte that is not part of
/// well-formed UTF-8 is taken for one character that is none of these.
public enum PreTokenizer: String, Sendable, CaseIterable {
  /// The pattern of GPT-2, also used by GPT-NeoX, Pythia and OLMo.
  case gpt2
  /// The pattern of Llama 3, which is that of tiktoken's `cl100k_base`: up to three digits a piece, line breaks join what
  /// precedes them.
  case llama3
  /// The pattern of Qwen2: as `llama3`, but every digit by itself.
  case qwen2
  /// The pattern of GPT-2 between digits, and every digit by itself, as SmolLM has it.
  case gpt2Digits = "gpt2-digits"
  /// The whole text is one piece.
  case none

  /// The regular expression, as `tokenizer.json` spells it; nil for `none`.
  package var pattern: String? {
    switch self {
    case .gpt2, .gpt2Digits: #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    case .llama3: Self.cl100k(digits: #"\p{N}{1,3}"#)
    case .qwen2: Self.cl100k(digits: #"\p{N}"#)
    case .none: nil
    }
  }

  private static func cl100k(digits: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }
}

/// Cuts a text into the pieces of a pre-tokeniser, front to back. The pieces are the text: nothing is left out.
package struct PieceScanner {
  private let text: ClassifiedText
  private let preTokenizer: PreTokenizer
  private var start = 0
  /// Where the text ends, or the next digit when each digit is a piece: lookahead does not see beyond.
  private var limit = 0

  package init(_ bytes: UnsafeBufferPointer<UInt8>, _ preTokenizer: PreTokenizer) {
    text = ClassifiedText(bytes)
    self.preTokenizer = preTokenizer
  }

  /// The next piece, nil at the end.
  @inline(__always)
  package mutating func next() -> Range<Int>? {
    if start == text.count { return nil }
    let piece = start..<end()
    start = piece.upperBound
    return piece
  }

  @inline(__always)
  private mutating func end() -> Int {
    switch preTokenizer {
    case .gpt2:
      limit = text.count
      return endOfGPT2Piece()
    case .llama3:
      limit = text.count
      return endOfLlamaPiece(digits: 3)
    case .qwen2:
      limit = text.count
      return endOfLlamaPiece(digits: 1)
    case .gpt2Digits: return endOfPieceBetweenDigits()
    case .none: return text.count
    }
  }

  private mutating func endOfPieceBetweenDigits() -> Int {
    if start == limit {
      let (kind, length) = text.character(at: start)
      if kind == .number {
        limit = start + length
        return limit
      }
      while limit < text.count {
        let (kind, length) = text.character(at: limit)
        if kind == .number { break }
        limit += length
      }
    }
    return endOfGPT2Piece()
  }

  private func endOfGPT2Piece() -> Int {
    if text[start] == UInt8(ascii: "'"), let end = endOfContraction(anyCase: false) { return end }
    var (kind, length) = text.character(at: start)
    var index = start + length
    if text[start] == UInt8(ascii: " "), index < limit {
      let (next, nextLength) = text.character(at: index)
      if next != .space {
        kind = next
        index += nextLength
      }
    }
    return kind == .space ? endOfSpaces() : text.end(of: kind, from: index, limit: limit)
  }

  private func endOfLlamaPiece(digits: Int) -> Int {
    if text[start] == UInt8(ascii: "'"), let end = endOfContraction(anyCase: true) { return end }
    let (kind, length) = text.character(at: start)
    let index = start + length
    switch kind {
    case .letter: return text.end(of: .letter, from: index, limit: limit)
    case .number: return endOfNumber(from: index, more: digits - 1)
    case .other, .space:
      if index < limit, !isLineBreak(text[start]) {
        let (next, nextLength) = text.character(at: index)
        if next == .letter { return text.end(of: .letter, from: index + nextLength, limit: limit) }
        if next == .other, text[start] == UInt8(ascii: " ") { return endOfSymbols(from: index + nextLength) }
      }
      return kind == .other ? endOfSymbols(from: index) : endOfSpacesOrLines()
    }
  }

  private func endOfNumber(from index: Int, more: Int) -> Int {
    var index = index
    for _ in 0..<more {
      guard index < limit, case (.number, let length) = text.character(at: index) else { break }
      index += length
    }
    return index
  }

  /// `[^\s\p{L}\p{N}]*[\r\n]*`
  private func endOfSymbols(from index: Int) -> Int {
    var index = text.end(of: .other, from: index, limit: limit)
    while index < limit, isLineBreak(text[index]) { index += 1 }
    return index
  }

  /// `\s+(?!\S)|\s+`: all spaces, but the last one when something follows it.
  private func endOfSpaces() -> Int {
    var index = start
    var last = start
    while index < limit {
      let (kind, length) = text.character(at: index)
      if kind != .space { return last == start ? index : last }
      last = index
      index += length
    }
    return index
  }

  /// `\s*[\r\n]+|\s+(?!\S)|\s+`: spaces through the last line break among them.
  private func endOfSpacesOrLines() -> Int {
    var index = start
    var lines = start
    while index < limit {
      let (kind, length) = text.character(at: index)
      if kind != .space { break }
      index += length
      if isLineBreak(text[index - 1]) { lines = index }
    }
    return lines > start ? lines : endOfSpaces()
  }

  /// `'s|'t|'re|'ve|'m|'ll|'d`. In any case, `ſ` (U+017F, C5 BF) is an s, too.
  private func endOfContraction(anyCase: Bool) -> Int? {
    let mask: UInt8 = anyCase ? 0x20 : 0
    guard start + 1 < limit else { return nil }
    let first = text[start + 1]
    let second = start + 2 < limit ? text[start + 2] : 0
    switch (first | mask, second | mask) {
    case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _):
      return start + 2
    case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
      (UInt8(ascii: "l"), UInt8(ascii: "l")):
      return start + 3
    default: return anyCase && first == 0xC5 && second == 0xBF ? start + 3 : nil
    }
  }

  private func isLineBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
}
