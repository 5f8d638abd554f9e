/// Documents made of stories, in a training and a held-out part.
///
/// The parts are disjoint: see ``Story/isHeldOut``. One story in sixteen is held out, so more than one validation
/// document for every fifteen training documents costs stories that are made and not written.
package enum StoryCorpus: Sendable {
  /// The stories as text, each followed by a line `<|endoftext|>`.
  case stories
  /// Conversations as JSON lines, `{"messages": [{"role": ..., "content": ...}, ...]}`: a story and a question, its
  /// answer, and sometimes more questions.
  case questions
  /// Pairs of answers as JSON lines, `{"prompt": [...], "chosen": [...], "rejected": [...]}`: the true one is chosen.
  case preferences

  /// How many documents and bytes were written to either side.
  package struct Summary: Sendable, Equatable {
    package var trainDocuments = 0
    package var trainBytes = 0
    package var validationDocuments = 0
    package var validationBytes = 0
  }

  package static let separator = "\n<|endoftext|>\n"
  private static let chunkSize = 1 << 20

  /// Writes the first `count` training and `validationCount` held-out documents of a world, a piece at a time.
  ///
  /// - Parameters:
  ///   - train: takes the next bytes of the training part.
  ///   - validation: takes the next bytes of the validation part.
  @discardableResult
  package func write<Problem: Error>(
    count: Int, validationCount: Int, seed: UInt64, train: ([UInt8]) throws(Problem) -> Void,
    validation: ([UInt8]) throws(Problem) -> Void
  ) throws(Problem) -> Summary {
    precondition(count >= 0 && validationCount >= 0, "\(count) and \(validationCount) are no numbers of documents")
    let world = StoryWorld(seed: seed)
    var summary = Summary()
    var (trainChunk, validationChunk): ([UInt8], [UInt8]) = ([], [])
    var index = 0
    while summary.trainDocuments < count || summary.validationDocuments < validationCount {
      let story = world.story(index)
      index += 1
      let isWanted = story.isHeldOut ? summary.validationDocuments < validationCount : summary.trainDocuments < count
      guard isWanted, let bytes = document(of: story) else { continue }
      if story.isHeldOut {
        summary.validationDocuments += 1
        summary.validationBytes += bytes.count
        try Self.add(bytes, to: &validationChunk, validation)
      } else {
        summary.trainDocuments += 1
        summary.trainBytes += bytes.count
        try Self.add(bytes, to: &trainChunk, train)
      }
    }
    if !trainChunk.isEmpty { try train(trainChunk) }
    if !validationChunk.isEmpty { try validation(validationChunk) }
    return summary
  }

  /// What a story gives; nil when it is too long for questions or answers none.
  private func document(of story: Story) -> [UInt8]? {
    switch self {
    case .stories: story.bytes + Self.separator.utf8
    case .questions: Conversations.conversation(about: story)
    case .preferences: Conversations.pair(about: story)
    }
  }

  private static func add<Problem: Error>(
    _ bytes: [UInt8], to chunk: inout [UInt8], _ sink: ([UInt8]) throws(Problem) -> Void
  ) throws(Problem) {
    chunk += bytes
    guard chunk.count >= chunkSize else { return }
    try sink(chunk)
    chunk.removeAll(keepingCapacity: true)
  }
}
