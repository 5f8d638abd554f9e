import Autograd
import Corpus

/// The log-probabilities of the two answers of each pair of a batch, all tensors [P], P pairs.
package struct AnswerScores {
  /// ln pi(y|x) of the first and the second answer: sums over the answers' tokens.
  package var first: Tensor
  package var second: Tensor
  /// The same under the reference model; nil if the batch has no scores of one.
  package var reference: (first: Tensor, second: Tensor)?
  /// The number of tokens of each answer.
  package var firstLengths: Tensor
  package var secondLengths: Tensor
  /// The mean length of the preferred answers of the whole step; nil where no loss asks for it.
  package var stepLength: Float?
  /// Whether the first answer is the preferred or wanted one.
  package var isFirstPreferred: [Bool]

  package init(
    first: Tensor, second: Tensor, reference: (first: Tensor, second: Tensor)?, firstLengths: Tensor,
    secondLengths: Tensor, isFirstPreferred: [Bool]
  ) {
    (self.first, self.second) = (first, second)
    self.reference = reference
    (self.firstLengths, self.secondLengths) = (firstLengths, secondLengths)
    self.isFirstPreferred = isFirstPreferred
  }

  /// ln pi - ln pi_ref of the first answer.
  package var firstRatio: Tensor { first - neededReference.first }
  /// ln pi - ln pi_ref of the second answer.
  package var secondRatio: Tensor { second - neededReference.second }

  private var neededReference: (first: Tensor, second: Tensor) {
    guard let reference else {
      preconditionFailure("a loss compares with a reference model that has not scored the batch")
    }
    return reference
  }
}

extension StepContext {
  /// ln pi(y|x) [A] of the answers of a batch: sums over their tokens.
  package func answerLogProbabilities(_ batch: Batch) -> Tensor { sums(batch.answers, logProbabilities(batch)) }

  private func sums(_ answers: [Batch.Answer], _ tokens: Tensor) -> Tensor {
    concatenate(answers.map { tokens.slice($0.places).sum(keepingDimensions: true) })
  }

  /// The log-probabilities of all answers of `batch`, which are in pairs.
  package func answerScores(_ batch: Batch) -> AnswerScores {
    let tokens = logProbabilities(batch)
    func values(_ numbers: [Double]) -> Tensor { Tensor(numbers.map(Float.init), shape: [numbers.count]) }
    precondition(batch.answers.count.isMultiple(of: 2), "\(batch.answers.count) answers are no pairs")
    let firsts = stride(from: 0, to: batch.answers.count, by: 2).map { batch.answers[$0] }
    let seconds = stride(from: 1, to: batch.answers.count, by: 2).map { batch.answers[$0] }
    let references = batch.answers.compactMap(\.reference)
    precondition(
      references.isEmpty || references.count == batch.answers.count,
      "the reference model has scored \(references.count) of \(batch.answers.count) answers")
    return AnswerScores(
      first: sums(firsts, tokens), second: sums(seconds, tokens),
      reference: references.isEmpty
        ? nil : (values(firsts.map { $0.reference! }), values(seconds.map { $0.reference! })),
      firstLengths: values(firsts.map { Double($0.places.count) }),
      secondLengths: values(seconds.map { Double($0.places.count) }), isFirstPreferred: firsts.map(\.isPreferred))
  }
}
