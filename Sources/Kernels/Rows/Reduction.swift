// Sums over contiguous rows. Sixty-four partial sums in a fixed arrangement keep the adders busy; the order of the
// additions depends on the length alone.

/// sum of term(i) for i in 0..<n, by sixteen lanes; `wide` gives the terms i to i + 15.
@inline(__always)
private func laneSum(
  _ n: Int, _ wide: (Int, SIMD16<Float>) -> SIMD16<Float>, _ single: (Int, Float) -> Float
) -> Float {
  var a = SIMD16<Float>.zero
  var b = SIMD16<Float>.zero
  var c = SIMD16<Float>.zero
  var d = SIMD16<Float>.zero
  var i = 0
  while i + 64 <= n {
    a = wide(i, a)
    b = wide(i + 16, b)
    c = wide(i + 32, c)
    d = wide(i + 48, d)
    i += 64
  }
  while i + 16 <= n {
    a = wide(i, a)
    i += 16
  }
  var tail: Float = 0
  while i < n {
    tail = single(i, tail)
    i += 1
  }
  return total((a + b) + (c + d)) + tail
}

/// sum of x[i] over n numbers.
@inline(__always)
func sum(_ x: UnsafePointer<Float>, _ n: Int) -> Float {
  laneSum(n, { $1 + load(x, $0) }, { $1 + x[$0] })
}

/// sum of x[i] y[i] over n numbers.
@inline(__always)
func dot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ n: Int) -> Float {
  laneSum(n, { $1.addingProduct(load(x, $0), load(y, $0)) }, { $1.addingProduct(x[$0], y[$0]) })
}

/// sum of x[i] y[i + r stride] over n numbers for the rows r = 0..<4: four streams from memory are faster than one.
@inline(__always)
func fourDots(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, stride: Int, _ n: Int) -> SIMD4<Float> {
  let (y1, y2, y3) = (y + stride, y + 2 * stride, y + 3 * stride)
  var a = SIMD16<Float>.zero
  var b = SIMD16<Float>.zero
  var c = SIMD16<Float>.zero
  var d = SIMD16<Float>.zero
  var i = 0
  while i + 16 <= n {
    let lanes = load(x, i)
    a = a.addingProduct(lanes, load(y, i))
    b = b.addingProduct(lanes, load(y1, i))
    c = c.addingProduct(lanes, load(y2, i))
    d = d.addingProduct(lanes, load(y3, i))
    i += 16
  }
  var tail = SIMD4<Float>.zero
  while i < n {
    tail = tail.addingProduct(SIMD4(repeating: x[i]), SIMD4(y[i], y1[i], y2[i], y3[i]))
    i += 1
  }
  return SIMD4(total(a), total(b), total(c), total(d)) + tail
}

/// sum of (x[i] - center)^2 over n numbers.
@inline(__always)
func sumOfSquaredDeviations(_ x: UnsafePointer<Float>, _ center: Float, _ n: Int) -> Float {
  laneSum(
    n,
    {
      let deviation = load(x, $0) - center
      return $1.addingProduct(deviation, deviation)
    },
    {
      let deviation = x[$0] - center
      return $1.addingProduct(deviation, deviation)
    })
}

/// The largest of n numbers; not a number if the first is not.
@inline(__always)
func largest(_ x: UnsafePointer<Float>, _ n: Int) -> Float {
  guard n >= 16 else {
    var result = x[0]
    for i in 1..<max(1, n) { result = x[i] > result ? x[i] : result }
    return result
  }
  var lanes = load(x, 0)
  var i = 16
  while i + 16 <= n {
    let next = load(x, i)
    lanes.replace(with: next, where: next .> lanes)
    i += 16
  }
  if i < n {
    let next = load(x, n - 16)
    lanes.replace(with: next, where: next .> lanes)
  }
  let (low, high) = (lanes.lowHalf, lanes.highHalf)
  let eight = low.replacing(with: high, where: high .> low)
  let (left, right) = (eight.lowHalf, eight.highHalf)
  let four = left.replacing(with: right, where: right .> left)
  return (1..<4).reduce(four[0]) { four[$1] > $0 ? four[$1] : $0 }
}

/// How many of n numbers are `value`.
@inline(__always)
func occurrences(of value: Float, _ x: UnsafePointer<Float>, _ n: Int) -> Int32 {
  var count: Int32 = 0
  for i in 0..<n { count &+= x[i] == value ? 1 : 0 }
  return count
}

/// sum of x[i] over n numbers on all threads: fixed pieces, whose sums are added in order in Double.
func sumInPieces(_ x: UnsafePointer<Float>, _ n: Int) -> Float {
  let grain = 16384
  let pieces = max(1, (n + grain - 1) / grain)
  return withUnsafeTemporaryAllocation(of: Float.self, capacity: pieces) { partial in
    let partial = partial.baseAddress!
    Parallel.run(pieces) { piece, _ in partial[piece] = sum(x + piece * grain, min(grain, n - piece * grain)) }
    return Float((0..<pieces).reduce(0) { $0 + Double(partial[$1]) })
  }
}

/// Adds `rows` rows of `columns` numbers: out[j] (+)= sum over i of x[i, j], in a fixed order on all threads.
func sumRows(
  _ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, columns: Int, accumulate: Bool
) {
  Parallel.forRanges(columns, grain: max(16, 65536 / max(1, rows) / 16 * 16)) { range in
    let width = range.count
    let target = out + range.lowerBound
    if !accumulate { target.update(repeating: 0, count: width) }
    for row in 0..<rows {
      let source = x + row * columns + range.lowerBound
      for j in 0..<width { target[j] += source[j] }
    }
  }
}

/// out[j] (+)= sum over i of x[i, j] for the many rows of x [rows, columns], each piece of rows added up on its own.
package func sumRowsInPieces(_ out: MutableBuffer, _ x: Buffer, accumulate: Bool) {
  sumRowsInPieces(
    out.pointer, x.pointer, rows: x.count / max(1, out.count), columns: out.count, accumulate: accumulate)
}

func sumRowsInPieces(
  _ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, columns: Int, accumulate: Bool
) {
  Profile.begin("bias backward", floats: rows * columns)
  defer { Profile.end() }
  sumOverRowPieces(out, rows: rows, columns: columns, accumulate: accumulate) { range, target in
    for row in range {
      let source = x + row * columns
      for j in 0..<columns { target[j] += source[j] }
    }
  }
}

/// sum of x[i] y[i] z[i] over n numbers.
@inline(__always)
func tripleDot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ z: UnsafePointer<Float>, _ n: Int) -> Float {
  laneSum(n, { $1.addingProduct(load(x, $0) * load(y, $0), load(z, $0)) }, { $1.addingProduct(x[$0] * y[$0], z[$0]) })
}

/// out[j] (+)= what `body` adds up over all rows, on all threads.
///
/// Each piece of rows has a partial sum of its own that starts at zero; the pieces depend on `rows` alone and their
/// sums are added in order, so the result does not depend on the thread count.
func sumOverRowPieces(
  _ out: UnsafeMutablePointer<Float>, rows: Int, columns: Int, accumulate: Bool,
  _ body: (Range<Int>, UnsafeMutablePointer<Float>) -> Void
) {
  let grain = max(16, (rows + 63) / 64)
  let pieces = (rows + grain - 1) / grain
  let partial = Memory.allocate(pieces * columns)
  defer { Memory.release(partial, count: pieces * columns) }
  Parallel.run(pieces) { piece, _ in
    let target = partial + piece * columns
    target.update(repeating: 0, count: columns)
    body(piece * grain..<min(rows, (piece + 1) * grain), target)
  }
  sumRows(out, partial, rows: pieces, columns: columns, accumulate: accumulate)
}

/// The sum of x in Double, in order.
package func sumInDouble(_ x: Buffer) -> Double {
  x.withUnsafeBufferPointer { $0.reduce(0) { $0 + Double($1) } }
}

/// The sum of x[i] y[i] in Double, in order.
package func dotInDouble(_ x: Buffer, _ y: Buffer) -> Double {
  x.withUnsafeBufferPointer { x in
    y.withUnsafeBufferPointer { y in zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
  }
}
