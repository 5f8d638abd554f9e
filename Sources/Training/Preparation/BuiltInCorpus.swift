import Files
import Stories

/// The story corpus that recipes may name without anybody providing it.
package enum BuiltInCorpus {
  package static let train = "data/stories/train.txt"
  package static let validation = "data/stories/validation.txt"
  private static let stories = 30_000
  private static let heldOutStories = 1_000
  private static let seed: UInt64 = 20

  /// Writes the corpus if a recipe reads it and it is not there; `note` is told.
  package static func provide(for data: Recipe.Data, note: (String) -> Void) throws(Failure) {
    let wanted = (data.train + data.validation).contains { $0 == train || $0 == validation }
    guard wanted, !(Path.exists(train) && Path.exists(validation)) else { return }
    note("writing \(stories) stories to \(Folder.parent(of: train))")
    try Folder.create(Folder.parent(of: train))
    var trainFile = try DurableFile(at: train)
    var validationFile = try DurableFile(at: validation)
    try StoryCorpus.write(count: stories, validationCount: heldOutStories, seed: seed) { (bytes) throws(Failure) in
      try trainFile.write(bytes)
    } validation: { (bytes) throws(Failure) in
      try validationFile.write(bytes)
    }
    try validationFile.commit()
    try trainFile.commit()
  }
}
