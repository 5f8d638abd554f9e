import Kernels

/// Where each token of [B, T] stands: its position in its document, the column at which its document begins, and what
/// of the document is hidden from it. A token sees its document up to itself.
public struct TokenPlaces: Sendable {
  /// The columns from `starts` up to `ends` that each token does not see, [B T] each; nothing where both are equal.
  public typealias HiddenColumns = (starts: [Int32], ends: [Int32])

  /// The position in its document, [B T].
  public let positions: [Int32]
  /// The column of its row at which its document begins, [B T].
  public let documentStarts: [Int32]
  /// What is hidden: in [prompt | chosen | rejected] the chosen answer from every token of the rejected one.
  public let hidden: HiddenColumns?

  /// Places as given, one of each a token.
  public init(positions: [Int32], documentStarts: [Int32], hidden: HiddenColumns? = nil) {
    precondition(positions.count == documentStarts.count)
    precondition(hidden.map { [$0.starts.count, $0.ends.count].allSatisfy { $0 == positions.count } } ?? true)
    self.positions = positions
    self.documentStarts = documentStarts
    self.hidden = hidden
  }

  /// Rows that are one document each: positions 0..<T.
  public init(rows: Int, columns: Int) {
    self.init(
      positions: (0..<rows).flatMap { _ in (0..<columns).map(Int32.init) },
      documentStarts: [Int32](repeating: 0, count: rows * columns))
  }

  var mask: AttentionMask { AttentionMask(starts: documentStarts, hidden: hidden) }

  /// Documents begin at or before their tokens and follow each other; what is hidden from a token lies in its document
  /// before it.
  func check(columns: Int) {
    for (token, start) in documentStarts.enumerated() {
      let column = token % columns
      precondition(
        start >= (column > 0 ? documentStarts[token - 1] : 0) && start <= column,
        "selfAttention: the document of token \(token), column \(column), begins at \(start)")
      guard let hidden, hidden.starts[token] != hidden.ends[token] else { continue }
      let (low, high) = (hidden.starts[token], hidden.ends[token])
      precondition(
        start <= low && low < high && high <= column,
        "selfAttention: columns \(low) up to \(high) are hidden from token \(token) of the document at \(start)")
    }
  }
}
