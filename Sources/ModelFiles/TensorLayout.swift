/// The order of a matrix's elements in a file of another program, compared with Hugging Face's.
enum TensorLayout: Equatable {
  case same
  /// Rows and columns are exchanged.
  case transposed
  /// The two halves of each head's rows alternate, so that a rotary pair is two neighbours.
  case rotaryPairs(heads: Int)
  /// All queries, all keys, all values, where Hugging Face has those of each head in turn.
  case separatedHeads(heads: Int)
  /// The numbers are larger by 1.
  case plusOne

  /// The shape in the file of a tensor that Hugging Face has in `shape`, and the other way round.
  func shape(of shape: [Int]) -> [Int] { self == .transposed ? shape.reversed() : shape }

  /// Copies a matrix that the file has as [rows, columns] to Hugging Face's layout.
  func decode(
    _ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, rows: Int, columns: Int
  ) {
    switch self {
    case .same: target.update(from: source, count: rows * columns)
    case .transposed: transpose(source, into: target, rows: rows, columns: columns)
    case .plusOne:
      for i in 0..<rows * columns { target[i] = source[i] - 1 }
    case .rotaryPairs, .separatedHeads:
      for (row, place) in storedRows(rows: rows).enumerated() {
        (target + row * columns).update(from: source + place * columns, count: columns)
      }
    }
  }

  /// Copies a matrix that Hugging Face has as [rows, columns] to the file's layout.
  func encode(
    _ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, rows: Int, columns: Int
  ) {
    switch self {
    case .same, .transposed: decode(source, into: target, rows: rows, columns: columns)
    case .plusOne:
      for i in 0..<rows * columns { target[i] = source[i] + 1 }
    case .rotaryPairs, .separatedHeads:
      for (row, place) in storedRows(rows: rows).enumerated() {
        (target + place * columns).update(from: source + row * columns, count: columns)
      }
    }
  }

  /// For each row of a matrix of `rows` in Hugging Face's layout, the file's row that holds it; not of a transposed one.
  func storedRows(rows: Int) -> [Int] {
    switch self {
    case .same, .transposed, .plusOne: return Array(0..<rows)
    case .rotaryPairs(let heads):
      let size = rows / heads
      return (0..<rows).map { row in
        let (head, place) = (row / size, row % size)
        return head * size + (place < size / 2 ? 2 * place : 2 * (place - size / 2) + 1)
      }
    case .separatedHeads(let heads):
      let size = rows / heads / 3
      return (0..<rows).map { row in
        let (head, part, place) = (row / (3 * size), row / size % 3, row % size)
        return (part * heads + head) * size + place
      }
    }
  }
}

/// Copies a matrix of `rows` rows to its transpose.
private func transpose(
  _ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, rows: Int, columns: Int
) {
  for row in 0..<rows {
    for column in 0..<columns { target[column * rows + row] = source[row * columns + column] }
  }
}
