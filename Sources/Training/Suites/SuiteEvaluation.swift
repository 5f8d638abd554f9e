import Autograd
import Corpus
import Files
import Models

/// How likely a model finds the answers to the questions of a suite.
package struct SuiteEvaluation: Sendable {
  /// For each question its answers, in their order.
  package private(set) var scores: [[AnswerScore]] = []

  /// An answer under the model.
  package struct AnswerScore: Sendable, Equatable {
    /// The sum of its tokens' log-probabilities.
    package var logLikelihood: Double
    /// Whether the model's likeliest token is the answer's at each place.
    package var isGreedy: Bool

    package init(logLikelihood: Double, isGreedy: Bool) {
      (self.logLikelihood, self.isGreedy) = (logLikelihood, isGreedy)
    }

    /// The score of an answer from what its tokens have.
    init(_ logProbabilities: some Sequence<Float>, _ isLikeliest: some Sequence<Bool>) {
      logLikelihood = logProbabilities.reduce(0) { $0 + Double($1) }
      isGreedy = isLikeliest.allSatisfy { $0 }
    }
  }

  /// About so many tokens are computed at once.
  private static let batchSize = 4096

  /// Scores every answer. What stands before the answers of a question is computed once for all of them, as is what questions
  /// that follow each other begin with.
  ///
  /// - Parameter progress: gets the number of questions that are done.
  /// - Throws: `.numerics` where a log-likelihood is no number, `.interrupted` where a signal asks to stop.
  package init(
    _ model: any LanguageModel, _ questions: [SuiteQuestion], progress: (Int) -> Void = { _ in }
  ) throws(Failure) {
    var start = 0
    while start < questions.count {
      try StopRequest.check()
      if let shared = SharedBeginning(model, of: questions, from: start) {
        try shared.score { answers in
          append(answers, of: questions[scores.count])
          progress(scores.count)
        }
      } else {
        let group = questions[start..<Self.end(of: start, in: questions)]
        var answers = Self.scores(of: group.flatMap(\.texts), model)[...]
        for question in group {
          append(Array(answers.prefix(question.lengths.count)), of: question)
          answers = answers.dropFirst(question.lengths.count)
        }
        progress(scores.count)
      }
      if scores[start...].contains(where: { $0.contains(where: \.logLikelihood.isNaN) }) {
        throw Failure(.numerics, "the model gives log-probabilities that are not numbers")
      }
      start = scores.count
    }
  }

  /// Adds the scores of a question's answers. Equal answers have equal scores, of which the first wins: computed in different
  /// places of a batch they may differ in their last bits.
  private mutating func append(_ answers: [AnswerScore], of question: SuiteQuestion) {
    let texts = question.texts.flatMap { text in text.continuations.map { (context: text.context, answer: $0) } }
    scores.append(
      texts.map { text in answers[texts.firstIndex { $0.answer == text.answer && $0.context == text.context }!] })
  }

  /// Where the questions end that are computed together with the one at `start`, as far as they are few.
  private static func end(of start: Int, in questions: [SuiteQuestion]) -> Int {
    var (end, length) = (start, 0)
    while end < questions.count {
      length += questions[end].texts.reduce(0) { $0 + $1.length }
      if end > start, length > batchSize { break }
      end += 1
    }
    return end
  }

  private static func scores(of texts: [ContinuedText], _ model: any LanguageModel) -> [AnswerScore] {
    let batch = Batch(continuing: texts.flatMap { $0.divided(for: model) })
    let tokens = model.head.scores(StepContext(model).hiddenStates(batch), targets: batch.targets)
    var next = 0
    return batch.answers.map { answer in
      // Only the answers' tokens are targets.
      let range = next..<next + answer.places.count
      next = range.upperBound
      return AnswerScore(tokens.logProbabilities[range], tokens.isLikeliest[range])
    }
  }
}

extension ContinuedText {
  /// The text, or one for each of its continuations where how long these are tells the model other angles.
  fileprivate func divided(for model: any LanguageModel) -> [ContinuedText] {
    let variants = Set(continuations.map { model.backbone.rotationVariant(reach: context.count - 1 + $0.count) })
    return variants.count < 2 ? [self] : continuations.map { ContinuedText(context: context, continuations: [$0]) }
  }
}
