import Kernels

/// Rows of tokens with what is to be predicted at each of them; every array is row-major, `[rows, columns]`.
public struct Batch: Sendable, Equatable {
  /// The token read at each place.
  public let tokens: [Int32]
  /// The token to predict at each place; -1 where nothing is trained.
  public let targets: [Int32]
  /// Where each token stands in its document, and what it sees of its row.
  public let layout: SequenceLayout
  /// The answers in it that are weighed as a whole: two for each pair, or one for each prompt.
  public let answers: [Answer]
  /// Its prompts with other answers of the step, where an objective compares with them: no batch, or one.
  public private(set) var mismatched: [Batch] = []
  /// The number of targets that are trained.
  public let weight: Int
  /// The tokens of its examples, however they are laid out: padding is none, and a beginning that several share is counted for
  /// each of them.
  public let tokenCount: Int

  /// The number of sequences.
  public var rows: Int { layout.rows }
  /// The length of every sequence.
  public var columns: Int { layout.columns }

  /// An answer whose log-probability an objective weighs.
  public struct Answer: Sendable, Equatable {
    /// The places of the batch whose targets are its tokens.
    public var places: Range<Int>
    /// Whether it is the better one of its pair, or wanted.
    public var isPreferred: Bool
    /// Its log-probability under the reference model, where there is one.
    public var reference: Double?
  }

  /// A batch laid out as `layout` says; `weight` is counted from `targets`, and so is `tokenCount` from the places unless it is
  /// given.
  public init(
    _ layout: SequenceLayout, tokens: [Int32], targets: [Int32], answers: [Answer] = [], tokenCount: Int? = nil
  ) {
    let places = layout.rows * layout.columns
    precondition(
      tokens.count == places && targets.count == places,
      "a batch of \(layout.rows) x \(layout.columns) needs \(places) of each, not \(tokens.count) tokens, \(targets.count) targets"
    )
    self.layout = layout
    self.tokens = tokens
    self.targets = targets
    self.answers = answers
    self.tokenCount = tokenCount ?? places
    weight = targets.reduce(into: 0) { if $1 >= 0 { $0 += 1 } }
  }

  /// This batch with the one of its prompts and other answers.
  func with(mismatched: Batch) -> Batch {
    var batch = self
    batch.mismatched = [mismatched]
    return batch
  }

  /// The mean number of places that a place's attention sees, itself included.
  public var meanContext: Double {
    let sum = layout.positions.reduce(0) { $0 + Int($1) + 1 }
    return Double(sum) / Double(max(1, layout.positions.count))
  }

  /// The micro-batch made of some of the rows.
  public func slice(rows range: Range<Int>) -> Batch {
    precondition(answers.isEmpty && layout.visible.gap == nil, "pairs are not made of rows")
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of a batch of \(rows)")
    let places = range.lowerBound * columns..<range.upperBound * columns
    return Batch(layout.slice(rows: range), tokens: Array(tokens[places]), targets: Array(targets[places]))
  }
}
