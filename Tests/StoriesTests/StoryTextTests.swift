import Stories
import Testing

struct StoryTextTests {
  private static let stories = (0..<3000).map { StoryWorld(seed: 11).story($0) }

  @Test func theEnglishIsWellFormed() {
    for story in Self.stories {
      let faults = textFaults(story.text)
      #expect(faults.isEmpty, "\(story.plot) \(story.index): \(story.text)")
    }
  }

  @Test func theFaultsAreSeen() {
    let bad = [
      "She had a apple.", "He had an ball.", "Tom  ran.", "Tom ran .", "\"Hello,\" said Tom. \"Bye.", "Tom met she.",
      "The boots was red.", "tom ran.", "Tom ran. he fell.", "Tom {x} ran.", "Tom had had one apples.", "Tom ran",
      "He was a honest boy.", "She saw an unicorn.",
    ]
    for text in bad { #expect(!textFaults(text).isEmpty, "\(text)") }
    #expect(textFaults("An honest boy met a unicorn.").isEmpty)
    #expect(textFaults("\"Look!\" cried Tom. \"An owl had had an apple,\" she said.\n\nThey ran.").isEmpty)
  }

  @Test func anArticleFollowsTheSound() {
    let heard = [
      "an honest boy", "an hour", "an heir", "an owl", "an old box", "an ugly hat", "an uncle", "an uninvited guest",
      "an Island", "a horse", "a honey cake", "a useful box", "a usual day", "a unicorn", "a one",
      "a European", "a ewe",
    ]
    for phrase in heard {
      let words = phrase.drop { $0 != " " }.dropFirst()
      #expect(String(words).withArticle == phrase)
    }
  }

  @Test func storiesAreOfTheRightLength() {
    let lengths = Self.stories.map { $0.text.split(whereSeparator: \.isWhitespace).count }.sorted()
    let mean = Double(lengths.reduce(0, +)) / Double(lengths.count)
    #expect((80...130).contains(mean), "\(mean) words a story")
    #expect(lengths[lengths.count / 100] >= 50, "the shortest hundredth has \(lengths[lengths.count / 100]) words")
    #expect(lengths[lengths.count * 99 / 100] <= 170, "the longest hundredth has \(lengths[lengths.count * 99 / 100])")
  }

  @Test func theVocabularyIsSmallAndUsed() {
    var counts: [String: Int] = [:]
    for story in Self.stories {
      for word in story.text.lowercased().split(whereSeparator: { !$0.isLetter }) {
        counts[String(word), default: 0] += 1
      }
    }
    #expect((600...1500).contains(counts.count), "\(counts.count) distinct words")
    let rare = counts.values.count { $0 < 3 }
    #expect(rare < counts.count / 20, "\(rare) of \(counts.count) words occur once or twice in \(Self.stories.count)")
  }

  @Test func everybodyAndEverythingInTheEventsIsInTheText() {
    for story in Self.stories {
      let text = story.text.lowercased()
      for person in story.world.people {
        #expect(text.contains(person.name.lowercased()), "\(person) in \(story.text)")
      }
      for thing in story.world.things {
        #expect(text.contains(thing.noun) || thing.plural.map(text.contains) ?? false, "\(thing) in \(story.text)")
        #expect(thing.adjective.isEmpty || text.contains(thing.adjective), "\(thing) in \(story.text)")
      }
      for place in story.world.places where place.owner == nil {
        #expect(text.contains(place.noun), "\(place) in \(story.text)")
      }
    }
  }
}
