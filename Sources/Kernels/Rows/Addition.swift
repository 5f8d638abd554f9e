/// The n numbers at `offset` of x, or of x + delta, which are then stored to `sum`; on this thread.
@inline(__always)
func added(
  _ x: UnsafePointer<Float>, delta: UnsafePointer<Float>?, sum: UnsafeMutablePointer<Float>?, offset: Int, _ n: Int
) -> UnsafePointer<Float> {
  guard let delta = delta.map({ $0 + offset }), let sum = sum.map({ $0 + offset }) else { return x + offset }
  let x = x + offset
  for i in 0..<n { sum[i] = x[i] + delta[i] }
  return UnsafePointer(sum)
}

/// The first of `count` rows that lie side by side in x becomes the sum of all, added in their order, on all threads.
package func sumRows(_ x: MutableBuffer, count: Int) {
  let n = x.count / max(1, count)
  Profile.begin("sum of ranks", floats: x.count + n)
  defer { Profile.end() }
  let pointer = x.pointer
  Parallel.forRanges(n, grain: 16384) { range in
    for row in 1..<max(1, count) {
      let other = pointer + row * n
      for i in range { pointer[i] += other[i] }
    }
  }
}

/// out += x, on all threads.
package func accumulate(_ out: MutableBuffer, _ x: Buffer) { accumulate(out.pointer, x.pointer, x.count) }

func accumulate(_ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int) {
  Profile.begin("accumulate", floats: 3 * n)
  defer { Profile.end() }
  Parallel.forRanges(n, grain: 32768) { range in
    for i in range { out[i] += x[i] }
  }
}

/// out += scale x, on all threads.
package func accumulate(_ out: MutableBuffer, _ x: Buffer, scaledBy scale: Float) {
  let (out, n, x) = (out.pointer, x.count, x.pointer)
  Parallel.forRanges(n, grain: 32768) { range in
    for i in range { out[i] += scale * x[i] }
  }
}

/// x *= scale, on all threads.
package func scale(_ x: MutableBuffer, by scale: Float) {
  let (n, x) = (x.count, x.pointer)
  Parallel.forRanges(n, grain: 32768) { range in
    for i in range { x[i] *= scale }
  }
}

/// x[i, j] += bias[j] for each row of x [rows, columns], on all threads.
package func addBias(_ x: MutableBuffer, _ bias: Buffer) {
  let (columns, rows) = (bias.count, x.count / max(1, bias.count))
  Profile.begin("bias", floats: 2 * rows * columns)
  defer { Profile.end() }
  let (x, bias) = (x.pointer, bias.pointer)
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
    for row in range {
      let x = x + row * columns
      for j in 0..<columns { x[j] += bias[j] }
    }
  }
}

/// out = x, on all threads.
package func copy(_ out: MutableBuffer, _ x: Buffer) {
  Profile.begin("copy", floats: 2 * x.count)
  defer { Profile.end() }
  let (out, n, x) = (out.pointer, x.count, x.pointer)
  Parallel.forRanges(n, grain: 65536) { range in
    (out + range.lowerBound).update(from: x + range.lowerBound, count: range.count)
  }
}

/// x = value, on all threads.
package func fill(_ x: MutableBuffer, _ value: Float) {
  Profile.begin("fill", floats: x.count)
  defer { Profile.end() }
  let (n, x) = (x.count, x.pointer)
  Parallel.forRanges(n, grain: 65536) { range in
    (x + range.lowerBound).update(repeating: value, count: range.count)
  }
}
