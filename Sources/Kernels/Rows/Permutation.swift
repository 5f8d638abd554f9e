private let tile = 32

/// Copies a strided tensor to a contiguous one: out[index] = x[sum of index times step]. A step of zero repeats.
package func copyStrided(_ out: MutableBuffer, _ x: Buffer, dimensions: [Int], steps: [Int]) {
  let (out, x) = (out.pointer, x.pointer)
  let layout = BroadcastLayout(dimensions, steps: [steps])
  let (dimensions, steps) = (layout.dimensions, layout.steps[0])
  let rank = dimensions.count
  let step = steps[rank - 1]
  if rank > 1, step > 1, steps[rank - 2] == 1 {
    transposeMatrices(out, x, layout)
    return
  }
  layout.forEachRun { start, offsets, count in
    let out = out + start
    let x = x + offsets[0]
    switch step {
    case 0: out.update(repeating: x[0], count: count)
    case 1: out.update(from: x, count: count)
    default: for i in 0..<count { out[i] = x[i * step] }
    }
  }
}

/// The copy where the last two axes are those of a matrix that is stored by columns: in tiles, so that what is read
/// column by column stays in the cache for the neighbouring rows.
private func transposeMatrices(
  _ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ layout: BroadcastLayout
) {
  let rank = layout.dimensions.count
  let (rows, columns) = (layout.dimensions[rank - 2], layout.columns)
  let step = layout.steps[0][rank - 1]
  let bands = (rows + tile - 1) / tile
  let matrices = layout.dimensions.dropLast(2)
  Parallel.run(matrices.reduce(1, *) * bands) { piece, _ in
    var (matrix, offset) = (piece / bands, 0)
    for axis in matrices.indices.reversed() {
      offset += matrix % matrices[axis] * layout.steps[0][axis]
      matrix /= matrices[axis]
    }
    let out = out + piece / bands * rows * columns
    let band = piece % bands * tile..<min(rows, (piece % bands + 1) * tile)
    for left in stride(from: 0, to: columns, by: tile) {
      for row in band {
        for column in left..<min(columns, left + tile) {
          out[row * columns + column] = x[offset + row + column * step]
        }
      }
    }
  }
}
