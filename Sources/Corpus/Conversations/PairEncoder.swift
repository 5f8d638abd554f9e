import Files
import Tokenizers

/// Encodes prompts and answers: a prompt ends with the header of the assistant's turn, an answer with its end.
struct PairEncoder: Sendable {
  /// A prompt and one or two answers to it.
  struct Example: Sendable {
    var prompt: [Int32]
    var answers: [[Int32]]
    /// What the user should know about the row.
    var remarks: Set<String> = []

    /// The length of the prompt with its longest answer.
    var length: Int { prompt.count + (answers.map(\.count).max() ?? 0) }
  }

  private var encoder: ChatEncoder
  private var format: ChatFormat { encoder.format }

  init(_ format: ChatFormat) { encoder = ChatEncoder(format) }

  /// Turns, rendered by the template.
  ///
  /// The prompt is what both texts begin with, up to the first token of an answer: a token that the header's end and an
  /// answer share belongs to the answer.
  mutating func example(prompt: ChatInput, answers: [[Message]]) throws(Failure) -> Example {
    var example = Example(prompt: [], answers: [])
    var texts: [ArraySlice<Int32>] = []
    var start = Int.max
    for answer in answers {
      var input = prompt
      input.messages += answer
      let chat = try encoder.encode(input)
      let said = chat.turns.filter { $0.message >= prompt.messages.count }
      guard let first = said.first, let last = said.last else {
        throw Failure(.data, "the chat template writes nothing of an answer")
      }
      start = min(start, first.tokens.lowerBound)
      texts.append(chat.tokens[..<last.tokens.upperBound])
      example.remarks.formUnion(format.remarks(on: chat))
    }
    if (prompt.messages + answers.joined()).contains(where: { $0.isTrained != nil }) {
      example.remarks.insert("which messages are trained is not read where answers are compared")
    }
    for text in texts.dropFirst() { start = min(start, zip(text, texts[0]).prefix { $0 == $1 }.count) }
    example.prompt = Array(texts[0][..<start])
    example.answers = texts.map { Array($0[start...]) }
    return example
  }

  /// Plain texts, with an end of text after each.
  mutating func example(prompt: String, answers: [String]) -> Example {
    let tokenizer = format.tokenizer
    var beginning = tokenizer.addsBeginningOfText ? [tokenizer.beginningOfText].compactMap(\.self) : []
    encoder.append(prompt, to: &beginning)
    var example = Example(prompt: beginning, answers: [])
    for answer in answers {
      var tokens: [Int32] = []
      encoder.append(answer, to: &tokens)
      if let end = tokenizer.endOfText ?? format.stopTokens.first { tokens.append(end) }
      example.answers.append(tokens)
    }
    return example
  }
}

extension PairEncoder.Example {
  /// The example cut to `maximum` tokens.
  ///
  /// A prompt longer than half of them loses tokens at its start (not the beginning of text), as many as the longest
  /// answer needs and no more than bring it down to that half. The answers keep their beginnings and lose their ends.
  func truncated(to maximum: Int, keeping beginning: Int32?) -> Self {
    if length <= maximum { return self }
    let longest = answers.map(\.count).max() ?? 0
    let room = min(prompt.count, max(maximum - longest, maximum / 2))
    let opening = prompt.count > room && room > 1 && prompt.first == beginning ? Array(prompt.prefix(1)) : []
    let kept = opening + prompt.suffix(room - opening.count)
    return Self(prompt: kept, answers: answers.map { Array($0.prefix(maximum - room)) })
  }
}
