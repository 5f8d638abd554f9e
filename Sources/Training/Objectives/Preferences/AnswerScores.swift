import Autograd
import Corpus

/// The log-probabilities of the two answers of each pair of a batch, all tensors [P], P pairs.
package struct AnswerScores {
  /// ln pi(y|x) of the first and the second answer: sums over the answers' tokens.
  package var first: Tensor
  package var second: Tensor
  /// The same under the reference model; zero where there is none.
  package var referenceFirst: Tensor
  package var referenceSecond: Tensor
  /// The number of tokens of each answer.
  package var firstLengths: Tensor
  package var secondLengths: Tensor
  /// Whether the first answer is the preferred or wanted one.
  package var isFirstPreferred: [Bool]

  package init(
    first: Tensor, second: Tensor, referenceFirst: Tensor, referenceSecond: Tensor, firstLengths: Tensor,
    secondLengths: Tensor, isFirstPreferred: [Bool]
  ) {
    (self.first, self.second) = (first, second)
    (self.referenceFirst, self.referenceSecond) = (referenceFirst, referenceSecond)
    (self.firstLengths, self.secondLengths) = (firstLengths, secondLengths)
    self.isFirstPreferred = isFirstPreferred
  }

  /// ln pi - ln pi_ref of the first answer.
  package var firstRatio: Tensor { first - referenceFirst }
  /// ln pi - ln pi_ref of the second answer.
  package var secondRatio: Tensor { second - referenceSecond }
}

extension StepContext {
  /// The log-probabilities of all answers of `batch`.
  package func answerScores(_ batch: Batch) -> AnswerScores {
    let tokens = logProbabilities(batch)
    func sums(_ answers: [Batch.Answer]) -> Tensor {
      concatenate(answers.map { tokens.slice($0.places).sum(keepingDimensions: true) })
    }
    func values(_ numbers: [Double]) -> Tensor { Tensor(numbers.map(Float.init), shape: [numbers.count]) }
    let firsts = stride(from: 0, to: batch.answers.count, by: 2).map { batch.answers[$0] }
    let seconds = stride(from: 1, to: batch.answers.count, by: 2).map { batch.answers[$0] }
    return AnswerScores(
      first: sums(firsts), second: sums(seconds), referenceFirst: values(firsts.map { $0.reference ?? 0 }),
      referenceSecond: values(seconds.map { $0.reference ?? 0 }),
      firstLengths: values(firsts.map { Double($0.places.count) }),
      secondLengths: values(seconds.map { Double($0.places.count) }), isFirstPreferred: firsts.map(\.isPreferred))
  }
}
