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
    package var input: ChatInput
    package var answer: String
    /// The answer that it should not give, where there is one.
    package var rejected: String?
  }

  /// The share of exact matches.
  package var exactMatch: Double { Double(exactMatches) / Double(max(1, questions)) }
  /// The share of exact matches that giving the commonest answer to every question would have.
  package var majorityBaseline: Double { Double(frequencies.values.max() ?? 0) / Double(max(1, questions)) }

  /// Asks `generator` every question.
  package init(_ generator: TextGenerator, _ format: ChatFormat, questions asked: [Question]) throws(Failure) {
    var encoder = ChatEncoder(format)
    let generator = TextGenerator(generator.model, generator.tokenizer, endTokens: format.stopTokens)
    for question in asked {
      try StopRequest.check()
      questions += 1
      let expected = Self.normalized(question.answer)
      frequencies[expected, default: 0] += 1
      guard let prompt = try? encoder.encode(question.input, addingGenerationPrompt: true).tokens,
        prompt.count < generator.model.maximumPositions
      else {
        unanswerable += 1
        continue
      }
      var options = GenerationOptions()
      options.sampling.temperature = 0
      // A longer answer is another answer.
      let longest = [question.answer, question.rejected ?? ""].map { format.tokenizer.encode($0).count }.max()!
      options.maximumTokens = longest + 2
      let given = Self.normalized(try generator.complete(prompt, options: options).text)
      if given == expected { exactMatches += 1 }
      guard let wrong = question.rejected else { continue }
      rejected += 1
      if given == Self.normalized(wrong) { rejectedMatches += 1 }
    }
  }

  /// The questions of conversations: every assistant turn.
  package static func questions(of conversations: [ChatInput]) -> [Question] {
    conversations.flatMap { conversation in
      conversation.messages.indices.filter { conversation.messages[$0].role == "assistant" }.map { index in
        var input = conversation
        input.messages = Array(conversation.messages[..<index])
        return Question(input: input, answer: conversation.messages[index].content)
      }
    }
  }

  /// White space at the ends is no part of an answer.
  private static func normalized(_ text: String) -> String {
    let kept = text.drop { $0.isWhitespace }
    guard let last = kept.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(kept[...last])
  }
}
