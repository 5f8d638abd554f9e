/// Rows of tokens with what is to be predicted at each of them; every array is row-major, `[rows, columns]`.
public struct Batch: Sendable, Equatable {
  /// The number of sequences.
  public let rows: Int
  /// The length of every sequence.
  public let columns: Int
  /// The token read at each place.
  public let tokens: [Int32]
  /// The token to predict at each place; -1 where nothing is trained.
  public let targets: [Int32]
  /// The place's distance from the start of its document within the row, in `0 ..< columns`.
  public let positions: [Int32]
  /// The column of the row at which the place's document begins: attention sees columns `documentStarts[i] ... i`.
  public let documentStarts: [Int32]
  /// The columns of its row that each place does not see although its document holds them; nil when it sees them all.
  public let hidden: HiddenColumns?
  /// The answers in it that are weighed as a whole, two for each pair.
  public let answers: [Answer]
  /// The number of targets that are trained.
  public let weight: Int
  /// The tokens of its examples: more than there are places where several examples share their first ones.
  public let tokenCount: Int

  /// Columns `starts[i] ..< ends[i]` of a place's row; none where both are equal.
  public struct HiddenColumns: Sendable, Equatable {
    public var starts: [Int32]
    public var ends: [Int32]
  }

  /// An answer whose log-probability an objective weighs.
  public struct Answer: Sendable, Equatable {
    /// The places of the batch whose targets are its tokens.
    public var places: Range<Int>
    /// Whether it is the better one of its pair, or wanted.
    public var isPreferred: Bool
    /// Its log-probability under the reference model, where there is one.
    public var reference: Double?
  }

  /// A batch of `rows` by `columns` places; `weight` is counted from `targets`, and so is `tokenCount` from the places
  /// unless it is given.
  public init(
    rows: Int, columns: Int, tokens: [Int32], targets: [Int32], positions: [Int32], documentStarts: [Int32],
    hidden: HiddenColumns? = nil, answers: [Answer] = [], tokenCount: Int? = nil
  ) {
    let places = rows * columns
    precondition(
      tokens.count == places && targets.count == places && positions.count == places && documentStarts.count == places,
      """
      a batch of \(rows) x \(columns) needs \(places) of each, not \(tokens.count) tokens, \(targets.count) targets, \
      \(positions.count) positions, \(documentStarts.count) document starts
      """)
    self.rows = rows
    self.columns = columns
    self.tokens = tokens
    self.targets = targets
    self.positions = positions
    self.documentStarts = documentStarts
    self.hidden = hidden
    self.answers = answers
    self.tokenCount = tokenCount ?? places
    weight = targets.reduce(into: 0) { if $1 >= 0 { $0 += 1 } }
  }

  /// The mean number of places that a place's attention sees, itself included.
  public var meanContext: Double {
    let sum = positions.reduce(0) { $0 + Int($1) + 1 }
    return Double(sum) / Double(max(1, positions.count))
  }

  /// The micro-batch made of some of the rows.
  public func slice(rows range: Range<Int>) -> Batch {
    precondition(answers.isEmpty && hidden == nil, "pairs are not made of rows")
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of a batch of \(rows)")
    let places = range.lowerBound * columns..<range.upperBound * columns
    return Batch(
      rows: range.count, columns: columns, tokens: Array(tokens[places]), targets: Array(targets[places]),
      positions: Array(positions[places]), documentStarts: Array(documentStarts[places]))
  }
}
