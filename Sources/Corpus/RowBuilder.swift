import Kernels

/// The rows of a batch as they are filled from windows.
struct RowBuilder {
  private let rows: Int
  private let columns: Int
  private var tokens: [Int32] = []
  private var targets: [Int32] = []
  private var positions: [Int32] = []
  private var documentStarts: [Int32] = []

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
      tokens: tokens, targets: targets)
  }

  /// Appends a row from the tokens it reads and one more that it only predicts.
  ///
  /// Documents end before the columns `documentEnds`, ascending from 1: what follows is not predicted, and positions
  /// restart. A row that is too short is padded; padding sees only itself.
  mutating func append(_ window: [Int32], documentEnds: [Int]) {
    let row = tokens.count
    let length = window.count - 1
    tokens += window.dropLast()
    targets += window.dropFirst()
    for end in documentEnds { targets[row + end - 1] = -1 }
    var start = 0
    for end in documentEnds + [length] where end > start {
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
