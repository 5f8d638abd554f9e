import Foundation
import Stories
import Testing

struct PreferenceTests {
  private struct Pair: Decodable {
    struct Message: Decodable {
      let role: String
      let content: String
    }
    let prompt: [Message]
    let chosen: [Message]
    let rejected: [Message]
  }

  private func lines(
    _ count: Int, _ validationCount: Int, seed: UInt64 = 3
  ) -> (train: [UInt8], validation: [UInt8], StoryCorpus.Summary) {
    var (train, validation): ([UInt8], [UInt8]) = ([], [])
    let summary = StoryCorpus.preferences.write(
      count: count, validationCount: validationCount, seed: seed, train: { train += $0 },
      validation: { validation += $0 })
    return (train, validation, summary)
  }

  private func pairs(_ bytes: [UInt8]) throws -> [Pair] {
    try bytes.split(separator: UInt8(ascii: "\n")).map { try JSONDecoder().decode(Pair.self, from: Data($0)) }
  }

  private func story(of pair: Pair) -> String {
    pair.prompt[0].content.split(separator: "\n\n").dropLast().joined(separator: "\n\n")
  }

  @Test func pairsArePromptsAndTwoAnswers() throws {
    let (train, validation, summary) = lines(600, 60)
    #expect(summary.trainDocuments == 600 && summary.validationDocuments == 60)
    #expect(summary.trainBytes == train.count && summary.validationBytes == validation.count)
    let pairs = try pairs(train) + pairs(validation)
    #expect(pairs.count == 660)
    for pair in pairs {
      #expect(pair.prompt.count % 2 == 1 && pair.prompt.count < 6)
      for (turn, message) in pair.prompt.enumerated() {
        #expect(message.role == (turn % 2 == 0 ? "user" : "assistant"))
      }
      #expect(pair.chosen.map(\.role) == ["assistant"] && pair.rejected.map(\.role) == ["assistant"])
      #expect(pair.chosen[0].content != pair.rejected[0].content && !pair.rejected[0].content.isEmpty)
    }
    #expect(lines(600, 60).train == train)
    #expect(lines(600, 60, seed: 4).train != train)
  }

  /// The chosen answer is the world's own to that question, the rejected one never.
  @Test func theChosenAnswersAreTrue() throws {
    let world = StoryWorld(seed: 3)
    var answers: [String: [String: String]] = [:]
    for story in (0..<1200).map(world.story) {
      answers[story.text] = Dictionary(
        story.questions.map { ($0.text, $0.answer) }, uniquingKeysWith: { one, _ in one })
    }
    for pair in try pairs(lines(300, 20).train) {
      let asked = try #require(pair.prompt.last?.content.split(separator: "\n\n").last)
      let answer = try #require(answers[story(of: pair)]?[String(asked)])
      #expect(pair.chosen[0].content == answer && pair.rejected[0].content != answer)
    }
  }

  @Test func theFlawsAreMixed() throws {
    let pairs = try pairs(lines(1000, 0).train)
    let rambling = pairs.count { $0.rejected[0].content.hasPrefix($0.chosen[0].content + " ") }
    let long = pairs.count { $0.rejected[0].content.count > 2 * $0.chosen[0].content.count + 20 }
    #expect((100...200).contains(rambling), "\(rambling) of 1000 ramble")
    #expect(long >= rambling * 9 / 10)
    let wrong = pairs.count { pair in
      !pair.rejected[0].content.hasPrefix(pair.chosen[0].content)
        && pair.rejected[0].content.split(separator: ". ").count == 1
        && pair.rejected[0].content.split(separator: " ").count < 6
    }
    #expect((500...850).contains(wrong), "\(wrong) of 1000 are short and false or rude")
  }

  /// Whatever the seeds: a held-out story is in no training part.
  @Test func heldOutStoriesAreInNoTrainingPart() throws {
    var (questions, stories): ([UInt8], [UInt8]) = ([], [])
    StoryCorpus.questions.write(
      count: 2000, validationCount: 0, seed: 3, train: { questions += $0 }, validation: { _ in })
    StoryCorpus.stories.write(count: 2000, validationCount: 0, seed: 3, train: { stories += $0 }, validation: { _ in })
    let trained = String(decoding: questions + stories, as: UTF8.self)
    let (train, validation, _) = lines(500, 60)
    let paired = Set(try pairs(train).map(story))
    for pair in try pairs(validation) {
      let text = story(of: pair)
      #expect(!paired.contains(text))
      #expect(
        !trained.contains(text) && !trained.contains(text.replacing("\n", with: "\\n").replacing("\"", with: "\\\"")))
    }
  }
}
