import Tokenizers

/// Conversations written as one text, as hh-rlhf has them: `\n\nHuman: ...\n\nAssistant: ...`.
enum Transcript {
  private static let marks = [("\n\nHuman:", "user"), ("\n\nAssistant:", "assistant")]

  /// The turns of a transcript, without white space around them; nil when the text is none.
  static func messages(in text: String) -> [Message]? {
    let text = "\n\n" + trimmed(text[...])
    guard marks.contains(where: { text.utf8.starts(with: $0.0.utf8) }) else { return nil }
    let turns = marks.flatMap { mark, role in text.utf8.ranges(of: mark.utf8).map { (range: $0, role: role) } }
      .sorted { $0.range.lowerBound < $1.range.lowerBound }
    guard turns.contains(where: { $0.role == "assistant" }) else { return nil }
    let ends = turns.dropFirst().map(\.range.lowerBound) + [text.endIndex]
    return zip(turns, ends).map { turn, end in
      Message(role: turn.role, content: trimmed(text[turn.range.upperBound..<end]))
    }
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text.drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
