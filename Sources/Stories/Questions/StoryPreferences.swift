import Numerics

/// Pairs of answers to questions about stories, one good and one bad.
public enum StoryPreferences {
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

  /// Writes pairs of answers as JSON lines, `{"prompt": [...], "chosen": [...], "rejected": [...]}`, each a list of
  /// `{"role": ..., "content": ...}`: `count` for training and `validationCount` about held-out stories.
  ///
  /// The chosen answer is the true one. Six of ten rejected ones are false; the others are off the story, rambling or
  /// impolite. Prompts are those of ``StoryQuestions``, about other stories where the seed is another one.
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
      count: count, validationCount: validationCount, seed: seed, train: train, validation: validation, document: pair)
  }

  /// One line about a story; nil when it is too long or answers no question.
  static func pair(about story: Story) -> [UInt8]? {
    var random = SplitMix64(seed: story.bytes.fingerprint, stream: 2)
    let questions = StoryQuestions.choose(about: story, &random)
    guard let question = questions.last else { return nil }
    let prompt = StoryQuestions.asked(questions, about: story).joined(separator: ", ")
    let rejected = answer(to: question, about: story, with: flaw(&random), &random)
    return Array(
      """
      {"prompt": [\(prompt)], "chosen": [\(StoryQuestions.message("assistant", question.answer))], \
      "rejected": [\(StoryQuestions.message("assistant", rejected))]}\n
      """.utf8)
  }

  private static func flaw(_ random: inout SplitMix64) -> Flaw {
    switch random.below(20) {
    case 0..<12: .wrong
    case 12..<15: .offStory
    case 15..<18: .rambling
    default: .impolite
    }
  }

  static func answer(
    to question: Question, about story: Story, with flaw: Flaw, _ random: inout SplitMix64
  ) -> String {
    switch flaw {
    case .wrong: random.pick(question.falseAnswers)
    case .offStory: offStory(story, &random)
    case .rambling: rambling(question.answer, &random)
    case .impolite: random.pick(rudeWords) + (random.chance(50) ? " " + question.answer : "")
    }
  }

  /// A sentence about somebody and something that the story does not know.
  private static func offStory(_ story: Story, _ random: inout SplitMix64) -> String {
    let text = story.text.lowercased()
    let strangers = (Lexicon.girls + Lexicon.boys).filter { !text.contains($0.lowercased()) }
    let word = random.pick(Lexicon.things.filter { !text.contains($0.noun) })
    let thing = "the \(random.pick(word.looks)) \(word.noun)"
    return random.pick([
      "\(random.pick(strangers)) likes \(thing).", "\(random.pick(strangers)) saw \(thing) at school.",
      "I think \(random.pick(strangers)) took \(thing) home.", "My mom has seen \(thing), too.",
    ])
  }

  /// The answer again and again, with words between that say nothing.
  private static func rambling(_ answer: String, _ random: inout SplitMix64) -> String {
    let fillers = random.shuffled(emptyWords).prefix(random.number(in: 3...5))
    return fillers.reduce(answer) { text, filler in text + " " + filler + (random.chance(40) ? " " + answer : "") }
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
