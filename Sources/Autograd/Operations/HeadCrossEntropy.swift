import Kernels

/// The losses of the supervised tokens of a batch together, and how many of them the model would have guessed.
public struct TokenLosses {
  /// The sum of -ln p(target).
  public let sum: Double
  /// How many targets had the largest logit.
  public let correctCount: Int
  /// How many tokens had a target.
  public let count: Int
}

/// The sum of -ln softmax(x W^T)[target] over the tokens with a target >= 0, fused with the head's product.
///
/// x is [..., C], `weight` [V, C], `targets` one a row of x, -1 for a token that is not trained; such rows cost nothing.
/// Only a chunk of the logits exists at a time, and its gradient takes its place: so gradients are computed in the forward
/// pass, and that of the weight is added to the parameter's at once. That is right if the result reaches the loss that
/// `Gradients.add` differentiates, which it checks. They are computed for the gradient that the backward pass begins with,
/// which is what a loss has that is returned as it is; any other upstream gradient costs a second pass.
package func headCrossEntropy(
  _ x: Tensor, _ weight: Tensor, targets: [Int32], inspect: ((TokenLosses) -> Void)? = nil
) -> Tensor {
  headCrossEntropy(x, Weight(weight), targets: targets, inspect: inspect)
}

/// The same with a weight that may be of few bits.
package func headCrossEntropy(
  _ x: Tensor, _ weight: Weight, targets: [Int32], inspect: ((TokenLosses) -> Void)? = nil
) -> Tensor {
  let head = SupervisedRows(x, weight, targets)
  let losses = Storage(count: head.count)
  let isCorrect = inspect.map { _ in Storage(count: head.count) }
  let isRecorded = x.isRecorded || weight.isRecorded
  let expected = (x.node ?? weight.node)?.seed ?? 1
  let coefficients = Tensor(repeating: expected, shape: [head.count])
  var dx = Tensor(uninitialized: isRecorded ? head.rows.shape : [0])

  let accumulator = isRecorded && head.count > 0 ? weight.node?.accumulator : nil
  func run(_ dw: MutableBuffer?, _ accumulates: Bool) {
    headLoss(
      losses.mutableBuffer, isCorrect: isCorrect?.mutableBuffer, head.rows.matrix, weight.matrix, targets: head.targets,
      gradient: isRecorded
        ? HeadLossGradient(
          coefficients: coefficients.buffer, dx: dx.mutableBuffer, dw: dw, accumulatesWeight: accumulates) : nil,
      precision: weight.precision)
  }
  if let accumulator { accumulator.addInAdvance(run) } else if head.count > 0 { run(nil, false) }
  let sum = sumInDouble(losses.buffer)
  inspect?(TokenLosses(sum: sum, correctCount: Int(sumInDouble(isCorrect!.buffer)), count: head.count))

  let weight0 = weight.detached()
  return .record("headCrossEntropy", [x, weight.tensor], output: Tensor(Float(sum))) { back in
    guard head.count > 0 else { return }
    accumulator?.confirm()
    let upstream = back.gradient.scalar
    if upstream != expected { Kernels.scale(dx.mutableBuffer, by: upstream / expected) }
    back.add(head.scattered(dx), to: 0)
    // What was added to the weight's gradient in advance was for the expected upstream gradient.
    let missing = accumulator == nil ? upstream : upstream - expected
    guard missing != 0 else { return }
    back.accumulate(into: 1) { head.addWeightGradient($0, accumulates: $1, weight0, coefficient: missing) }
  }
}
