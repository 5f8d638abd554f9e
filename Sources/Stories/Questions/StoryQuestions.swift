import Numerics

/// Conversations about stories: a story, a question, its answer, and sometimes more questions.
public enum StoryQuestions {
  /// Stories longer than this leave too little of a short context for the questions.
  static let longestStory = 150

  /// Writes conversations about the stories of a world as JSON lines, `{"messages": [{"role": ..., "content": ...}, ...]}`,
  /// `count` for training and `validationCount` about held-out stories. The first message is the story and a question.
  ///
  /// - Parameters:
  ///   - train: takes the next bytes of the training lines.
  ///   - validation: takes the next bytes of the held-out lines.
  @discardableResult
  public static func write<Problem: Error>(
    count: Int, validationCount: Int, seed: UInt64, train: ([UInt8]) throws(Problem) -> Void,
    validation: ([UInt8]) throws(Problem) -> Void
  ) throws(Problem) -> StoryCorpus.Summary {
    try StoryCorpus.write(
      count: count, validationCount: validationCount, seed: seed, train: train, validation: validation,
      document: conversation)
  }

  /// One line about a story; nil when it is too long or answers no question.
  static func conversation(about story: Story) -> [UInt8]? {
    var random = SplitMix64(seed: story.bytes.fingerprint, stream: 1)
    let questions = choose(about: story, &random)
    guard let last = questions.last else { return nil }
    let messages = asked(questions, about: story) + [message("assistant", last.answer)]
    return Array("{\"messages\": [\(messages.joined(separator: ", "))]}\n".utf8)
  }

  /// One to three questions of different kinds; the rare kinds are as likely as the common ones. None when the story is
  /// too long or answers none.
  static func choose(about story: Story, _ random: inout SplitMix64) -> [Question] {
    guard story.bytes.count(where: { $0 == UInt8(ascii: " ") }) < longestStory else { return [] }
    let questions = story.questions
    var kinds = Question.Kind.allCases.filter { kind in questions.contains { $0.kind == kind } }
    random.shuffle(&kinds)
    let turns = random.chance(60) ? 1 : random.number(in: 2...3)
    return kinds.prefix(turns).map { kind in random.pick(questions.filter { $0.kind == kind }) }
  }

  /// The conversation up to the last question: the first one comes with the story, all but the last one are answered.
  static func asked(_ questions: [Question], about story: Story) -> [String] {
    var messages: [String] = []
    for (turn, question) in questions.enumerated() {
      if turn > 0 { messages.append(message("assistant", questions[turn - 1].answer)) }
      messages.append(message("user", turn == 0 ? story.text + "\n\n" + question.text : question.text))
    }
    return messages
  }

  /// A turn as a JSON object.
  static func message(_ role: String, _ content: String) -> String {
    "{\"role\": \"\(role)\", \"content\": \(quoted(content))}"
  }

  /// A JSON string. Stories are ASCII, with quotation marks and line breaks.
  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for character in text.unicodeScalars {
      switch character {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      default: quoted.unicodeScalars.append(character)
      }
    }
    return quoted + "\""
  }
}
