import Files

/// The ranges of the windows of a stream. What a window at `a ..< b` reads is the tokens `[a, b)`; it predicts `[a + 1, b]`.
enum WindowPlaces: Sendable {
  /// The stream cut at every `sequenceLength` tokens; with `keepsTail` the last window may be shorter.
  case packed(tokens: Int, sequenceLength: Int, keepsTail: Bool)
  /// Every document cut separately, from its start.
  case documents([Range<Int>])

  /// - Parameter isMeasured: whether every token is predicted that can be. Otherwise every other document is read without the end of
  ///   text before it, so that a model learns to continue a prompt with and without one.
  init(documentsOf stream: TokenStream, sequenceLength: Int, isMeasured: Bool) throws(Failure) {
    var places: [Range<Int>] = []
    var start = 0
    for (index, boundary) in try stream.documentBoundaries(after: 0, through: stream.count).enumerated() {
      for first in stride(from: start, to: boundary.place - 1, by: sequenceLength) {
        places.append(first..<min(first + sequenceLength, boundary.place - 1))
      }
      let isNextAfterEnd = boundary.sharesToken && (isMeasured || !index.isMultiple(of: 2))
      start = isNextAfterEnd ? boundary.place - 1 : boundary.place
    }
    self = .documents(places)
  }

  var count: Int {
    switch self {
    case .packed(let tokens, let sequenceLength, let keepsTail):
      (max(1, tokens) - 1 + (keepsTail ? sequenceLength - 1 : 0)) / sequenceLength
    case .documents(let places): places.count
    }
  }

  /// The tokens that all windows read.
  var tokenCount: Int {
    switch self {
    case .packed(let tokens, let sequenceLength, let keepsTail): keepsTail ? tokens - 1 : count * sequenceLength
    case .documents(let places): places.reduce(0) { $0 + $1.count }
    }
  }

  subscript(window: Int) -> Range<Int> {
    switch self {
    case .packed(let tokens, let sequenceLength, _):
      window * sequenceLength..<min((window + 1) * sequenceLength, tokens - 1)
    case .documents(let places): places[window]
    }
  }
}
