// Cross-entropy fused with the product of the language model's head, in chunks of rows: only a chunk of the logits
// exists at a time, and its gradient is written over it and used at once.
//
// Legend: N tokens, C channels, V vocabulary. logits = X W^T, loss_i = logsumexp(logits_i) - logits_i[target_i]
//   d logits_i = coefficient_i (softmax(logits_i) - onehot(target_i)),  dX = d logits W,  dW += d logits^T X

/// The gradients of a head loss that are wanted.
package struct HeadLossGradient {
  /// [N]: the factor of each token's loss in what is differentiated.
  package let coefficients: Buffer
  /// [N, C], overwritten.
  package let dx: MutableBuffer
  /// [V, C]: added to, or overwritten by the first chunk; nil if the head is frozen.
  package let dw: MutableBuffer?
  package let accumulatesWeight: Bool

  package init(coefficients: Buffer, dx: MutableBuffer, dw: MutableBuffer?, accumulatesWeight: Bool) {
    self.coefficients = coefficients
    self.dx = dx
    self.dw = dw
    self.accumulatesWeight = accumulatesWeight
  }

  /// dX = G W and dW (+)= G^T X for the gradients G [rows, V] of some rows of logits, which begin at row `start`.
  fileprivate func multiply(
    _ g: RawMatrix, _ x: RawMatrix, _ w: some ProductOperand, start: Int, accumulate: Bool,
    _ precision: ProductPrecision
  ) {
    let dx = RawMutableMatrix(dx.pointer + start * x.columns, rows: x.rows, columns: x.columns, stride: x.columns)
    matrixProduct(dx, g, w, precision: precision)
    guard let dw = dw?.pointer else { return }
    let product = RawMutableMatrix(dw, rows: w.rows, columns: w.columns, stride: w.columns)
    matrixProduct(product, g.transposed, x, accumulate: accumulate, precision: precision)
  }
}

/// The loss of each of N rows of x [N, C] with head w [V, C]; `targets` are inside the vocabulary. `isCorrect`, if wanted, is 1
/// where no other token has a logit as large as the target's, else 0. `precision` is that of the products.
package func headLoss(
  _ losses: MutableBuffer, isCorrect: MutableBuffer?, _ x: Matrix, _ w: WeightMatrix, targets: [Int32],
  gradient: HeadLossGradient?, precision: ProductPrecision = .float32
) {
  func compute(_ w: some ProductOperand) {
    headLoss(losses, isCorrect: isCorrect, x, w, targets: targets, gradient: gradient, precision)
  }
  switch w {
  case .floats(let w): compute(w.raw)
  case .packed(let w): compute(w.raw)
  }
}

private func headLoss(
  _ losses: MutableBuffer, isCorrect: MutableBuffer?, _ x: Matrix, _ w: some ProductOperand, targets: [Int32],
  gradient: HeadLossGradient?, _ precision: ProductPrecision
) {
  Profile.begin("head and loss")
  defer { Profile.end() }
  let (x, vocabulary) = (x.raw, w.rows)
  let (losses, isCorrect, coefficients) = (losses.pointer, isCorrect?.pointer, gradient?.coefficients.pointer)
  let chunk = headChunk(rows: x.rows, vocabulary: vocabulary)
  let size = min(chunk, x.rows) * vocabulary
  let scratch = Memory.allocate(size)
  defer { Memory.release(scratch, count: size) }
  for start in stride(from: 0, to: x.rows, by: chunk) {
    let rows = start..<min(start + chunk, x.rows)
    let logits = RawMutableMatrix(scratch, rows: rows.count, columns: vocabulary, stride: vocabulary)
    tokenLosses(
      losses + start, isCorrect: isCorrect.map { $0 + start }, logits, x.rows(rows), w, targets: targets[rows],
      precision, coefficient: { row in coefficients.map { $0[start + row] } })
    gradient?.multiply(
      logits.readOnly, x.rows(rows), w, start: start, accumulate: gradient!.accumulatesWeight || start > 0, precision)
  }
}

/// The losses of N rows as `headLoss` has them, and the gradient of each by its logits, [N, V]: softmax(logits) - onehot(target).
package func headLoss(
  _ losses: MutableBuffer, logitGradients: MutableBuffer, _ x: Matrix, _ w: WeightMatrix, targets: [Int32],
  precision: ProductPrecision = .float32
) {
  Profile.begin("head and loss")
  defer { Profile.end() }
  let logits = RawMutableMatrix(logitGradients.pointer, rows: x.rows, columns: w.rows, stride: w.rows)
  func compute(_ w: some ProductOperand) {
    tokenLosses(
      losses.pointer, isCorrect: nil, logits, x.raw, w, targets: targets[...], precision, coefficient: { _ in 1 })
  }
  switch w {
  case .floats(let w): compute(w.raw)
  case .packed(let w): compute(w.raw)
  }
}

/// The gradients of a head from those of the losses by the logits, which `headLoss` left: dX = diag(c) G W,
/// dW += G^T diag(c) X with c one coefficient a row. `scaled` [N, C] is overwritten.
package func headGradient(
  _ gradient: HeadLossGradient, logitGradients: Buffer, _ x: Matrix, _ w: WeightMatrix, scaled: MutableBuffer,
  precision: ProductPrecision = .float32
) {
  Profile.begin("head and loss")
  defer { Profile.end() }
  let (x, coefficients, scaled, dx) = (x.raw, gradient.coefficients.pointer, scaled.pointer, gradient.dx.pointer)
  let (rows, columns) = (x.rows, x.columns)
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
    for row in range {
      let x = x.at(row, 0)
      for i in 0..<columns { scaled[row * columns + i] = x[i] * coefficients[row] }
    }
  }
  let g = RawMatrix(logitGradients.pointer, rows: rows, columns: w.rows, stride: w.rows)
  let x1 = RawMatrix(scaled, rows: rows, columns: columns, stride: columns)
  switch w {
  case .floats(let w): gradient.multiply(g, x1, w.raw, start: 0, accumulate: gradient.accumulatesWeight, precision)
  case .packed(let w): gradient.multiply(g, x1, w.raw, start: 0, accumulate: gradient.accumulatesWeight, precision)
  }
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
    for row in range {
      for i in row * columns..<(row + 1) * columns { dx[i] *= coefficients[row] }
    }
  }
}

/// The logits of some rows and their losses; the logits become their gradients where there is a coefficient.
private func tokenLosses(
  _ losses: UnsafeMutablePointer<Float>, isCorrect: UnsafeMutablePointer<Float>?, _ logits: RawMutableMatrix,
  _ x: RawMatrix, _ w: some ProductOperand, targets: ArraySlice<Int32>, _ precision: ProductPrecision,
  coefficient: (_ row: Int) -> Float?
) {
  matrixProduct(logits, x, w.transposed, precision: precision)
  targets.withUnsafeBufferPointer { targets in
    Parallel.forRanges(x.rows, grain: Parallel.rowGrain(columns: w.rows)) { range in
      for row in range {
        tokenLoss(
          losses + row, isCorrect: isCorrect.map { $0 + row }, logits.at(row, 0), target: Int(targets[row]),
          coefficient: coefficient(row), vocabulary: w.rows)
      }
    }
  }
}

/// Rows of logits that exist at a time: about 128 MiB of them at most, and shares as even as multiples of 48 can be, so that
/// no chunk is too small for a fast product.
package func headChunk(rows: Int, vocabulary: Int) -> Int {
  let limit = max(48, min(1008, (32 << 20) / vocabulary / 48 * 48))
  let chunks = max(1, (rows + limit - 1) / limit)
  return max(48, ((rows + chunks - 1) / chunks + 47) / 48 * 48)
}

/// One row: its loss, and its logits become their gradient if there is a coefficient.
@inline(__always)
private func tokenLoss(
  _ loss: UnsafeMutablePointer<Float>, isCorrect: UnsafeMutablePointer<Float>?, _ logits: UnsafeMutablePointer<Float>,
  target: Int, coefficient: Float?, vocabulary: Int
) {
  let rowMax = largest(logits, vocabulary)
  let targetLogit = logits[target]
  if let isCorrect {
    isCorrect.pointee = targetLogit == rowMax && occurrences(of: rowMax, logits, vocabulary) == 1 ? 1 : 0
  }
  let rowSum = exponentials(logits, UnsafePointer(logits), shift: rowMax, vocabulary)
  loss.pointee = (rowMax - targetLogit) + logarithm(rowSum)
  guard let coefficient else { return }
  let factor = coefficient / rowSum
  for j in 0..<vocabulary { logits[j] *= factor }
  logits[target] -= coefficient
}
