/// The blocks of rows and columns that C is cut into for more than two threads: enough for all of them, and as even as they can be.
/// Who computes an element of C depends on the grid, but no sum's order does.
struct ProductGrid {
  let rowBlocks: Int
  let columnBlocks: Int

  /// nil for one or two threads, whose blocks the kernels choose for the caches' sake. `rowPanels` and `columnPanels` are the
  /// tiles of C in each direction; `packsA` says whether each block copies its rows of A.
  init?(rowPanels: Int, columnPanels: Int, threads: Int, packsA: Bool) {
    guard threads > 2 else { return nil }
    var best = (cost: Double.infinity, rows: 1, columns: 1)
    for columns in [1, 2, 3, 4, 6, 8] where columns <= columnPanels {
      for rounds in 1...4 {
        let rows = max(1, min(rowPanels, rounds * threads / columns))
        let cost = Self.cost(
          ((rowPanels + rows - 1) / rows, (columnPanels + columns - 1) / columns),
          rounds: (rows * columns + threads - 1) / threads, packsA: packsA)
        if cost < best.cost { best = (cost, rows, columns) }
      }
    }
    (rowBlocks, columnBlocks) = (best.rows, best.columns)
  }

  /// How many tiles' time the slowest thread takes for `rounds` blocks of so many panels: besides the tiles, what a block reads
  /// and copies. One round leaves nothing to others if a thread is delayed.
  private static func cost(_ panels: (rows: Int, columns: Int), rounds: Int, packsA: Bool) -> Double {
    let (rows, columns) = (Double(panels.rows), Double(panels.columns))
    let block = rows * columns + (packsA ? 0.5 : 0.1) * rows + 0.25 * columns + 0.5
    return Double(rounds) * block * (1 + 0.06 / Double(rounds))
  }
}
