import Autograd
import Corpus
import Files
import Models

/// Questions in a row that begin with the same tokens, such as the examples before all of them: these are read once.
struct SharedBeginning {
  private let model: any LanguageModel
  /// The beginning's length.
  private let length: Int
  private let questions: ArraySlice<SuiteQuestion>

  /// The questions from `start` on that share a beginning, one that is worth it: the greater part of the first of them. nil if
  /// the next one does not share it.
  init?(_ model: any LanguageModel, of questions: [SuiteQuestion], from start: Int) {
    guard start + 1 < questions.count, let first = questions[start].onlyContext,
      let next = questions[start + 1].onlyContext
    else { return nil }
    let common = zip(first, next).prefix { $0 == $1 }.count
    // What follows it has at least one token, whose hidden state predicts an answer's first.
    let length = min(common, first.count - 1, next.count - 1)
    guard length >= 32, 2 * length > first.count else { return nil }
    let beginning = first[..<length]
    func shares(_ question: SuiteQuestion) -> Bool {
      guard let context = question.onlyContext, context.count > length else { return false }
      let variants = [length, question.reach].map { model.backbone.rotationVariant(reach: $0) }
      return context.starts(with: beginning) && variants[0] == variants[1]
    }
    let end = questions[start...].firstIndex { !shares($0) } ?? questions.count
    guard end > start + 1 else { return nil }
    (self.model, self.length, self.questions) = (model, length, questions[start..<end])
  }

  /// Calls `body` with the scores of each of the questions.
  func score(_ body: ([SuiteEvaluation.AnswerScore]) -> Void) throws(Failure) {
    let cache = KeyValueCache(for: model, capacity: questions.map(\.reach).max()!)
    _ = model.nextTokenLogits(Array(questions.first!.texts[0].context[..<length]), chunk: 256, cache: cache)
    for question in questions {
      try StopRequest.check()
      body(scores(of: question.texts[0], cache))
    }
  }

  /// The answers' scores; those that differ in their last tokens alone are read once.
  private func scores(of text: ContinuedText, _ cache: KeyValueCache) -> [SuiteEvaluation.AnswerScore] {
    let rest = text.context[length...]
    var known: (read: ArraySlice<Int32>, hidden: Tensor)?
    return text.continuations.map { answer in
      let read = answer.dropLast()
      if known?.read != read {
        // The cache stays as it is: what is read here is stored behind its end.
        let tokens = rest + read
        known = (
          read,
          model.hiddenStates(
            Array(tokens), shape: [1, tokens.count], attention: .cached([cache]), recompute: false)
        )
      }
      let hidden = known!.hidden
      let columns = hidden.shape[2]
      let rows = Tensor(
        storage: hidden.storage, offset: hidden.offset + (rest.count - 1) * columns, shape: [answer.count, columns])
      let tokens = model.head.scores(rows, targets: answer)
      return SuiteEvaluation.AnswerScore(tokens.logProbabilities, tokens.isLikeliest)
    }
  }
}

extension SuiteQuestion {
  /// The context of all answers; nil where they have several.
  fileprivate var onlyContext: [Int32]? { texts.count == 1 ? texts[0].context : nil }

  /// The positions that the longest of its texts takes.
  var reach: Int {
    texts.map { $0.context.count - 1 + ($0.continuations.map(\.count).max() ?? 0) }.max() ?? 0
  }
}
