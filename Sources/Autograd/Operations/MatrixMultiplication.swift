import Kernels

/// C = op(A) op(B) over the last two axes, where op swaps them if asked to: [..., M, K] and [..., K, N] to [..., M, N].
/// The leading axes are broadcast (NumPy's rule).
///
/// For plain operands dA = dC B^T and dB = A^T dC; the other cases follow by transposition.
public func matmul(_ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false) -> Tensor {
  let (m, k) = matrix(a.shape, transposed: transposeA)
  let (inner, n) = matrix(b.shape, transposed: transposeB)
  let aBatch = Shape(a.shape.dimensions.dropLast(2))
  let bBatch = Shape(b.shape.dimensions.dropLast(2))
  guard k == inner, let batch = aBatch.broadcast(with: bBatch) else {
    let (left, right) = (transposeA ? " transposed" : "", transposeB ? " transposed" : "")
    preconditionFailure("matmul: \(a.shape)\(left) and \(b.shape)\(right) do not fit")
  }
  if bBatch.rank == 0, aBatch.rank > 0, !transposeA {
    // One matrix for the whole batch: the rows of A are those of one product.
    let rows = a.reshaped(to: [batch.count * m, k])
    return matmul(rows, b, transposeB: transposeB).reshaped(to: Shape(batch.dimensions + [m, n]))
  }
  let c = Tensor(uninitialized: Shape(batch.dimensions + [m, n]))
  multiply(
    c, a, transposeA, aBatch.offsets(broadcastTo: batch), b, transposeB, bBatch.offsets(broadcastTo: batch), k: k)

  let (a0, b0) = (a.detached(), b.detached())
  return .record("matmul", [a, b], output: c) { back in
    let dC = back.gradient
    back.add(
      transposeA
        ? matmul(b0, dC, transposeA: transposeB, transposeB: true) : matmul(dC, b0, transposeB: !transposeB), to: 0)
    back.add(
      transposeB
        ? matmul(dC, a0, transposeA: true, transposeB: transposeA) : matmul(a0, dC, transposeA: !transposeA), to: 1)
  }
}

/// The products of matrices `a[i]` and `b[i]` into the matrices of c, side by side.
private func multiply(
  _ c: Tensor, _ a: Tensor, _ transposeA: Bool, _ aMatrices: [Int], _ b: Tensor, _ transposeB: Bool,
  _ bMatrices: [Int], k: Int
) {
  let (m, n) = (c.shape[-2], c.shape[-1])
  Parallel.run(aMatrices.count) { i, _ in
    matrixProduct(
      c.pointer + i * m * n, ldc: n, a.pointer + aMatrices[i] * m * k, lda: a.shape[-1], transposeA: transposeA,
      b.pointer + bMatrices[i] * k * n, ldb: b.shape[-1], transposeB: transposeB, m: m, n: n, k: k, accumulate: false)
  }
}

private func matrix(_ shape: Shape, transposed: Bool) -> (rows: Int, columns: Int) {
  precondition(shape.rank >= 2, "matmul: \(shape) is no matrix")
  return transposed ? (shape[-1], shape[-2]) : (shape[-2], shape[-1])
}

extension Shape {
  /// For each element of `other` the offset of the element of this shape that it repeats.
  fileprivate func offsets(broadcastTo other: Shape) -> [Int] {
    zip(other.dimensions, strides(broadcastTo: other)).reduce([0]) { offsets, axis in
      offsets.flatMap { offset in (0..<axis.0).map { offset + $0 * axis.1 } }
    }
  }
}
