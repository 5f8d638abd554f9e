import Stories
import Testing

struct StoryCorpusTests {
  private struct Full: Error {}

  private func corpus(count: Int, validationCount: Int) -> (train: [UInt8], validation: [UInt8], StoryCorpus.Summary) {
    var (train, validation): ([UInt8], [UInt8]) = ([], [])
    let summary = StoryCorpus.stories.write(
      count: count, validationCount: validationCount, seed: 9, train: { train += $0 }, validation: { validation += $0 })
    return (train, validation, summary)
  }

  private func documents(_ bytes: [UInt8]) -> [String] {
    String(decoding: bytes, as: UTF8.self).split(separator: StoryCorpus.separator).map(String.init)
  }

  @Test func trainingAndValidationAreDisjoint() {
    let (train, validation, summary) = corpus(count: 4000, validationCount: 250)
    let trainStories = documents(train)
    let validationStories = documents(validation)
    #expect(trainStories.count == 4000 && validationStories.count == 250)
    #expect(Set(trainStories).isDisjoint(with: validationStories))
    #expect(summary.trainDocuments == 4000 && summary.trainBytes == train.count)
    #expect(summary.validationDocuments == 250 && summary.validationBytes == validation.count)
  }

  @Test func aSmallerCorpusIsThePrefixOfALargerOne() {
    let small = corpus(count: 300, validationCount: 10)
    let large = corpus(count: 2000, validationCount: 100)
    #expect(large.train.starts(with: small.train) && large.validation.starts(with: small.validation))
  }

  @Test func everySixteenthStoryIsHeldOut() {
    let world = StoryWorld(seed: 4)
    let heldOut = (0..<8000).count { world.story($0).isHeldOut }
    #expect((400...600).contains(heldOut), "\(heldOut) of 8000 are held out")
  }

  @Test func aFailingSinkEndsTheWriting() {
    #expect(throws: Full.self) {
      try StoryCorpus.stories.write(
        count: 5000, validationCount: 0, seed: 1, train: { (_: [UInt8]) throws(Full) in throw Full() },
        validation: { (_: [UInt8]) throws(Full) in })
    }
  }

  @Test func anEmptyCorpusIsEmpty() {
    let (train, validation, _) = corpus(count: 0, validationCount: 0)
    #expect(train.isEmpty && validation.isEmpty)
  }

  @Test func storiesAreMadeFast() {
    let clock = ContinuousClock()
    let elapsed = clock.measure { _ = corpus(count: 5000, validationCount: 0) }
    print("5000 stories in \(elapsed)")
    #expect(elapsed < .seconds(30))
  }
}
