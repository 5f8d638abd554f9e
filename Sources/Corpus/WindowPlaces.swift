import Files

/// The ranges of the windows of a stream. What a window at `a ..< b` reads is the tokens `[a, b)`; it predicts `[a + 1, b]`.
enum WindowPlaces: Sendable {
  /// The stream cut at every `sequenceLength` tokens.
  case packed(count: Int, sequenceLength: Int)
  /// Every document cut separately, from its start.
  case documents([Range<Int>])

  init(tokens: Int, sequenceLength: Int) {
    self = .packed(count: max(0, tokens - 1) / sequenceLength, sequenceLength: sequenceLength)
  }

  init(documentsOf stream: TokenStream, sequenceLength: Int) throws(Failure) {
    var places: [Range<Int>] = []
    var start = 0
    for end in try stream.documentEnds(after: 0, through: stream.count) {
      for first in stride(from: start, to: end - 1, by: sequenceLength) {
        places.append(first..<min(first + sequenceLength, end - 1))
      }
      start = end
    }
    self = .documents(places)
  }

  var count: Int {
    switch self {
    case .packed(let count, _): count
    case .documents(let places): places.count
    }
  }

  subscript(window: Int) -> Range<Int> {
    switch self {
    case .packed(_, let sequenceLength): window * sequenceLength..<(window + 1) * sequenceLength
    case .documents(let places): places[window]
    }
  }
}
