/// How text is cut into pieces by several steps, each of which cuts the pieces of the one before: a `Sequence` of Hugging
/// Face's pre-tokenizers.
struct PieceSteps: Sendable {
  /// What becomes of the matches of a pattern and of the text between them.
  enum Behavior: String, Sendable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"
  }

  enum Kind: Sendable, Equatable {
    case expression
    case text(String)
    case digits(individual: Bool)
    case punctuation
    case whitespace
  }

  struct Cut: Sendable {
    var kind: Kind
    var pattern: Pattern
    var behavior: Behavior
    /// Whether what is between the matches counts as matched.
    var isInverted = false
  }

  enum Step: Sendable {
    case cut(Cut)
    /// GPT-2's alphabet for the bytes, which later steps see; GPT-2's pattern before that, if it is used.
    case byteLevel(usesPattern: Bool)
  }

  let steps: [Step]

  /// Calls `body` with the pieces of `text` from front to back.
  func cut(_ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    cut(text[...], 0, PatternText(bytes: text), body)
  }

  private func cut(
    _ part: Slice<UnsafeBufferPointer<UInt8>>, _ step: Int, _ text: PatternText,
    _ body: (UnsafeBufferPointer<UInt8>) -> Void
  ) {
    let bytes = UnsafeBufferPointer(rebasing: part)
    guard step < steps.count else { return body(bytes) }
    let inner = PatternText(bytes: bytes, showsByteAlphabet: text.showsByteAlphabet)
    switch steps[step] {
    case .byteLevel(let usesPattern):
      var shown = inner
      shown.showsByteAlphabet = true
      var scanner = PieceScanner(bytes, usesPattern ? .gpt2 : .none)
      while let range = scanner.next() { cut(bytes[range], step + 1, shown, body) }
    case .cut(let cut):
      var joiner = PieceJoiner(cut.behavior)
      var matcher = PatternMatcher(cut.pattern, inner, limit: bytes.count)
      var end = 0
      func add(_ range: Range<Int>, isMatch: Bool) {
        if range.isEmpty { return }
        if let piece = joiner.add(range, isMatch: isMatch != cut.isInverted) {
          self.cut(bytes[piece], step + 1, inner, body)
        }
      }
      while let match = matcher.next(from: end) {
        add(end..<match.lowerBound, isMatch: false)
        add(match, isMatch: true)
        end = match.upperBound
      }
      add(end..<bytes.count, isMatch: false)
      if let piece = joiner.finish() { self.cut(bytes[piece], step + 1, inner, body) }
    }
  }
}

/// Joins matches and what is between them as a behaviour wants it (`NormalizedString::split` of the crate `tokenizers`).
private struct PieceJoiner {
  private let behavior: PieceSteps.Behavior
  /// A piece that what follows may still belong to.
  private var pending: Range<Int>?
  private var pendingIsMatch = false

  init(_ behavior: PieceSteps.Behavior) { self.behavior = behavior }

  /// Takes the next part of the text, which is not empty; returns a piece that is complete by that.
  mutating func add(_ range: Range<Int>, isMatch: Bool) -> Range<Int>? {
    guard let last = pending else {
      return hold(range, isMatch)
    }
    let joins =
      switch behavior {
      case .removed, .isolated: false
      case .contiguous: isMatch == pendingIsMatch
      case .mergedWithPrevious: isMatch && !pendingIsMatch
      case .mergedWithNext: pendingIsMatch && !isMatch
      }
    if joins {
      pending = last.lowerBound..<range.upperBound
      // A match has one neighbour only.
      pendingIsMatch = isMatch
      return nil
    }
    _ = hold(range, isMatch)
    return last
  }

  private mutating func hold(_ range: Range<Int>, _ isMatch: Bool) -> Range<Int>? {
    pending = behavior == .removed && isMatch ? nil : range
    pendingIsMatch = isMatch
    return nil
  }

  mutating func finish() -> Range<Int>? {
    defer { pending = nil }
    return pending
  }
}
