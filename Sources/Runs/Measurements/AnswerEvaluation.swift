import Corpus
import Files
import Inference
import Tokenizers

/// How many of a model's greedy answers are word for word the expected ones.
package struct AnswerEvaluation: Sendable {
  /// Answers that were asked for: one each assistant turn, after the true turns before it.
  package private(set) var questions = 0
  package private(set) var exactMatches = 0
  /// Answers that are word for word the rejected one of a pair.
  package private(set) var rejectedMatches = 0
  /// Questions whose conversation leaves the model no room to answer, or that the template does not ask.
  package private(set) var unanswerable = 0
  /// The first answers, to be looked at.
  package private(set) var shown: [Answer] = []
  private var frequencies: [String: Int] = [:]

  /// Whether there were answers not to give.
  package var hasRejected: Bool { rejected > 0 }
  /// Of the answers that are word for word the chosen or the rejected one, the share that are the chosen one; a tie, 0.5, where
  /// none is either.
  package var winRate: Double {
    let decided = exactMatches + rejectedMatches
    return decided == 0 ? 0.5 : Double(exactMatches) / Double(decided)
  }
  private var rejected = 0

  /// A turn that the model is to give itself.
  package struct Question: Sendable {
    /// What comes before it.
    package enum Prompt: Sendable {
      case turns(ChatInput)
      case tokens([Int32])
    }

    package var prompt: Prompt
    package var answer: String
    /// The answer that it should not give, where there is one.
    package var rejected: String?
  }

  /// What a model answered.
  package struct Answer: Sendable, Equatable {
    /// The question, without what a template writes around it.
    package var question: String
    package var expected: String
    package var rejected: String?
    package var given: String

    package init(question: String, expected: String, rejected: String? = nil, given: String) {
      (self.question, self.expected, self.rejected, self.given) = (question, expected, rejected, given)
    }
  }

  /// The share of exact matches.
  package var exactMatch: Double { Double(exactMatches) / Double(max(1, questions)) }
  /// The share of exact matches that giving the commonest answer to every question would have.
  package var majorityBaseline: Double { Double(frequencies.values.max() ?? 0) / Double(max(1, questions)) }

  /// Asks `generator` every question; `format` is how turns become tokens, where questions have any.
  ///
  /// - Parameter shownCount: so many of the first answers are kept, up to 128 tokens of each.
  package init(
    _ generator: TextGenerator, _ format: ChatFormat?, questions asked: [Question], showing shownCount: Int = 0
  ) throws(Failure) {
    var encoder = format.map(ChatEncoder.init)
    let questionText = QuestionText(generator.tokenizer, format)
    let generator = TextGenerator(generator.model, generator.tokenizer, endTokens: format?.stopTokens)
    var progress = WorkProgress("asking the questions", total: asked.count, unit: "questions")
    for question in asked {
      try StopRequest.check()
      progress.show(questions)
      questions += 1
      let expected = question.answer.trimmed
      frequencies[expected, default: 0] += 1
      guard let prompt = question.prompt.tokens(&encoder), prompt.count < generator.model.maximumPositions else {
        unanswerable += 1
        continue
      }
      var options = GenerationOptions()
      options.sampling.temperature = 0
      options.dropsLeadingSpace = format != nil
      // A longer answer is another answer.
      let longest = [question.answer, question.rejected ?? ""].map { generator.tokenizer.encode($0).count }.max()!
      options.maximumTokens = shown.count < shownCount ? max(longest + 2, 128) : longest + 2
      let text = try generator.complete(prompt, options: options).text
      if shown.count < shownCount {
        shown.append(
          Answer(
            question: question.prompt.text(questionText), expected: question.answer, rejected: question.rejected,
            given: text))
      }
      count(text.trimmed, expected: expected, rejected: question.rejected)
    }
  }

  private mutating func count(_ given: String, expected: String, rejected wrong: String?) {
    if given == expected { exactMatches += 1 }
    guard let wrong else { return }
    rejected += 1
    if given == wrong.trimmed { rejectedMatches += 1 }
  }
}

extension String {
  /// Without the white space at its ends, which is no part of an answer.
  var trimmed: String {
    let kept = drop { $0.isWhitespace }
    guard let last = kept.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(kept[...last])
  }
}

extension AnswerEvaluation.Question.Prompt {
  /// nil where the template does not ask such a question.
  fileprivate func tokens(_ encoder: inout ChatEncoder?) -> [Int32]? {
    switch self {
    case .turns(let input): try? encoder?.encode(input, addingGenerationPrompt: true).tokens
    case .tokens(let tokens): tokens
    }
  }

  fileprivate func text(_ question: QuestionText) -> String {
    switch self {
    case .turns(let input): input.messages.last?.content ?? ""
    case .tokens(let tokens): question.text(of: tokens)
    }
  }
}

// MARK: - Questions

extension AnswerEvaluation {
  /// The questions of conversations: every assistant turn.
  package static func questions(of conversations: [ChatInput]) -> [Question] {
    conversations.flatMap { conversation in
      conversation.messages.indices.filter { conversation.messages[$0].role == "assistant" }.map { index in
        var input = conversation
        input.messages = Array(conversation.messages[..<index])
        return Question(prompt: .turns(input), answer: conversation.messages[index].content)
      }
    }
  }

  /// The questions of at most `limit` examples as they are trained: each run of trained tokens is an answer to what is before
  /// it. Answers without a partner, of which nobody says what they should be, ask nothing.
  static func questions(
    of loader: any SampleLoader, _ tokenizer: Tokenizer, limit: Int
  ) throws(Failure) -> [Question] {
    var questions: [Question] = []
    for index in 0..<min(limit, loader.exampleCount) {
      let parts = try loader.example(index)
      let answers = parts.map { part in
        part.answers.map {
          (prompt: $0.prompt, text: String(decoding: tokenizer.decode($0.answer, skippingSpecial: true), as: UTF8.self))
        }
      }
      if parts.first?.part == nil {
        questions += answers.joined().map { Question(prompt: .tokens($0.prompt), answer: $0.text) }
      } else if parts.count == 2, let chosen = answers[0].last, let rejected = answers[1].last {
        questions.append(Question(prompt: .tokens(chosen.prompt), answer: chosen.text, rejected: rejected.text))
      }
    }
    return questions
  }

  /// Beginnings of at most `limit` windows of a text, spread over it, and how they go on.
  static func continuations(
    of loader: any SampleLoader, _ tokenizer: Tokenizer, limit: Int
  ) throws(Failure) -> [Question] {
    var questions: [Question] = []
    let count = min(limit, loader.exampleCount)
    for index in 0..<count {
      let tokens = try loader.example(index * loader.exampleCount / count).first?.tokens ?? []
      let half = min(64, tokens.count / 2)
      guard half > 0 else { continue }
      let rest = tokenizer.decode(Array(tokens[half..<2 * half]))
      questions.append(
        Question(prompt: .tokens(Array(tokens[..<half])), answer: String(decoding: rest, as: UTF8.self)))
    }
    return questions
  }
}

extension TrainedTokens {
  /// Each run of trained tokens, and everything before it.
  fileprivate var answers: [(prompt: [Int32], answer: [Int32])] {
    var answers: [(prompt: [Int32], answer: [Int32])] = []
    var start: Int?
    for index in 0...tokens.count {
      let isTrained = index < tokens.count && isTrained[index]
      if isTrained, start == nil { start = index }
      guard !isTrained, let first = start else { continue }
      if first > 0 { answers.append((Array(tokens[..<first]), Array(tokens[first..<index]))) }
      start = nil
    }
    return answers
  }
}
