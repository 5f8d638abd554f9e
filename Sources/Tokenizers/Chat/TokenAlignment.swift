/// A part of a text that was encoded by itself.
struct TokenPart {
  let range: Range<Int>
  /// Whether it is an added token.
  let isToken: Bool
  /// The place of its first id.
  let firstID: Int
}

/// Finds which tokens stand for a piece of an encoded text.
struct TokenAlignment {
  private let text: [UInt8]
  private let ids: [Int32]
  private let parts: [TokenPart]
  private let tokenizer: Tokenizer
  private var piece: [UInt8] = []

  init(_ text: [UInt8], _ ids: [Int32], _ parts: [TokenPart], _ tokenizer: Tokenizer) {
    self.text = text
    self.ids = ids
    self.parts = parts
    self.tokenizer = tokenizer
  }

  /// The number of tokens that end at or before `offset`, and of those that begin before it.
  mutating func tokens(before offset: Int, _ encoder: inout Tokenizer.Encoder) -> (whole: Int, begun: Int) {
    guard let index = parts.lastIndex(where: { $0.range.lowerBound < offset }) else { return (0, 0) }
    let part = parts[index]
    let end = index + 1 < parts.count ? parts[index + 1].firstID : ids.count
    if offset >= part.range.upperBound { return (end, end) }
    if part.isToken { return (part.firstID, part.firstID + 1) }
    return walk(part, to: offset, end) ?? reencoded(part, to: offset, &encoder)
  }

  /// Follows the bytes of the tokens; nil where they are not those of the text (normalised, or unknown).
  private mutating func walk(_ part: TokenPart, to offset: Int, _ end: Int) -> (whole: Int, begun: Int)? {
    var place = part.range.lowerBound
    for index in part.firstID..<end {
      piece.removeAll(keepingCapacity: true)
      tokenizer.append(ids[index], skippingSpecial: false, to: &piece)
      var rest = piece[...]
      // The space that SentencePiece puts before a text.
      if place == part.range.lowerBound, rest.first == 0x20, text[place] != 0x20 { rest = rest.dropFirst() }
      guard !piece.isEmpty, place + rest.count <= part.range.upperBound,
        text[place..<place + rest.count].elementsEqual(rest)
      else { return nil }
      place += rest.count
      if place == offset { return (index + 1, index + 1) }
      if place > offset { return (index, index + 1) }
    }
    return nil
  }

  /// Counts the tokens of the part up to `offset`, encoded by itself.
  private func reencoded(
    _ part: TokenPart, to offset: Int, _ encoder: inout Tokenizer.Encoder
  ) -> (whole: Int, begun: Int) {
    var tokens: [Int32] = []
    encoder.append(Array(text[part.range.lowerBound..<offset]), to: &tokens)
    let place = min(part.firstID + tokens.count, ids.count)
    return (place, place)
  }
}
