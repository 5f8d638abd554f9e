// Cross-entropy fused with the product of the language model's head, in chunks of rows: only a chunk of the logits
// exists at a time, and its gradient is written over it and used at once.
//
// Legend: N tokens, C channels, V vocabulary. logits = X W^T, loss_i = logsumexp(logits_i) - logits_i[target_i]
//   d logits_i = coefficient_i (softmax(logits_i) - onehot(target_i)),  dX = d logits W,  dW += d logits^T X

/// What of a head loss is wanted beside the losses.
package struct HeadLossGradient {
  /// [N]: the factor of each token's loss in what is differentiated.
  package let coefficients: UnsafePointer<Float>
  /// [N, C], overwritten.
  package let dx: UnsafeMutablePointer<Float>
  /// [V, C]: added to, or overwritten by the first chunk; nil if the head is frozen.
  package let dw: UnsafeMutablePointer<Float>?
  package let accumulatesWeight: Bool

  package init(
    coefficients: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>, dw: UnsafeMutablePointer<Float>?,
    accumulatesWeight: Bool
  ) {
    self.coefficients = coefficients
    self.dx = dx
    self.dw = dw
    self.accumulatesWeight = accumulatesWeight
  }
}

/// The loss of each of N rows of x [N, C] with head w [V, C]; `targets` are inside the vocabulary. `hits`, if wanted, is 1
/// where the target has the largest logit, else 0.
package func headLoss(
  _ losses: UnsafeMutablePointer<Float>, hits: UnsafeMutablePointer<Float>?, _ x: UnsafePointer<Float>,
  _ w: UnsafePointer<Float>, targets: UnsafePointer<Int32>, rows: Int, columns: Int, vocabulary: Int,
  gradient: HeadLossGradient?
) {
  Profile.begin("head and loss")
  defer { Profile.end() }
  let chunk = headChunk(rows: rows, vocabulary: vocabulary)
  let size = min(chunk, rows) * vocabulary
  let logits = Memory.allocate(size)
  defer { Memory.release(logits, count: size) }
  for start in stride(from: 0, to: rows, by: chunk) {
    let count = min(chunk, rows - start)
    let x = x + start * columns
    tokenLosses(
      losses + start, hits: hits.map { $0 + start }, logits, x, w, targets: targets + start,
      coefficient: { gradient?.coefficients[start + $0] }, rows: count, columns: columns, vocabulary: vocabulary)
    guard let gradient else { continue }
    multiply(
      logits, x, w, dx: gradient.dx + start * columns, dw: gradient.dw, rows: count, columns: columns,
      vocabulary: vocabulary, accumulate: gradient.accumulatesWeight || start > 0)
  }
}

/// The losses of N rows as `headLoss` has them, and the gradient of each by its logits, [N, V]: softmax(logits) - onehot(target).
package func headLoss(
  _ losses: UnsafeMutablePointer<Float>, logitGradients: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>,
  _ w: UnsafePointer<Float>, targets: UnsafePointer<Int32>, rows: Int, columns: Int, vocabulary: Int
) {
  Profile.begin("head and loss")
  defer { Profile.end() }
  tokenLosses(
    losses, hits: nil, logitGradients, x, w, targets: targets, coefficient: { _ in 1 }, rows: rows, columns: columns,
    vocabulary: vocabulary)
}

/// The gradients of a head from those of the losses by the logits, which `headLoss` left: dX = diag(c) G W,
/// dW += G^T diag(c) X with c one coefficient a row. `scaled` [N, C] is overwritten.
package func headGradient(
  _ gradient: HeadLossGradient, logitGradients: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
  _ w: UnsafePointer<Float>, scaled: UnsafeMutablePointer<Float>, rows: Int, columns: Int, vocabulary: Int
) {
  Profile.begin("head and loss")
  defer { Profile.end() }
  for row in 0..<rows {
    for i in row * columns..<(row + 1) * columns { scaled[i] = x[i] * gradient.coefficients[row] }
  }
  multiply(
    logitGradients, scaled, w, dx: gradient.dx, dw: gradient.dw, rows: rows, columns: columns, vocabulary: vocabulary,
    accumulate: gradient.accumulatesWeight)
  for row in 0..<rows {
    for i in row * columns..<(row + 1) * columns { gradient.dx[i] *= gradient.coefficients[row] }
  }
}

/// The logits of some rows and their losses; the logits become their gradients where there is a coefficient.
private func tokenLosses(
  _ losses: UnsafeMutablePointer<Float>, hits: UnsafeMutablePointer<Float>?, _ logits: UnsafeMutablePointer<Float>,
  _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, targets: UnsafePointer<Int32>,
  coefficient: (_ row: Int) -> Float?, rows: Int, columns: Int, vocabulary: Int
) {
  matrixProduct(
    logits, ldc: vocabulary, x, lda: columns, transposeA: false, w, ldb: columns, transposeB: true, m: rows,
    n: vocabulary, k: columns, accumulate: false)
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: vocabulary)) { range in
    for row in range {
      tokenLoss(
        losses + row, hits: hits.map { $0 + row }, logits + row * vocabulary, target: Int(targets[row]),
        coefficient: coefficient(row), vocabulary: vocabulary)
    }
  }
}

/// dX = G W and dW (+)= G^T X for the gradients G of some rows of logits.
private func multiply(
  _ logitGradients: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>,
  dx: UnsafeMutablePointer<Float>, dw: UnsafeMutablePointer<Float>?, rows: Int, columns: Int, vocabulary: Int,
  accumulate: Bool
) {
  matrixProduct(
    dx, ldc: columns, logitGradients, lda: vocabulary, transposeA: false, w, ldb: columns, transposeB: false, m: rows,
    n: columns, k: vocabulary, accumulate: false)
  guard let dw else { return }
  matrixProduct(
    dw, ldc: columns, logitGradients, lda: vocabulary, transposeA: true, x, ldb: columns, transposeB: false,
    m: vocabulary, n: columns, k: rows, accumulate: accumulate)
}

/// Rows of logits that exist at a time: about 128 MiB of them at most, and shares as even as multiples of 48 can be, so that
/// no chunk is too small for a fast product.
private func headChunk(rows: Int, vocabulary: Int) -> Int {
  let limit = max(48, min(1008, (32 << 20) / vocabulary / 48 * 48))
  let chunks = max(1, (rows + limit - 1) / limit)
  return max(48, ((rows + chunks - 1) / chunks + 47) / 48 * 48)
}

/// One row: its loss, and its logits become their gradient if there is a coefficient.
@inline(__always)
private func tokenLoss(
  _ loss: UnsafeMutablePointer<Float>, hits: UnsafeMutablePointer<Float>?, _ logits: UnsafeMutablePointer<Float>,
  target: Int, coefficient: Float?, vocabulary: Int
) {
  let top = largest(logits, vocabulary)
  let aimed = logits[target]
  let total = exponentials(logits, UnsafePointer(logits), shift: top, vocabulary)
  loss.pointee = (top - aimed) + logarithm(total)
  if let hits { hits.pointee = aimed == top ? 1 : 0 }
  guard let coefficient else { return }
  let factor = coefficient / total
  for j in 0..<vocabulary { logits[j] *= factor }
  logits[target] -= coefficient
}
