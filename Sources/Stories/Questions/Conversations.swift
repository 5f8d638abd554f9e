import Numerics

/// Conversations about stories, and pairs of answers in them.
enum Conversations {
  /// What is bad about the worse answer of a pair.
  enum Flaw {
    /// It is false.
    case wrong
    /// It speaks of what is not in the story.
    case offStory
    /// It is right and does not come to an end.
    case rambling
    case impolite
  }

  /// Stories longer than this leave too little of a short context for the questions.
  private static let longestStory = 150

  /// A line about a story, whose questions are all answered; nil when it is too long or answers no question.
  static func conversation(about story: Story) -> [UInt8]? {
    var random = SplitMix64(seed: story.fingerprint, stream: 1)
    let questions = choose(about: story, &random)
    guard let last = questions.last else { return nil }
    let messages = asked(questions, about: story) + [message("assistant", last.answer)]
    return Array("{\"messages\": [\(messages.joined(separator: ", "))]}\n".utf8)
  }

  /// A line about a story, with a good and a bad answer to its last question; nil when there is none. Six of ten bad
  /// answers are false; the others are off the story, rambling or impolite.
  static func pair(about story: Story) -> [UInt8]? {
    var random = SplitMix64(seed: story.fingerprint, stream: 2)
    let questions = choose(about: story, &random)
    guard let question = questions.last else { return nil }
    let flaws: [Flaw] = [.wrong, .wrong, .wrong, .wrong, .offStory, .rambling]
    let flaw = random.chance(10) ? .impolite : random.pick(flaws)
    let prompt = asked(questions, about: story).joined(separator: ", ")
    let rejected = message("assistant", answer(to: question, about: story, with: flaw, &random))
    return Array(
      """
      {"prompt": [\(prompt)], "chosen": [\(message("assistant", question.answer))], "rejected": [\(rejected)]}\n
      """.utf8)
  }

  /// One to three questions of different kinds; the rare kinds are as likely as the common ones.
  private static func choose(about story: Story, _ random: inout SplitMix64) -> [Question] {
    guard story.bytes.count(where: { $0 == UInt8(ascii: " ") }) < longestStory else { return [] }
    let questions = story.questions
    let kinds = random.shuffled(Question.Kind.allCases.filter { kind in questions.contains { $0.kind == kind } })
    let turns = random.chance(60) ? 1 : random.number(in: 2...3)
    return kinds.prefix(turns).map { kind in random.pick(questions.filter { $0.kind == kind }) }
  }

  /// The conversation up to the last question: the first one comes with the story, all but the last one are answered.
  private static func asked(_ questions: [Question], about story: Story) -> [String] {
    var messages: [String] = []
    for (turn, question) in questions.enumerated() {
      if turn > 0 { messages.append(message("assistant", questions[turn - 1].answer)) }
      messages.append(message("user", turn == 0 ? story.text + "\n\n" + question.text : question.text))
    }
    return messages
  }

  /// A turn as a JSON object. Stories are ASCII, with quotation marks and line breaks.
  private static func message(_ role: String, _ content: String) -> String {
    let quoted = content.replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    return "{\"role\": \"\(role)\", \"content\": \"\(quoted)\"}"
  }

  private static func answer(
    to question: Question, about story: Story, with flaw: Flaw, _ random: inout SplitMix64
  ) -> String {
    switch flaw {
    case .wrong: random.pick(question.falseAnswers)
    case .offStory: offStory(story, &random)
    case .rambling:
      random.shuffled(emptyWords).prefix(random.number(in: 3...5))
        .reduce(question.answer) { $0 + " " + $1 + (random.chance(40) ? " " + question.answer : "") }
    case .impolite: random.pick(rudeWords) + (random.chance(50) ? " " + question.answer : "")
    }
  }

  /// A sentence about somebody and something that the story does not know.
  private static func offStory(_ story: Story, _ random: inout SplitMix64) -> String {
    let text = story.text.lowercased()
    let stranger = random.pick(Setting.childNames.filter { !text.contains($0.lowercased()) })
    let word = random.pick(Lexicon.things.filter { !text.contains($0.noun) })
    let thing = "the \(random.pick(word.looks)) \(word.noun)"
    return random.pick([
      "\(stranger) likes \(thing).", "\(stranger) saw \(thing) at school.", "I think \(stranger) took \(thing) home.",
      "My mom has seen \(thing), too.",
    ])
  }

  private static let rudeWords = [
    "That is a silly question.", "Go away.", "I do not want to tell you.", "Stop asking me.", "You never listen.",
    "Read it again, you silly.", "Why do you ask such a thing?", "Leave me alone.",
  ]
  private static let emptyWords = [
    "So many things happened that day.", "Let me think about it again.", "It was a long story.",
    "I could talk about it all day.", "And then there was more and more.", "There is always something to say.",
    "Now where was I?", "Yes, yes, that is how it was.", "I will tell you once more.",
    "One thing came after the other.",
  ]
}
