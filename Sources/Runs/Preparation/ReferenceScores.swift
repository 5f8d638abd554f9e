import Checkpoints
import Corpus
import Files
import Kernels
import Models
import Training

/// The log-probabilities of answers under the reference model: computed once, kept under the hash of its weights and the data.
package enum ReferenceScores {
  private static let format = "train-reference"

  /// `loader` with the log-probabilities of its answers under `model`, which is made only if they are not in `cache`.
  ///
  /// - Parameter identity: the digest of the reference model's weights.
  package static func attach(
    to loader: PairLoader, identity: String, cache: String = "data/.cache/reference", note: (String) -> Void,
    model: () throws(Failure) -> any LanguageModel
  ) throws(Failure) -> PairLoader {
    let key = Digest.sha256("\(identity)\n\(loader.fingerprint)")
    let path = "\(cache)/\(key.prefix(16)).h5"
    if let known = read(path, key: key, count: loader.sampleCount) { return loader.with(references: known) }
    let references = try compute(loader, try model(), note: note)
    try Folder.create(cache)
    let values = references.flatMap { [$0.first, $0.second] }
    try ArrayFileContents(
      attributes: ["format": .string(format), "key": .string(key)],
      groups: [ArrayGroup("reference", [NamedArray("scores", shape: [references.count, 2], values: values)])]
    ).write(to: path)
    return loader.with(references: references)
  }

  /// The data of `preparation` with the scores of the recipe's reference, and what identifies its weights.
  ///
  /// - Parameters:
  ///   - start: the model that training starts with; nil for a run that goes on.
  ///   - known: the identity of the reference of a run that goes on.
  static func attach(
    to preparation: Preparation, of recipe: Recipe, start: (any LanguageModel)?, known: String?
  ) throws(Failure) -> (data: TrainingData, identity: String?) {
    guard recipe.objective.usesReference else { return (preparation.data, nil) }
    var loaded: (any LanguageModel)?
    func model() throws(Failure) -> any LanguageModel {
      if let model = loaded { return model }
      let model: any LanguageModel
      if let path = recipe.objective.reference {
        model = try preparation.reference(at: path)
      } else if let start {
        model = start
      } else {
        model = try preparation.startingModel(of: recipe)
      }
      loaded = model
      return model
    }
    let identity: String
    if let known { identity = known } else { identity = Self.identity(of: try model()) }
    let data = try preparation.data.attachingReferences { (loader) throws(Failure) in
      try attach(to: loader, identity: identity, note: { Output.log.line($0) }, model: model)
    }
    return (data, identity)
  }

  /// What identifies the weights of a model: a digest over all of them.
  package static func identity(of model: any LanguageModel) -> String {
    var digest = Digest()
    for named in model.namedParameters {
      digest.update(Array(named.name.utf8))
      digest.update(UnsafeRawBufferPointer(start: named.value.pointer, count: 4 * named.value.shape.count))
    }
    return digest.hexadecimal
  }

  private static func read(_ path: String, key: String, count: Int) -> [(first: Double, second: Double)]? {
    guard Path.exists(path), let file = try? ArrayFile(path), file.attributes["key"]?.string == key,
      let array = file.array("scores", in: "reference"), array.shape == [count, 2],
      let values: [Double] = try? file.read(array)
    else { return nil }
    return (0..<count).map { (values[2 * $0], values[2 * $0 + 1]) }
  }

  private static func compute(
    _ loader: PairLoader, _ model: any LanguageModel, note: (String) -> Void
  ) throws(Failure) -> [(first: Double, second: Double)] {
    note("computing the reference's log-probabilities of \(loader.sampleCount) pairs")
    let watch = Stopwatch()
    var references: [(first: Double, second: Double)] = []
    for start in stride(from: 0, to: loader.sampleCount, by: 64) {
      let samples = Array(start..<min(start + 64, loader.sampleCount))
      for batch in try loader.microBatches(samples: samples, size: .tokens(4096)) {
        let scores = StepContext(model).answerScores(batch)
        references += zip(scores.first.elements, scores.second.elements).map { (Double($0), Double($1)) }
      }
    }
    guard references.allSatisfy({ $0.first.isFinite && $0.second.isFinite }) else {
      throw Failure(.numerics, "the reference model gives log-probabilities that are not finite")
    }
    note("computed them in \(Progress.fixed(watch.seconds, 1)) s")
    return references
  }
}
