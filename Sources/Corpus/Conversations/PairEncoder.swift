import Files
import Tokenizers

/// Encodes prompts and answers: a prompt ends with the header of the assistant's turn, an answer with its end.
struct PairEncoder {
  /// A prompt and one or two answers to it.
  struct Example {
    var prompt: [Int32]
    var answers: [[Int32]]

    /// The length of the prompt with its longest answer.
    var length: Int { prompt.count + (answers.map(\.count).max() ?? 0) }
  }

  private var encoder: ChatEncoder
  private var format: ChatFormat { encoder.format }

  init(_ format: ChatFormat) { encoder = ChatEncoder(format) }

  /// Turns, rendered by the template.
  mutating func example(prompt: [Message], answers: [[Message]]) throws(Failure) -> Example {
    var example = Example(prompt: [], answers: [])
    for answer in answers {
      let chat = try encoder.encode(prompt + answer)
      let said = chat.runs.filter { $0.message == prompt.count && $0.kind == .content }
      let start = said[0].tokens.lowerBound
      let end = chat.runs.last { $0.kind != .separator }?.tokens.upperBound ?? start
      example.prompt = Array(chat.tokens[..<start])
      example.answers.append(Array(chat.tokens[start..<end]))
    }
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
      example.answers.append(tokens + [tokenizer.endOfText ?? format.endOfTurn])
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
