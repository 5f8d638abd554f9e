import Files
import Tokenizers

/// A conversation with a model: the same template and tokens as in training.
public struct Conversation {
  private let generator: TextGenerator
  private let format: ChatFormat
  /// What has been said.
  public private(set) var messages: [Message]

  /// A conversation that begins with `messages`, such as a system turn.
  public init(_ generator: TextGenerator, _ format: ChatFormat, messages: [Message] = []) {
    self.generator = TextGenerator(generator.model, generator.tokenizer, endTokens: format.stopTokens)
    self.format = format
    self.messages = messages
  }

  /// The model's answer to a user's `text`; both become part of the conversation. The oldest turns are left out of what the
  /// model reads when there is no room for them beside an answer.
  ///
  /// - Parameters:
  ///   - onText: gets the answer as it comes.
  ///   - isInterrupted: says after a token that the answer is to end there.
  /// - Throws: `Failure` of area `.usage` when even the last turn alone is too long for the model.
  public mutating func reply(
    to text: String, options: GenerationOptions = GenerationOptions(), onText: (String) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }
  ) throws(Failure) -> Completion {
    let asked = messages + [Message(role: "user", content: text)]
    var options = options
    options.dropsLeadingSpace = true
    let completion = try generator.complete(
      prompt(asked, options), options: options, onText: onText, isInterrupted: isInterrupted)
    messages = asked + [Message(role: "assistant", content: completion.text)]
    return completion
  }

  private func prompt(_ messages: [Message], _ options: GenerationOptions) throws(Failure) -> [Int32] {
    let room = generator.model.maximumPositions
    let wanted = max(room / 2, room - min(room, options.maximumTokens))
    var kept = messages
    while true {
      let tokens = try format.encode(kept, addingGenerationPrompt: true).tokens
      let oldest = kept.first?.role == "system" ? 1 : 0
      if tokens.count <= wanted || kept.count - oldest < 3 { return tokens }
      kept.removeSubrange(oldest..<oldest + 2)
    }
  }
}
