import Kernels

/// The rows of a batch as they are filled from windows.
struct RowBuilder {
  private let rows: Int
  private let columns: Int
  private var tokens: [Int32] = []
  private var targets: [Int32] = []
  private var positions: [Int32] = []
  private var documentStarts: [Int32] = []
  private var tokenCount = 0

  init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    tokens.reserveCapacity(rows * columns)
    targets.reserveCapacity(rows * columns)
    positions.reserveCapacity(rows * columns)
    documentStarts.reserveCapacity(rows * columns)
  }

  var batch: Batch {
    Batch(
      SequenceLayout(rows: rows, columns: columns, positions: positions, documentStarts: documentStarts),
      tokens: tokens, targets: targets, tokenCount: tokenCount)
  }

  /// Appends a row from the tokens it reads and one more that it only predicts.
  ///
  /// Documents begin at the columns of `boundaries`, ascending from 1. Positions restart there, or at the token before where
  /// that belongs to both documents; where it does not, the first token of a document is not predicted. A row that is too
  /// short is padded; padding sees only itself.
  mutating func append(_ window: [Int32], boundaries: [DocumentBoundary]) {
    let row = tokens.count
    let length = window.count - 1
    tokenCount += length
    tokens += window.dropLast()
    targets += window.dropFirst()
    for boundary in boundaries where !boundary.sharesToken { targets[row + boundary.place - 1] = -1 }
    var start = 0
    for end in boundaries.map({ $0.sharesToken ? $0.place - 1 : $0.place }) + [length] where end > start {
      positions += 0..<Int32(end - start)
      documentStarts += repeatElement(Int32(start), count: end - start)
      start = end
    }
    let missing = columns - length
    tokens += repeatElement(0, count: missing)
    targets += repeatElement(-1, count: missing)
    positions += repeatElement(0, count: missing)
    documentStarts += Int32(length)..<Int32(columns)
  }
}
