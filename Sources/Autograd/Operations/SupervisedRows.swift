import Kernels

/// The rows of x that have a target: the head's product is a third of the work of a small model with a large vocabulary,
/// and rows without one need none of it.
struct SupervisedRows {
  private let shape: Shape
  /// The rows of x with a target, and their targets.
  let tokens: [Int32]
  let targets: [Int32]
  /// x [count, C] without the others.
  let rows: Tensor
  let vocabulary: Int
  var count: Int { tokens.count }

  init(_ x: Tensor, _ weight: Weight, _ targets: [Int32]) {
    let vocabulary = weight.shape[0]
    precondition(
      weight.shape.rank == 2 && x.shape.columns == weight.shape[1], "head: x \(x.shape) does not fit \(weight.shape)")
    precondition(targets.count == x.shape.rows, "head: \(targets.count) targets for x \(x.shape)")
    precondition(targets.allSatisfy { $0 < vocabulary }, "head: a target is outside the vocabulary of \(vocabulary)")
    shape = x.shape
    tokens = targets.indices.filter { targets[$0] >= 0 }.map(Int32.init)
    self.targets = tokens.map { targets[Int($0)] }
    self.vocabulary = vocabulary
    if tokens.count == targets.count {
      rows = x.detached().viewed(as: [targets.count, x.shape.columns])
    } else {
      var rows = Tensor(uninitialized: [tokens.count, x.shape.columns])
      gatherRows(rows.mutableBuffer, x.matrix, tokens)
      self.rows = rows
    }
  }

  /// The gradient of x from that of the supervised rows.
  func scattered(_ dx: Tensor) -> Tensor {
    if count == shape.rows { return dx.viewed(as: shape) }
    var result = Tensor(repeating: 0, shape: shape)
    scatterAddRows(result.mutableMatrix, dx.buffer, tokens)
    return result
  }

  /// The gradients of the rows and, if it is wanted, of the weight, for `coefficients` [count] of the losses. `logitGradients` are
  /// those of the losses, if they were kept.
  func addGradient(
    _ dx: MutableBuffer, _ dw: MutableBuffer?, accumulates: Bool, _ weight: Weight, coefficients: Tensor,
    logitGradients: Storage? = nil
  ) {
    let gradient = HeadLossGradient(
      coefficients: coefficients.buffer, dx: dx, dw: dw, accumulatesWeight: accumulates)
    if let logitGradients {
      let scaled = Storage(count: rows.shape.count)
      headGradient(
        gradient, logitGradients: logitGradients.buffer, rows.matrix, weight.matrix, scaled: scaled.mutableBuffer,
        precision: weight.precision)
    } else {
      let losses = Storage(count: count)
      headLoss(
        losses.mutableBuffer, isCorrect: nil, rows.matrix, weight.matrix, targets: targets, gradient: gradient,
        precision: weight.precision)
    }
  }

  /// The gradient of the weight alone, with one coefficient for all losses.
  func addWeightGradient(_ dw: MutableBuffer, accumulates: Bool, _ weight: Weight, coefficient: Float) {
    addGradient(
      Storage(count: rows.shape.count).mutableBuffer, dw, accumulates: accumulates, weight,
      coefficients: Tensor(repeating: coefficient, shape: [count]))
  }
}
