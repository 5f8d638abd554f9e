import Files
import Stories

/// The built-in story corpus that recipes may name: stories, questions about them, and pairs of
/// answers. What is held out of one is in the training part of none.
package enum BuiltInCorpus: CaseIterable {
  case stories, questions, preferences

  /// Writes the files that a recipe reads and that are missing.
  package static func provide(for data: Recipe.Data, note: (String) -> Void) throws(Failure) {
    let named = data.train + data.validation
    for corpus in allCases where named.contains(corpus.train) || named.contains(corpus.validation) {
      if !(Path.exists(corpus.train) && Path.exists(corpus.validation)) { try corpus.write(note) }
    }
  }

  /// Whether a file is a built-in one.
  static func provides(_ path: String) -> Bool { allCases.contains { $0.train == path || $0.validation == path } }

  /// The file to train on.
  package var train: String {
    switch self {
    case .stories: "data/stories/train.txt"
    case .questions: "data/stories/questions-train.jsonl"
    case .preferences: "data/stories/preferences-train.jsonl"
    }
  }

  /// The file that is held out.
  package var validation: String {
    switch self {
    case .stories: "data/stories/validation.txt"
    case .questions: "data/stories/questions-validation.jsonl"
    case .preferences: "data/stories/preferences-validation.jsonl"
    }
  }

  private func write(_ note: (String) -> Void) throws(Failure) {
    note("writing \(contents) to \(train)")
    try Folder.create(Folder.parent(of: train))
    var trainFile = try DurableFile(at: train)
    var validationFile = try DurableFile(at: validation)
    try generate { (bytes) throws(Failure) in
      try StopRequest.check()
      try trainFile.write(bytes)
    } validation: { (bytes) throws(Failure) in
      try validationFile.write(bytes)
    }
    try validationFile.commit()
    try trainFile.commit()
  }

  private var contents: String {
    switch self {
    case .stories: "30,000 stories"
    case .questions: "20,000 conversations about stories"
    case .preferences: "8,000 pairs of answers"
    }
  }

  private func generate(
    train: ([UInt8]) throws(Failure) -> Void, validation: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    switch self {
    case .stories:
      try StoryCorpus.stories.write(
        count: 30_000, validationCount: 1_000, seed: 20, train: train, validation: validation)
    case .questions:
      try StoryCorpus.questions.write(
        count: 20_000, validationCount: 500, seed: 21, train: train, validation: validation)
    case .preferences:
      try StoryCorpus.preferences.write(
        count: 8_000, validationCount: 500, seed: 22, train: train, validation: validation)
    }
  }
}
