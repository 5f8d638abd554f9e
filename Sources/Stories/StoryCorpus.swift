/// Stories as training and validation text: each is followed by a line `<|endoftext|>`.
public enum StoryCorpus {
  /// How many stories and bytes were written to either side.
  public struct Summary: Sendable, Equatable {
    public var trainStories = 0
    public var trainBytes = 0
    public var validationStories = 0
    public var validationBytes = 0
  }

  public static let separator = "\n<|endoftext|>\n"

  /// Writes the first `count` training and `validationCount` held-out stories of a world, a piece at a time.
  ///
  /// The sides are disjoint: see ``Story/isHeldOut``. One story in sixteen is held out, so more than one validation
  /// story for every fifteen training stories costs stories that are made and not written.
  ///
  /// - Parameters:
  ///   - train: takes the next bytes of the training text.
  ///   - validation: takes the next bytes of the validation text.
  @discardableResult
  public static func write<Problem: Error>(
    count: Int, validationCount: Int, seed: UInt64, train: ([UInt8]) throws(Problem) -> Void,
    validation: ([UInt8]) throws(Problem) -> Void
  ) throws(Problem) -> Summary {
    precondition(count >= 0 && validationCount >= 0, "\(count) and \(validationCount) are no numbers of stories")
    let world = StoryWorld(seed: seed)
    var summary = Summary()
    var (trainChunk, validationChunk): ([UInt8], [UInt8]) = ([], [])
    var index = 0
    while summary.trainStories < count || summary.validationStories < validationCount {
      let story = world.story(index)
      index += 1
      if story.isHeldOut {
        guard summary.validationStories < validationCount else { continue }
        summary.validationStories += 1
        summary.validationBytes += append(story, to: &validationChunk)
        if validationChunk.count >= chunkSize { try flush(&validationChunk, to: validation) }
      } else {
        guard summary.trainStories < count else { continue }
        summary.trainStories += 1
        summary.trainBytes += append(story, to: &trainChunk)
        if trainChunk.count >= chunkSize { try flush(&trainChunk, to: train) }
      }
    }
    if !trainChunk.isEmpty { try train(trainChunk) }
    if !validationChunk.isEmpty { try validation(validationChunk) }
    return summary
  }

  private static let chunkSize = 1 << 20

  private static func append(_ story: Story, to chunk: inout [UInt8]) -> Int {
    chunk.append(contentsOf: story.bytes)
    chunk.append(contentsOf: separator.utf8)
    return story.bytes.count + separator.utf8.count
  }

  private static func flush<Problem: Error>(
    _ chunk: inout [UInt8], to sink: ([UInt8]) throws(Problem) -> Void
  ) throws(Problem) {
    try sink(chunk)
    chunk.removeAll(keepingCapacity: true)
  }
}
