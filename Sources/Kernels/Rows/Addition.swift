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

/// out += x over n numbers, on all threads.
package func accumulate(_ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int) {
  Profile.begin("accumulate", floats: 3 * n)
  defer { Profile.end() }
  Parallel.forRanges(n, grain: 32768) { range in
    for i in range { out[i] += x[i] }
  }
}

/// x *= scale over n numbers, on all threads.
package func scale(_ x: UnsafeMutablePointer<Float>, by scale: Float, _ n: Int) {
  Parallel.forRanges(n, grain: 32768) { range in
    for i in range { x[i] *= scale }
  }
}

/// x[i, j] += bias[j] over `rows` rows, on all threads.
package func addBias(_ x: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>, rows: Int, columns: Int) {
  Profile.begin("bias", floats: 2 * rows * columns)
  defer { Profile.end() }
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
    for row in range {
      let x = x + row * columns
      for j in 0..<columns { x[j] += bias[j] }
    }
  }
}

/// out = x over n numbers, on all threads.
package func copy(_ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int) {
  Profile.begin("copy", floats: 2 * n)
  defer { Profile.end() }
  Parallel.forRanges(n, grain: 65536) { range in
    (out + range.lowerBound).update(from: x + range.lowerBound, count: range.count)
  }
}

/// x = value over n numbers, on all threads.
package func fill(_ x: UnsafeMutablePointer<Float>, _ value: Float, _ n: Int) {
  Profile.begin("fill", floats: n)
  defer { Profile.end() }
  Parallel.forRanges(n, grain: 65536) { range in
    (x + range.lowerBound).update(repeating: value, count: range.count)
  }
}
