/// How a tokenizer cuts text into pieces before bytes are merged.
enum Cutting: Sendable {
  case named(PreTokenizer)
  case steps(PieceSteps)
}

extension Tokenizer {
  /// The pieces that a text without added tokens is cut into, which are merged one by one.
  package func pieces(of text: [UInt8]) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    text.withUnsafeBufferPointer { text in
      switch preparation.cutting {
      case .named(let preTokenizer):
        var scanner = PieceScanner(text, preTokenizer)
        while let range = scanner.next() { pieces.append(Array(text[range])) }
      case .steps(let steps): steps.cut(text) { pieces.append(Array($0)) }
      }
    }
    return pieces
  }
}

/// Where a space is put before text that does not begin with one, before it is cut.
package enum SpacePrefix: String, Sendable, CaseIterable {
  /// Before every stretch between added tokens.
  case always
  /// Before the beginning of the text alone.
  case first
  case never

  func applies(toStretchFrom byte: UInt8, isFirst: Bool) -> Bool {
    switch self {
    case .always: byte != 0x20
    case .first: isFirst && byte != 0x20
    case .never: false
    }
  }
}

/// What becomes of the spaces before a decoded text.
enum SpaceStripping: Sendable {
  case none
  /// The first byte of the text, when it is a space: the step `Strip` of SentencePiece's decoder.
  case one
  /// All spaces of the first token: the step `Metaspace`.
  case firstToken
}

/// All that happens to text between the added tokens before its symbols are merged, and to spaces afterwards.
struct TextPreparation: Sendable {
  var normalization = Normalization([])
  /// Where a space is put before a stretch: `ByteLevel` with `add_prefix_space`, or `Metaspace`.
  var prefix = SpacePrefix.never
  /// Whether it is `Metaspace` that does so, which takes U+2581 for a space.
  var isMetaspace = false
  /// Whether every space begins a piece (`Metaspace` with `split`).
  var splitsAtSpaces = false
  var cutting = Cutting.named(.none)
  var stripping = SpaceStripping.none

  /// The stretch between added tokens with its spaces, nil when it has them already. `isFirst` says that nothing precedes it.
  @inline(__always)
  func spaced(_ text: UnsafeBufferPointer<UInt8>, isFirst: Bool) -> [UInt8]? {
    if prefix == .never, !isMetaspace { return nil }
    return respaced(text, isFirst: isFirst)
  }

  private func respaced(_ text: UnsafeBufferPointer<UInt8>, isFirst: Bool) -> [UInt8]? {
    guard let first = text.first else { return nil }
    let unmarked =
      isMetaspace
      ? Normalization.Step.replace(Normalization.mark, with: [0x20]).applied(to: text) : nil
    let isPrefixed = prefix.applies(toStretchFrom: unmarked?[0] ?? first, isFirst: isFirst)
    if isPrefixed { return [0x20] + (unmarked ?? Array(text)) }
    return unmarked
  }
}
