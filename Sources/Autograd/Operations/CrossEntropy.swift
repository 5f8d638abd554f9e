import Kernels

/// The loss of each supervised token, and which of them the model would have guessed.
public struct TokenLosses {
  /// -ln p(target), one a supervised token, in order.
  public let losses: [Float]
  /// Whether the target had the largest logit.
  public let isCorrect: [Bool]
}

/// The sum of -ln softmax(x W^T)[target] over the tokens with a target >= 0, fused with the head's product.
///
/// x is [..., C], `weight` [V, C], `targets` one a row of x, -1 for a token that is not trained; such rows cost nothing.
/// Only a chunk of the logits exists at a time. Where gradients are wanted they are made in the same pass, for the gradient
/// that the backward pass begins with (`Gradients.add(scaledBy:)`), which is what a loss has that is returned as it is; any
/// other upstream gradient costs a second pass. So the result must reach the loss that is differentiated. `inspect` sees
/// the single losses.
public func headCrossEntropy(
  _ x: Tensor, _ weight: Tensor, targets: [Int32], inspect: ((TokenLosses) -> Void)? = nil
) -> Tensor {
  let head = SupervisedRows(x, weight, targets)
  let losses = Storage(count: max(1, head.count))
  let hits = inspect.map { _ in Storage(count: max(1, head.count)) }
  let isRecorded = x.isRecorded || weight.isRecorded
  let expected = (x.node ?? weight.node)?.seed ?? 1
  let coefficients = Tensor(repeating: expected, shape: [head.count])
  let dx = Tensor(uninitialized: isRecorded ? head.rows.shape : [0])

  let node = weight.node
  let eager = isRecorded ? node?.accumulator : nil
  let loss: Tensor
  func run(_ dw: UnsafeMutablePointer<Float>?, _ accumulates: Bool) {
    headLoss(
      losses.pointer, hits: hits?.pointer, head.rows.pointer, weight.pointer, targets: head.targets, rows: head.count,
      columns: head.columns, vocabulary: head.vocabulary,
      gradient: isRecorded
        ? HeadLossGradient(
          coefficients: coefficients.pointer, dx: dx.pointer, dw: dw, accumulatesWeight: accumulates) : nil)
  }
  if head.count > 0 {
    if let eager { eager.accumulate { run($0, $1) } } else { run(nil, false) }
  }
  loss = Tensor(Float(head.total(losses)))
  inspect?(head.tokenLosses(losses, hits!))

  let weight0 = weight.detached()
  return .record("headCrossEntropy", [x, weight], output: loss) { back in
    guard head.count > 0 else { return }
    let upstream = back.gradient.scalar
    if upstream != expected { Kernels.scale(dx.pointer, by: upstream / expected, dx.shape.count) }
    back.add(head.scattered(dx), to: 0)
    // What was added to the weight's gradient in advance was for the expected upstream gradient.
    let missing = eager == nil ? upstream : upstream - expected
    guard missing != 0 else { return }
    back.accumulate(into: 1) { dw, accumulates in
      head.addWeightGradient(
        dw, accumulates: accumulates, weight0, coefficients: Tensor(repeating: missing, shape: [head.count]))
    }
  }
}

/// ln softmax(x W^T)[target] of each token, [N] for x [..., C] with N rows; 0 where the target is -1.
///
/// Where gradients are wanted, those by the logits are kept for the backward pass if they are no more than `limit` numbers
/// (128 MiB); else there is never more than a chunk of them, and the backward pass makes them again.
public func headLogProbabilities(
  _ x: Tensor, _ weight: Tensor, targets: [Int32], keepingAtMost limit: Int = 32 << 20
) -> Tensor {
  let head = SupervisedRows(x, weight, targets)
  let losses = Storage(count: max(1, head.count))
  let size = head.count * head.vocabulary
  let kept = (x.isRecorded || weight.isRecorded) && size > 0 && size <= limit ? Storage(count: size) : nil
  if let kept {
    headLoss(
      losses.pointer, logitGradients: kept.pointer, head.rows.pointer, weight.pointer, targets: head.targets,
      rows: head.count, columns: head.columns, vocabulary: head.vocabulary)
  } else if head.count > 0 {
    headLoss(
      losses.pointer, hits: nil, head.rows.pointer, weight.pointer, targets: head.targets, rows: head.count,
      columns: head.columns, vocabulary: head.vocabulary, gradient: nil)
  }
  let y = Tensor(repeating: 0, shape: [targets.count])
  for (row, token) in head.tokens.enumerated() { y.pointer[Int(token)] = -losses.pointer[row] }

  let weight0 = weight.detached()
  return .record("headLogProbabilities", [x, weight], output: y) { back in
    guard head.count > 0 else { return }
    let dy = back.gradient
    let coefficients = Tensor(head.tokens.map { -dy.pointer[Int($0)] }, shape: [head.count])
    let dx = Tensor(uninitialized: head.rows.shape)
    func gradient(_ dw: UnsafeMutablePointer<Float>?, _ accumulates: Bool) {
      head.addGradient(
        dx.pointer, dw, accumulates: accumulates, weight0, coefficients: coefficients, logitGradients: kept)
    }
    if back.isWanted(1) { back.accumulate(into: 1, gradient) } else { gradient(nil, false) }
    back.add(head.scattered(dx), to: 0)
  }
}

/// The rows of x that have a target: the head's product is a third of the work of a small model with a large vocabulary,
/// and rows without one need none of it.
private struct SupervisedRows {
  let shape: Shape
  let tokens: [Int32]
  let targets: [Int32]
  let rows: Tensor
  let vocabulary: Int
  var count: Int { tokens.count }
  var columns: Int { shape.columns }

  init(_ x: Tensor, _ weight: Tensor, _ targets: [Int32]) {
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
      rows = Tensor(uninitialized: [tokens.count, x.shape.columns])
      gatherRows(rows.pointer, x.pointer, tokens, rows: tokens.count, columns: x.shape.columns)
    }
  }

  func total(_ losses: Storage) -> Double {
    (0..<count).reduce(0) { $0 + Double(losses.pointer[$1]) }
  }

  func tokenLosses(_ losses: Storage, _ hits: Storage) -> TokenLosses {
    TokenLosses(
      losses: (0..<count).map { losses.pointer[$0] }, isCorrect: (0..<count).map { hits.pointer[$0] == 1 })
  }

  /// The gradient of x from that of the supervised rows.
  func scattered(_ dx: Tensor) -> Tensor {
    if count == shape.rows { return dx.viewed(as: shape) }
    let result = Tensor(repeating: 0, shape: shape)
    scatterAddRows(result.pointer, dx.pointer, tokens, rows: count, columns: columns, tableRows: shape.rows)
    return result
  }

  /// `logitGradients` are those of the losses, if they were kept.
  func addGradient(
    _ dx: UnsafeMutablePointer<Float>, _ dw: UnsafeMutablePointer<Float>?, accumulates: Bool, _ weight: Tensor,
    coefficients: Tensor, logitGradients: Storage? = nil
  ) {
    let scratch = Storage(count: logitGradients == nil ? count : count * columns)
    let gradient = HeadLossGradient(
      coefficients: coefficients.pointer, dx: dx, dw: dw, accumulatesWeight: accumulates)
    withExtendedLifetime((scratch, coefficients)) {
      if let logitGradients {
        headGradient(
          gradient, logitGradients: logitGradients.pointer, rows.pointer, weight.pointer, scaled: scratch.pointer,
          rows: count, columns: columns, vocabulary: vocabulary)
      } else {
        headLoss(
          scratch.pointer, hits: nil, rows.pointer, weight.pointer, targets: targets, rows: count, columns: columns,
          vocabulary: vocabulary, gradient: gradient)
      }
    }
  }

  func addWeightGradient(
    _ dw: UnsafeMutablePointer<Float>, accumulates: Bool, _ weight: Tensor, coefficients: Tensor
  ) {
    let dx = Storage(count: count * columns)
    withExtendedLifetime(dx) {
      addGradient(dx.pointer, dw, accumulates: accumulates, weight, coefficients: coefficients)
    }
  }
}
