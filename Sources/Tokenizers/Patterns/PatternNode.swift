/// A regular expression as a tree.
indirect enum PatternNode: Sendable {
  case set(ScalarSet)
  case sequence([PatternNode])
  /// The first that leads to a match is taken.
  case alternatives([PatternNode])
  /// A set several times; as often as possible, and when it is possessive never less often than that.
  case run(ScalarSet, minimum: Int, maximum: Int, isPossessive: Bool)
  /// Once if possible, else not at all.
  case optional(PatternNode)
  case lookahead(PatternNode, isNegative: Bool)
  /// `$`: before a line feed, or where the text ends.
  case lineEnd

  /// Whether it can match without taking anything.
  var canBeEmpty: Bool {
    switch self {
    case .set: false
    case .sequence(let parts): parts.allSatisfy(\.canBeEmpty)
    case .alternatives(let choices): choices.contains(where: \.canBeEmpty)
    case .run(_, let minimum, _, _): minimum == 0
    case .optional, .lookahead, .lineEnd: true
    }
  }

  /// Whether it takes a fixed part of the text in each of its alternatives, so that it is tried in no time.
  var isSimple: Bool {
    switch self {
    case .set, .lineEnd: true
    case .sequence(let parts): parts.allSatisfy(\.isSimple)
    case .alternatives(let choices): choices.allSatisfy(\.isSimple)
    case .run, .optional, .lookahead: false
    }
  }
}

/// What a regular expression has that is not supported.
struct PatternError: Error {
  var what: String

  init(_ what: String) { self.what = what }
}
