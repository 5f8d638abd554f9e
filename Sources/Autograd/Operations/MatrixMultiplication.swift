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
  var c = Tensor(uninitialized: Shape(batch.dimensions + [m, n]))
  let (aMatrices, bMatrices) = (aBatch.offsets(broadcastTo: batch), bBatch.offsets(broadcastTo: batch))
  let target = c.mutableBuffer
  Parallel.run(aMatrices.count) { i, _ in
    matrixProduct(
      MutableMatrix(target[i * m * n..<(i + 1) * m * n], rows: m, columns: n),
      a.matrix(aMatrices[i], transposed: transposeA), b.matrix(bMatrices[i], transposed: transposeB))
  }

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

private func matrix(_ shape: Shape, transposed: Bool) -> (rows: Int, columns: Int) {
  precondition(shape.rank >= 2, "matmul: \(shape) is no matrix")
  return transposed ? (shape[-1], shape[-2]) : (shape[-2], shape[-1])
}

extension Tensor {
  /// One of the matrices that the last two axes make, or its transpose.
  fileprivate func matrix(_ index: Int, transposed: Bool) -> Matrix {
    let (rows, columns) = (shape[-2], shape[-1])
    let matrix = Matrix(
      buffer[index * rows * columns..<(index + 1) * rows * columns], rows: rows, columns: columns)
    return transposed ? matrix.transposed : matrix
  }
}

extension Shape {
  /// For each element of `other` the offset of the element of this shape that it repeats.
  fileprivate func offsets(broadcastTo other: Shape) -> [Int] {
    zip(other.dimensions, strides(broadcastTo: other)).reduce([0]) { offsets, axis in
      offsets.flatMap { offset in (0..<axis.0).map { offset + $0 * axis.1 } }
    }
  }
}
