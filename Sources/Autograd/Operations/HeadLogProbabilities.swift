import Kernels

/// ln softmax(x W^T)[target] of each token, [N] for x [..., C] with N rows; 0 where the target is -1.
///
/// Where gradients are wanted, those by the logits are kept for the backward pass if they are no more than `limit` numbers
/// (128 MiB); else there is never more than a chunk of them, and the backward pass recomputes them.
public func headLogProbabilities(
  _ x: Tensor, _ weight: Tensor, targets: [Int32], keepingAtMost limit: Int = 32 << 20
) -> Tensor {
  headLogProbabilities(x, Weight(weight), targets: targets, keepingAtMost: limit)
}

/// The same with a weight that may be of few bits.
package func headLogProbabilities(
  _ x: Tensor, _ weight: Weight, targets: [Int32], keepingAtMost limit: Int = 32 << 20
) -> Tensor {
  let head = SupervisedRows(x, weight, targets)
  let losses = Storage(count: head.count)
  let size = head.count * head.vocabulary
  let kept = (x.isRecorded || weight.isRecorded) && size > 0 && size <= limit ? Storage(count: size) : nil
  if let kept {
    headLoss(
      losses.mutableBuffer, logitGradients: kept.mutableBuffer, head.rows.matrix, weight.matrix, targets: head.targets,
      precision: weight.precision)
  } else if head.count > 0 {
    headLoss(
      losses.mutableBuffer, isCorrect: nil, head.rows.matrix, weight.matrix, targets: head.targets, gradient: nil,
      precision: weight.precision)
  }
  // y[token] = -loss
  Kernels.scale(losses.mutableBuffer, by: -1)
  var y = Tensor(repeating: 0, shape: [targets.count])
  scatterAddRows(MutableMatrix(y.mutableBuffer, rows: targets.count, columns: 1), losses.buffer, head.tokens)

  let weight0 = weight.detached()
  return .record("headLogProbabilities", [x, weight.tensor], output: y) { back in
    guard head.count > 0 else { return }
    // d loss = -dy[token]
    var coefficients = Tensor(uninitialized: [head.count])
    let dy = back.gradient
    gatherRows(coefficients.mutableBuffer, Matrix(dy.buffer, rows: dy.shape.count, columns: 1), head.tokens)
    Kernels.scale(coefficients.mutableBuffer, by: -1)
    var dx = Tensor(uninitialized: head.rows.shape)
    func gradient(_ dw: MutableBuffer?, _ accumulates: Bool) {
      head.addGradient(
        dx.mutableBuffer, dw, accumulates: accumulates, weight0, coefficients: coefficients, logitGradients: kept)
    }
    if back.isWanted(1) { back.accumulate(into: 1, gradient) } else { gradient(nil, false) }
    back.add(head.scattered(dx), to: 0)
  }
}

/// What `headLogProbabilities` computes for the tokens with a target, in their order and without gradients, and whether no other
/// token has a logit as large as the target's.
package func headScores(
  _ x: Tensor, _ weight: Weight, targets: [Int32]
) -> (logProbabilities: [Float], isLikeliest: [Bool]) {
  let head = SupervisedRows(x, weight, targets)
  guard head.count > 0 else { return ([], []) }
  let (losses, isCorrect) = (Storage(count: head.count), Storage(count: head.count))
  headLoss(
    losses.mutableBuffer, isCorrect: isCorrect.mutableBuffer, head.rows.matrix, weight.matrix, targets: head.targets,
    gradient: nil, precision: weight.precision)
  return losses.buffer.withUnsafeBufferPointer { losses in
    isCorrect.buffer.withUnsafeBufferPointer { correct in (losses.map { -$0 }, correct.map { $0 == 1 }) }
  }
}
