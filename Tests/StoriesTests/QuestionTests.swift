import Foundation
import Stories
import Testing

struct QuestionTests {
  private static let stories = (0..<800).map { StoryWorld(seed: 31).story($0) }

  @Test func answersAreInTheText() {
    for story in Self.stories {
      let text = story.text.lowercased()
      for question in story.questions {
        let answer = question.answer.lowercased().dropLast()
        let lastWord = answer.split(separator: " ").last.map(String.init) ?? ""
        switch question.kind {
        case .yesOrNo: #expect(["yes", "no"].contains(answer))
        case .why: #expect(text.contains(answer.dropFirst("because ".count)), "\(question) \(story.text)")
        case .who, .what, .place, .howMany, .feeling, .color:
          #expect(text.contains(lastWord), "\(question) \(story.text)")
        }
      }
    }
  }

  @Test func falseAnswersAreOthers() {
    for story in Self.stories {
      for question in story.questions {
        #expect(!question.falseAnswers.isEmpty, "\(question)")
        #expect(!question.falseAnswers.contains(question.answer), "\(question)")
        #expect(Set(question.falseAnswers).count == question.falseAnswers.count, "\(question)")
      }
    }
  }

  /// Reads who gave what to whom from the events again, in the words of the questions.
  @Test func yesAndNoAreTrue() {
    var answers: [String: Int] = [:]
    for story in Self.stories {
      var given: Set<String> = []
      func note(_ giver: Person?, _ thing: Thing?, _ receiver: Person?) {
        guard let giver, let thing, let receiver else { return }
        given.insert("Did \(giver.name) give the \(thing.noun) to \(receiver.name)?")
        given.insert("Did \(giver.name) give the \(thing.full) to \(receiver.name)?")
      }
      for event in story.world.events {
        if [.give, .lend, .giveBack, .trade].contains(event.verb) { note(event.a, event.x, event.b) }
        if event.verb == .trade { note(event.b, event.y, event.a) }
      }
      for question in story.questions where question.kind == .yesOrNo {
        answers[question.answer, default: 0] += 1
        guard question.text.contains(" give ") else { continue }
        #expect((question.answer == "Yes.") == given.contains(question.text), "\(question) \(story.text)")
      }
    }
    let yes = Double(answers["Yes.", default: 0]) / Double(answers.values.reduce(0, +))
    #expect((0.4...0.6).contains(yes), "\(yes) of the answers are yes")
  }

  @Test func storiesAnswerQuestionsOfEveryKind() {
    var counts: [Question.Kind: Int] = [:]
    for story in Self.stories {
      let questions = story.questions
      #expect(questions == story.questions, "the questions depend on more than the story")
      #expect(Set(questions.map(\.text)).count == questions.count)
      for kind in Set(questions.map(\.kind)) { counts[kind, default: 0] += 1 }
    }
    for kind in Question.Kind.allCases {
      #expect(counts[kind, default: 0] > Self.stories.count / 25, "\(kind): \(counts[kind, default: 0])")
    }
  }

  @Test func conversationsAreJSONLines() throws {
    var (train, validation): ([UInt8], [UInt8]) = ([], [])
    let summary = StoryCorpus.questions.write(
      count: 800, validationCount: 50, seed: 3, train: { train += $0 }, validation: { validation += $0 })
    #expect(summary.trainDocuments == 800 && summary.validationDocuments == 50)
    var stories: Set<String> = []
    for (side, bytes) in [train, validation].enumerated() {
      let lines = bytes.split(separator: UInt8(ascii: "\n"))
      #expect(lines.count == [800, 50][side])
      for line in lines {
        let row = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: [[String: String]]])
        let messages = try #require(row["messages"])
        #expect(messages.count.isMultiple(of: 2) && (2...6).contains(messages.count))
        for (turn, message) in messages.enumerated() {
          #expect(message["role"] == (turn.isMultiple(of: 2) ? "user" : "assistant"))
        }
        let story = try #require(messages[0]["content"]).split(separator: "\n\n").dropLast().joined(separator: "\n\n")
        #expect(stories.insert(story).inserted, "a story on both sides, or twice")
      }
    }
  }
}
