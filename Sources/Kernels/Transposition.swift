/// out[j, i] = x[i, j] for `rows` rows of `columns` numbers.
func transpose(
  _ out: UnsafeMutablePointer<Float>, ldOut: Int, _ x: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int
) {
  for first in Swift.stride(from: 0, to: rows, by: 16) {
    let count = min(16, rows - first)
    var j = 0
    if count == 16 {
      while j + 4 <= columns {
        transposeSixteenRows(out + j * ldOut + first, ldOut, x + first * stride + j, stride)
        j += 4
      }
    }
    while j < columns {
      let out = out + j * ldOut + first
      let x = x + first * stride + j
      for i in 0..<count { out[i] = x[i * stride] }
      j += 1
    }
  }
}

/// The same on all threads.
func transposeInParallel(
  _ out: UnsafeMutablePointer<Float>, ldOut: Int, _ x: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int
) {
  let grain = (Parallel.rowGrain(columns: columns) + 15) / 16 * 16
  Parallel.forRanges(rows, grain: grain) { rows in
    transpose(
      out + rows.lowerBound, ldOut: ldOut, x + rows.lowerBound * stride, stride: stride, rows: rows.count,
      columns: columns)
  }
}

/// out[j, i] = x[i, j] for sixteen rows of four numbers.
@inline(__always)
private func transposeSixteenRows(
  _ out: UnsafeMutablePointer<Float>, _ outStride: Int, _ x: UnsafePointer<Float>, _ stride: Int
) {
  let (r0, r1) = (everyFourthRow(x, stride), everyFourthRow(x + stride, stride))
  let (r2, r3) = (everyFourthRow(x + 2 * stride, stride), everyFourthRow(x + 3 * stride, stride))
  let (low02, high02) = (mixLow(r0, r2), mixHigh(r0, r2))
  let (low13, high13) = (mixLow(r1, r3), mixHigh(r1, r3))
  store(mixLow(low02, low13), out)
  store(mixHigh(low02, low13), out + outStride)
  store(mixLow(high02, high13), out + 2 * outStride)
  store(mixHigh(high02, high13), out + 3 * outStride)
}

/// Four numbers each of the rows 0, 4, 8 and 12.
@inline(__always)
private func everyFourthRow(_ x: UnsafePointer<Float>, _ stride: Int) -> SIMD16<Float> {
  func four(_ row: Int) -> SIMD4<Float> {
    UnsafeRawPointer(x + row * stride).loadUnaligned(as: SIMD4<Float>.self)
  }
  return SIMD16(
    lowHalf: SIMD8(lowHalf: four(0), highHalf: four(4)), highHalf: SIMD8(lowHalf: four(8), highHalf: four(12)))
}

/// In each group of four: x0 y0 x1 y1.
@inline(__always)
private func mixLow(_ x: SIMD16<Float>, _ y: SIMD16<Float>) -> SIMD16<Float> {
  SIMD16(
    x[0], y[0], x[1], y[1], x[4], y[4], x[5], y[5], x[8], y[8], x[9], y[9], x[12], y[12], x[13], y[13])
}

/// In each group of four: x2 y2 x3 y3.
@inline(__always)
private func mixHigh(_ x: SIMD16<Float>, _ y: SIMD16<Float>) -> SIMD16<Float> {
  SIMD16(
    x[2], y[2], x[3], y[3], x[6], y[6], x[7], y[7], x[10], y[10], x[11], y[11], x[14], y[14], x[15], y[15])
}
