import CProcessor

/// out [columns, rows] = x [rows, columns] with rows and columns exchanged; x is not a transposed matrix.
func transpose(_ out: RawMutableMatrix, _ x: RawMatrix) {
  let (rows, columns) = (x.rows, x.columns)
  guard rows >= 16, columns >= 16 else {
    for j in 0..<columns { for i in 0..<rows { out.at(j, i).pointee = x.at(i, j).pointee } }
    return
  }
  // The last squares overlap those before them.
  for i in Swift.stride(from: 0, to: rows, by: 16) {
    let i = min(i, rows - 16)
    for j in Swift.stride(from: 0, to: columns, by: 16) {
      let j = min(j, columns - 16)
      transposeSquare(out.at(j, i), out.stride, x.at(i, j), x.stride)
    }
  }
}

/// The same on all threads.
func transposeInParallel(_ out: RawMutableMatrix, _ x: RawMatrix) {
  let grain = (Parallel.rowGrain(columns: x.columns) + 15) / 16 * 16
  Parallel.forRanges(x.rows, grain: grain) { rows in transpose(out.columns(rows), x.rows(rows)) }
}

/// out[j, i] = x[i, j] for sixteen rows of sixteen numbers: four by four inside the quarters of vectors, then the quarters.
@inline(__always)
private func transposeSquare(
  _ out: UnsafeMutablePointer<Float>, _ outStride: Int, _ x: UnsafePointer<Float>, _ stride: Int
) {
  let a = fourRows(x, stride)
  let b = fourRows(x + 4 * stride, stride)
  let c = fourRows(x + 8 * stride, stride)
  let d = fourRows(x + 12 * stride, stride)
  storeQuarters(out, 4 * outStride, a.0, b.0, c.0, d.0)
  storeQuarters(out + outStride, 4 * outStride, a.1, b.1, c.1, d.1)
  storeQuarters(out + 2 * outStride, 4 * outStride, a.2, b.2, c.2, d.2)
  storeQuarters(out + 3 * outStride, 4 * outStride, a.3, b.3, c.3, d.3)
}

/// The columns 0, 4, 8 and 12 of four rows beside each other, and so on.
@inline(__always)
private func fourRows(
  _ x: UnsafePointer<Float>, _ stride: Int
) -> (SIMD16<Float>, SIMD16<Float>, SIMD16<Float>, SIMD16<Float>) {
  let (r0, r1, r2, r3) = (load(x, 0), load(x, stride), load(x, 2 * stride), load(x, 3 * stride))
  let (low01, high01) = (mix_low(r0, r1), mix_high(r0, r1))
  let (low23, high23) = (mix_low(r2, r3), mix_high(r2, r3))
  return (pair_low(low01, low23), pair_high(low01, low23), pair_low(high01, high23), pair_high(high01, high23))
}

/// Stores the first quarters of four vectors as one, then the second ones, `stride` apart.
@inline(__always)
private func storeQuarters(
  _ out: UnsafeMutablePointer<Float>, _ stride: Int, _ a: SIMD16<Float>, _ b: SIMD16<Float>, _ c: SIMD16<Float>,
  _ d: SIMD16<Float>
) {
  let (evenAB, oddAB) = (even_quarters(a, b), odd_quarters(a, b))
  let (evenCD, oddCD) = (even_quarters(c, d), odd_quarters(c, d))
  store(even_quarters(evenAB, evenCD), out)
  store(even_quarters(oddAB, oddCD), out + stride)
  store(odd_quarters(evenAB, evenCD), out + 2 * stride)
  store(odd_quarters(oddAB, oddCD), out + 3 * stride)
}
