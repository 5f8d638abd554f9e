import Autograd
import Corpus
import Foundation
import Kernels
import Models
import Support
import Testing
import Training

/// Scores of answers beside a twin that reads every context with every answer by itself, and figures beside their formulas.
@Suite struct SuiteEvaluationTests {
  private let model: any LanguageModel = {
    let text = """
      { "model_type": "llama", "vocab_size": 31, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64, "initializer_range": 0.4,
        "tie_word_embeddings": false }
      """
    let description = try! ModelDescription(configuration: text, source: "test")
    return description.configuration(vocabularySize: 31).makeModel(seed: 3)
  }()

  private static func tokens(_ count: Int, _ seed: Int) -> [Int32] {
    (0..<count).map { Int32(($0 * 7 + seed * 13) % 31) }
  }

  /// The sum of the log-probabilities of `answer` after `context`, in doubles, and whether each token is the likeliest.
  private func twin(
    _ context: [Int32], _ answer: [Int32], _ other: (any LanguageModel)? = nil
  ) -> (Double, Bool) {
    // An answer's last token is not read.
    let text = context + answer.dropLast()
    let layout = SequenceLayout(rows: 1, columns: text.count)
    let logits = (other ?? model).logits(text, shape: [1, text.count], layout: layout).elements.map(Double.init)
    var (sum, isGreedy) = (0.0, true)
    for (index, token) in answer.enumerated() {
      let row = logits[(context.count - 1 + index) * 31..<(context.count + index) * 31]
      let top = row.max()!
      sum += row[row.startIndex + Int(token)] - top - log(row.reduce(0) { $0 + exp($1 - top) })
      if row.firstIndex(of: top)! - row.startIndex != Int(token) { isGreedy = false }
    }
    return (sum, isGreedy)
  }

  @Test func answersAreScoredAsIfEachStoodAlone() throws {
    // One context for three answers, two contexts of one question, the same context again, and one of a single token.
    let texts: [[ContinuedText]] = [
      [ContinuedText(context: Self.tokens(9, 1), continuations: [[3], [4, 5, 6], Self.tokens(5, 2)])],
      [
        ContinuedText(context: Self.tokens(12, 3), continuations: [[7, 8]]),
        ContinuedText(context: Self.tokens(11, 4), continuations: [[9, 1, 2]]),
      ],
      [ContinuedText(context: Self.tokens(11, 4), continuations: [[9, 1, 2], [0]])],
      [ContinuedText(context: [30], continuations: [Self.tokens(20, 5), Self.tokens(18, 6)])],
    ]
    let questions = texts.map { texts in
      SuiteQuestion(
        texts: texts, answer: 0, lengths: texts.flatMap(\.continuations).map { _ in .init(characters: 1, bytes: 1) })
    }
    var done: [Int] = []
    let evaluation = try SuiteEvaluation(model, questions) { done.append($0) }
    #expect(done == [4])
    for (texts, scores) in zip(texts, evaluation.scores) {
      let expected = texts.flatMap { text in text.continuations.map { twin(text.context, $0) } }
      #expect(scores.count == expected.count)
      for (score, (sum, isGreedy)) in zip(scores, expected) {
        #expect(abs(score.logLikelihood - sum) < 1e-4 * abs(sum))
        #expect(score.isGreedy == isGreedy)
      }
    }
  }

  /// With dynamic scaling the length of each answer gives its text other angles.
  @Test func answersOfDifferentLengthsHaveAnglesOfTheirOwn() throws {
    let text = """
      { "model_type": "llama", "vocab_size": 31, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 8, "initializer_range": 0.4,
        "rope_scaling": { "rope_type": "dynamic", "factor": 8.0 } }
      """
    let model = try ModelDescription(configuration: text, source: "test").configuration(vocabularySize: 31).makeModel(
      seed: 3)
    let context = Self.tokens(9, 1)
    let continuations: [[Int32]] = [[3], [4, 5, 6], Self.tokens(20, 2)]
    let question = SuiteQuestion(
      texts: [ContinuedText(context: context, continuations: continuations)], answer: 0,
      lengths: continuations.map { _ in .init(characters: 1, bytes: 1) })
    let scores = try SuiteEvaluation(model, [question]).scores[0]
    for (score, answer) in zip(scores, continuations) {
      let (sum, _) = twin(context, answer, model)
      #expect(abs(score.logLikelihood - sum) < 1e-4 * abs(sum))
    }
  }

  /// Examples before all questions are read once: with letters, with longer answers, and beside a question that has none.
  @Test func beginningsThatAreSharedAreReadOnce() throws {
    let beginning = Self.tokens(40, 7)
    let texts: [ContinuedText] = [
      ContinuedText(context: beginning + Self.tokens(5, 1), continuations: [[3], [4], [5]]),
      ContinuedText(context: beginning + Self.tokens(1, 2), continuations: [[6, 7, 8], [6, 7], [9]]),
      ContinuedText(context: beginning + Self.tokens(8, 3), continuations: [[1, 2], [1, 3]]),
      ContinuedText(context: Self.tokens(7, 8), continuations: [[2], [3]]),
    ]
    let length = SuiteQuestion.Length(characters: 1, bytes: 1)
    let questions = texts.map { text in
      SuiteQuestion(texts: [text], answer: 0, lengths: text.continuations.map { _ in length })
    }
    var done: [Int] = []
    let scores = try SuiteEvaluation(model, questions) { done.append($0) }.scores
    #expect(done == [1, 2, 3, 4])
    for (text, scores) in zip(texts, scores) {
      let expected = text.continuations.map { twin(text.context, $0) }
      for (score, (sum, isGreedy)) in zip(scores, expected) {
        #expect(abs(score.logLikelihood - sum) < 1e-4 * abs(sum))
        #expect(score.isGreedy == isGreedy)
      }
    }
  }

  @Test func equalAnswersHaveEqualScores() throws {
    let length = SuiteQuestion.Length(characters: 1, bytes: 1)
    let questions = (1...20).map { index in
      let answer = Self.tokens(1 + index % 5, index)
      let others = (1...3).map { Self.tokens($0 + index % 4, 30 + index + $0) }
      let text = ContinuedText(
        context: Self.tokens(3 + index, 40 + index), continuations: [answer, others[0], others[1], answer, others[2]])
      // The same context again, as where answers of other lengths leave other room.
      let again = ContinuedText(context: text.context, continuations: [answer])
      let between = ContinuedText(context: Array(text.context.dropFirst()), continuations: [others[0]])
      let texts = [text, between, again]
      return SuiteQuestion(texts: texts, answer: 0, lengths: Array(repeating: length, count: 7))
    }
    for scores in try SuiteEvaluation(model, questions).scores {
      #expect(scores[3] == scores[0] && scores[6] == scores[0])
      #expect(scores.count == 7 && scores[5] != scores[1])
    }
  }

  @Test func greedyAnswersAreFound() throws {
    let context = Self.tokens(6, 9)
    var answer: [Int32] = []
    for _ in 0..<4 {
      let likeliest = (0..<Int32(31)).max { twin(context, answer + [$0]).0 < twin(context, answer + [$1]).0 }!
      answer.append(likeliest)
    }
    var other = answer
    other[2] = (other[2] + 1) % 31
    let text = ContinuedText(context: context, continuations: [answer, other])
    let length = SuiteQuestion.Length(characters: 1, bytes: 1)
    let question = SuiteQuestion(texts: [text], answer: 0, lengths: [length, length])
    #expect(try SuiteEvaluation(model, [question]).scores[0].map(\.isGreedy) == [true, false])
  }

  // MARK: Figures

  private func question(_ lengths: [(Int, Int)], answer: Int) -> SuiteQuestion {
    SuiteQuestion(texts: [], answer: answer, lengths: lengths.map { .init(characters: $0.0, bytes: $0.1) })
  }

  private func scores(_ likelihoods: [Double], greedy: Bool = false) -> [SuiteEvaluation.AnswerScore] {
    likelihoods.map { .init(logLikelihood: $0, isGreedy: greedy) }
  }

  @Test func accuracyAndItsNorms() {
    // -6 against -8, each character -3 against -2, each byte -1.5 against -2; a tie goes to the first.
    let questions = [question([(2, 4), (4, 4)], answer: 0), question([(1, 1), (1, 1)], answer: 1)]
    let figures = SuiteFigures(.piqa, questions, [scores([-6, -8]), scores([-1, -1])]).figures
    #expect(figures.map(\.name) == ["acc", "acc_norm", "acc_bytes"])
    #expect(figures.map(\.value) == [0.5, 0, 0.5])
    // sqrt((0.25 + 0.25) / 1) / sqrt(2)
    #expect(figures.map(\.error) == [0.5, 0, 0.5])
    let single = SuiteFigures(.blimp, [questions[0]], [scores([-6, -8])]).figures
    #expect(single == [.init(name: "acc", value: 1, error: nil)])
  }

  /// `bootstrap_stderr(perplexity, [-1.5, -0.25, -3.0], iters=2000)` of lm-evaluation-harness 0.4.13.
  @Test func perplexityHasTheErrorThatTheHarnessDraws() {
    let values = [-1.5, -0.25, -3.0]
    let questions = values.map { _ in question([(1, 1)], answer: 0) }
    let found = SuiteFigures(
      .lambada, questions, [scores([values[0]], greedy: true)] + values.dropFirst().map { scores([$0]) },
      resamples: 2000
    ).figures
    #expect(found.map(\.name) == ["acc", "perplexity"])
    #expect(abs(found[0].value - 1.0 / 3) < 1e-15)
    #expect(abs(found[1].value - exp(4.75 / 3)) < 1e-12)
    #expect(abs(found[1].error! - 4.157662860698969) < 1e-9)
  }

  @Test func suitesThatBelongTogetherHaveAPlainMean() {
    let one = SuiteFigures(.blimp, [question([(1, 1), (1, 1)], answer: 0)], [scores([-1, -2])])
    let two = SuiteFigures(
      .blimp, (0..<2).map { _ in question([(1, 1), (1, 1)], answer: 0) }, [scores([-1, -2]), scores([-2, -1])])
    let mean = SuiteFigures(meanOf: [two, two]).figures
    #expect(mean.map(\.value) == [0.5] && abs(mean[0].error! - 0.5 / 2.0.squareRoot()) < 1e-15)
    #expect(SuiteFigures(meanOf: [one, two]).figures == [.init(name: "acc", value: 0.75, error: nil)])
    #expect(SuiteFigures(meanOf: [one, two]).count == 3)
  }
}
