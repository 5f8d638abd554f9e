/// Documents made of stories, in a training and a held-out part.
///
/// The parts are disjoint: see ``Story/isHeldOut``. One story in sixteen is held out, so more than one validation document
/// for every fifteen training documents costs stories that are made and not written.
public enum StoryCorpus {
  /// How many documents and bytes were written to either side.
  public struct Summary: Sendable, Equatable {
    public var trainDocuments = 0
    public var trainBytes = 0
    public var validationDocuments = 0
    public var validationBytes = 0
  }

  public static let separator = "\n<|endoftext|>\n"

  /// Writes the first `count` training and `validationCount` held-out stories of a world as text, a piece at a time; each
  /// story is followed by a line `<|endoftext|>`.
  ///
  /// - Parameters:
  ///   - train: takes the next bytes of the training text.
  ///   - validation: takes the next bytes of the validation text.
  @discardableResult
  public static func write<Problem: Error>(
    count: Int, validationCount: Int, seed: UInt64, train: ([UInt8]) throws(Problem) -> Void,
    validation: ([UInt8]) throws(Problem) -> Void
  ) throws(Problem) -> Summary {
    try write(count: count, validationCount: validationCount, seed: seed, train: train, validation: validation) {
      $0.bytes + separator.utf8
    }
  }

  /// Writes what `document` makes of stories; nil passes a story over.
  static func write<Problem: Error>(
    count: Int, validationCount: Int, seed: UInt64, train: ([UInt8]) throws(Problem) -> Void,
    validation: ([UInt8]) throws(Problem) -> Void, document: (Story) -> [UInt8]?
  ) throws(Problem) -> Summary {
    precondition(count >= 0 && validationCount >= 0, "\(count) and \(validationCount) are no numbers of documents")
    let world = StoryWorld(seed: seed)
    var summary = Summary()
    var (trainChunk, validationChunk): ([UInt8], [UInt8]) = ([], [])
    var index = 0
    while summary.trainDocuments < count || summary.validationDocuments < validationCount {
      let story = world.story(index)
      index += 1
      let isWanted =
        story.isHeldOut ? summary.validationDocuments < validationCount : summary.trainDocuments < count
      guard isWanted, let bytes = document(story) else { continue }
      if story.isHeldOut {
        summary.validationDocuments += 1
        summary.validationBytes += bytes.count
        try add(bytes, to: &validationChunk, validation)
      } else {
        summary.trainDocuments += 1
        summary.trainBytes += bytes.count
        try add(bytes, to: &trainChunk, train)
      }
    }
    if !trainChunk.isEmpty { try train(trainChunk) }
    if !validationChunk.isEmpty { try validation(validationChunk) }
    return summary
  }

  private static let chunkSize = 1 << 20

  private static func add<Problem: Error>(
    _ bytes: [UInt8], to chunk: inout [UInt8], _ sink: ([UInt8]) throws(Problem) -> Void
  ) throws(Problem) {
    chunk += bytes
    guard chunk.count >= chunkSize else { return }
    try sink(chunk)
    chunk.removeAll(keepingCapacity: true)
  }
}
