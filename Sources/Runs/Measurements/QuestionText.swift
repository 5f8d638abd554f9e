import Tokenizers

/// What a prompt of tokens asks, to be read: the text of its last turn, without what a chat template writes around it.
package struct QuestionText {
  private let tokenizer: Tokenizer
  private let frame: Frame?

  /// What a template writes around a turn.
  private struct Frame {
    /// Before it, from the last special token on.
    var before: [UInt8]
    /// Behind it, up to the answer.
    var behind: [UInt8]
  }

  /// The texts of prompts that `format` wrote; without one they are prompts as they are.
  package init(_ tokenizer: Tokenizer, _ format: ChatFormat?) {
    self.tokenizer = tokenizer
    frame = format.flatMap { Self.frame(of: $0) }
  }

  /// nil for a template that writes nothing before a turn, or does not write it as it is.
  private static func frame(of format: ChatFormat) -> Frame? {
    let mark = "QUESTION"
    let turn = Message(role: "user", content: mark)
    guard let tokens = try? format.encode([turn], addingGenerationPrompt: true).tokens else { return nil }
    let bytes = format.tokenizer.decode(tokens)
    guard let place = bytes.ranges(of: Array(mark.utf8)).last else { return nil }
    // Before the first turn there may be a system text that the template brings along.
    var (start, end) = (0, 0)
    for token in tokens {
      if format.tokenizer.isSpecial(token), end < place.lowerBound { start = end }
      end += format.tokenizer.token(token)?.count ?? 0
    }
    guard end == bytes.count, start < place.lowerBound else { return nil }
    return Frame(before: Array(bytes[start..<place.lowerBound]), behind: Array(bytes[place.upperBound...]))
  }

  /// The last turn of `prompt`; all of its text where that cannot be told.
  package func text(of prompt: [Int32]) -> String {
    let all = String(decoding: tokenizer.decode(prompt, skippingSpecial: true), as: UTF8.self)
    let bytes = tokenizer.decode(prompt)
    guard let frame, bytes.count >= frame.behind.count, bytes.suffix(frame.behind.count).elementsEqual(frame.behind)
    else { return all }
    let rest = Array(bytes.dropLast(frame.behind.count))
    guard let before = rest.ranges(of: frame.before).last else { return all }
    return String(decoding: rest[before.upperBound...], as: UTF8.self)
  }
}
