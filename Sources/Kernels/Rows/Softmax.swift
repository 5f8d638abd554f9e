// Softmax over rows of `columns` numbers: y = e^(x - max) / sum e^(x - max).

/// out = e^(x - shift) and the return value is its sum, over n numbers, on this thread. `out` may be x.
@inline(__always)
func exponentials(_ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, shift: Float, _ n: Int) -> Float {
  if UnsafePointer(out) == x {
    for i in 0..<n { out[i] = exponential(out[i] - shift) }
  } else {
    for i in 0..<n { out[i] = exponential(x[i] - shift) }
  }
  return sum(out, n)
}

/// y = softmax(x) for each row; zeros where all of a row are minus infinity.
package func softmaxForward(_ y: MutableBuffer, _ x: Buffer, columns: Int) {
  let (rows, y, x) = (x.count / max(1, columns), y.pointer, x.pointer)
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
    for row in range {
      let y = y + row * columns
      let x = x + row * columns
      let top = largest(x, columns)
      if top == -.infinity {
        y.update(repeating: 0, count: columns)
        continue
      }
      let factor = 1 / exponentials(y, x, shift: top, columns)
      for j in 0..<columns { y[j] *= factor }
    }
  }
}

/// dx = y (dy - sum(dy y)) for each row.
package func softmaxBackward(_ dx: MutableBuffer, _ dy: Buffer, _ y: Buffer, columns: Int) {
  let (rows, dx, dy, y) = (dy.count / max(1, columns), dx.pointer, dy.pointer, y.pointer)
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
    for row in range {
      let dx = dx + row * columns
      let dy = dy + row * columns
      let y = y + row * columns
      let projection = dot(dy, y, columns)
      for j in 0..<columns { dx[j] = y[j] * (dy[j] - projection) }
    }
  }
}

/// y = x - logsumexp(x) for each row; a row of minus infinities stays one.
package func logSoftmaxForward(_ y: MutableBuffer, _ x: Buffer, columns: Int) {
  let (rows, y, x) = (x.count / max(1, columns), y.pointer, x.pointer)
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
    for row in range {
      let y = y + row * columns
      let x = x + row * columns
      let top = largest(x, columns)
      let shift = top == -.infinity ? 0 : top
      let normalizer = top == -.infinity ? 0 : logarithm(exponentials(y, x, shift: shift, columns))
      // The largest is taken out first: with numbers of 10^4 their logsumexp alone would be off by 10^-3.
      for j in 0..<columns { y[j] = (x[j] - shift) - normalizer }
    }
  }
}

/// dx = dy - e^y sum(dy) for each row.
package func logSoftmaxBackward(_ dx: MutableBuffer, _ dy: Buffer, _ y: Buffer, columns: Int) {
  let (rows, dx, dy, y) = (dy.count / max(1, columns), dx.pointer, dy.pointer, y.pointer)
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
    for row in range {
      let dx = dx + row * columns
      let dy = dy + row * columns
      let y = y + row * columns
      let total = sum(dy, columns)
      for j in 0..<columns { dx[j] = dy[j].addingProduct(-total, exponential(y[j])) }
    }
  }
}

/// y = logsumexp(x) for each row: [rows, columns] to [rows].
package func logSumExpForward(_ y: MutableBuffer, _ x: Buffer, columns: Int) {
  let (rows, y, x) = (y.count, y.pointer, x.pointer)
  let pieces = (rows + 63) / 64
  let scratch = Memory.allocate(pieces * columns)
  defer { Memory.release(scratch, count: pieces * columns) }
  Parallel.run(pieces) { piece, _ in
    for row in piece * 64..<min(rows, (piece + 1) * 64) {
      y[row] = logSumExp(x + row * columns, scratch: scratch + piece * columns, columns)
    }
  }
}

/// dx = dy e^(x - y) for each row, with dy and y one number a row; zeros where y is minus infinity.
package func logSumExpBackward(_ dx: MutableBuffer, _ dy: Buffer, _ x: Buffer, _ y: Buffer) {
  let (rows, columns) = (y.count, x.count / max(1, y.count))
  let (dx, dy, x, y) = (dx.pointer, dy.pointer, x.pointer, y.pointer)
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
    for row in range {
      let dx = dx + row * columns
      let x = x + row * columns
      let upstream = dy[row]
      let normalizer = y[row] == -.infinity ? .infinity : y[row]
      for j in 0..<columns { dx[j] = upstream * exponential(x[j] - normalizer) }
    }
  }
}

/// ln of the sum of e^x over n numbers; minus infinity when all are.
@inline(__always)
func logSumExp(_ x: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>, _ n: Int) -> Float {
  let top = largest(x, n)
  guard top > -.infinity, top < .infinity else { return top }
  return top + logarithm(exponentials(scratch, x, shift: top, n))
}
