/// How the chunks of an array tile it.
package struct ChunkGrid: Sendable {
  package let shape: [Int]
  package let chunk: [Int]
  package let elementSize: Int
  /// The number of chunks along each axis.
  package let counts: [Int]

  package init(shape: [Int], chunk: [Int], elementSize: Int) {
    (self.shape, self.chunk, self.elementSize) = (shape, chunk, elementSize)
    counts = zip(shape, chunk).map { ($0 + $1 - 1) / $1 }
  }

  package var count: Int { counts.reduce(1, *) }
  /// The bytes of a chunk without its checksum; those beyond the array's edge are stored too.
  package var chunkSize: Int { chunk.reduce(elementSize, *) }
  /// The bytes of a row of the array.
  package var rowSize: Int { shape.dropFirst().reduce(elementSize, *) }

  /// The chunks, in the order of the grid, that have some of the rows.
  package func chunks(ofRows rows: Range<Int>) -> Range<Int> {
    let layer = counts.dropFirst().reduce(1, *)
    return rows.lowerBound / chunk[0] * layer..<((rows.upperBound - 1) / chunk[0] + 1) * layer
  }

  /// The place of a chunk's first element.
  package func corner(of index: Int) -> [Int] {
    var (rest, corner) = (index, [Int](repeating: 0, count: shape.count))
    for axis in shape.indices.reversed() {
      corner[axis] = rest % counts[axis] * chunk[axis]
      rest /= counts[axis]
    }
    return corner
  }

  /// The chunk whose first element is at `corner`; nil if none is.
  package func index(of corner: [Int]) -> Int? {
    var index = 0
    for axis in shape.indices {
      guard corner[axis] % chunk[axis] == 0, 0..<shape[axis] ~= corner[axis] else { return nil }
      index = index * counts[axis] + corner[axis] / chunk[axis]
    }
    return index
  }

  /// The bytes of the array that a chunk holds where they are in one piece: it has one element of the outer axes, some of one,
  /// and all of the inner ones.
  package func piece(of index: Int) -> Range<Int>? {
    let axis = chunk.firstIndex { $0 > 1 } ?? chunk.count - 1
    guard chunk[(axis + 1)...] == shape[(axis + 1)...] else { return nil }
    let corner = corner(of: index)
    let start = zip(shape, corner).reduce(0) { $0 * $1.0 + $1.1 } * elementSize
    let rows = min(chunk[axis], shape[axis] - corner[axis])
    return start..<start + shape[(axis + 1)...].reduce(rows * elementSize, *)
  }

  /// Copies what a chunk holds of some rows to their place among these rows, a run of the innermost axis at a time.
  package func copy(
    _ index: Int, _ bytes: UnsafeRawBufferPointer, rows: Range<Int>, to target: UnsafeMutableRawBufferPointer
  ) {
    let corner = corner(of: index)
    let last = shape.count - 1
    let ends = shape.indices.map { min(chunk[$0], shape[$0] - corner[$0]) }
    let run = ends[last] * elementSize
    var place = [Int](repeating: 0, count: shape.count)
    while true {
      let row = corner[0] + place[0]
      if last == 0 {
        let common = rows.clamped(to: row..<row + ends[0])
        let source = bytes[(common.lowerBound - row) * elementSize..<(common.upperBound - row) * elementSize]
        return UnsafeMutableRawBufferPointer(rebasing: target[((common.lowerBound - rows.lowerBound) * elementSize)...])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: source))
      }
      if rows.contains(row) {
        let from = zip(chunk, place).reduce(0) { $0 * $1.0 + $1.1 } * elementSize
        let inArray = zip(shape, zip(corner, place)).reduce(0) { $0 * $1.0 + $1.1.0 + $1.1.1 } * elementSize
        UnsafeMutableRawBufferPointer(rebasing: target[(inArray - rows.lowerBound * rowSize)...])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[from..<from + run]))
      }
      guard Self.advance(&place, to: ends) else { return }
    }
  }

  /// The next place in the order of rows, the innermost axis aside; false after the last.
  private static func advance(_ place: inout [Int], to ends: [Int]) -> Bool {
    for axis in place.indices.dropLast().reversed() {
      place[axis] += 1
      if place[axis] < ends[axis] { return true }
      place[axis] = 0
    }
    return false
  }
}

/// The chunk an array is stored in: whole rows, about a mebibyte of them, of a number that nearly divides the array's.
///
/// Chunks at the edge are stored whole, so a number that does not divide makes the file larger than the array. Arrays of more
/// than a gibibyte have chunks of up to 8 mebibytes: HDF5 finds the n-th one by counting.
package struct ChunkShape {
  private static let target = 1 << 20
  package let dimensions: [Int]

  package init(of shape: [Int], elementSize: Int) {
    let target = min(8 * Self.target, max(Self.target, shape.reduce(elementSize, *) / 1024))
    var dimensions = shape
    for axis in shape.indices {
      let row = shape[(axis + 1)...].reduce(elementSize, *)
      dimensions[axis] = row > target ? 1 : Self.rows(shape[axis], atMost: max(1, target / row))
      if dimensions[axis] > 1 || row <= target { break }
    }
    self.dimensions = dimensions
  }

  /// The largest number of rows up to twice `limit` whose last chunk lacks no more than a 200th of all rows.
  private static func rows(_ count: Int, atMost limit: Int) -> Int {
    var parts = (count + limit - 1) / limit
    // One chunk wastes nothing, and one row a chunk neither.
    if count <= 2 * limit { parts = 1 }
    while true {
      let rows = (count + parts - 1) / parts
      if (rows * parts - count) * 200 <= count { return rows }
      parts += 1
    }
  }
}
