import Checkpoints
import Corpus
import Files
import Kernels
import Models
import Training

/// The log-probabilities of answers under a reference model: computed once, kept under the hash of its weights and the data.
package final class ReferenceScores {
  /// What identifies the weights of the model: a digest over all of them.
  package let identity: String
  private let cache: String
  private let load: () throws(Failure) -> any LanguageModel
  private var loaded: (any LanguageModel)?

  /// The scores of the model that `load` makes.
  ///
  /// - Parameters:
  ///   - known: the model's identity; the model is then loaded only if scores are not in `cache`.
  package init(
    known: String? = nil, cache: String = "data/.cache/reference",
    load: @escaping () throws(Failure) -> any LanguageModel
  ) throws(Failure) {
    self.cache = cache
    self.load = load
    if let known {
      identity = known
    } else {
      let model = try load()
      loaded = model
      identity = Self.identity(of: model)
    }
  }

  private static func identity(of model: any LanguageModel) -> String {
    var digest = Digest()
    for named in model.namedParameters {
      digest.update(Array(named.name.utf8))
      named.value.buffer.withUnsafeBufferPointer { digest.update(UnsafeRawBufferPointer($0)) }
    }
    return digest.hexadecimal
  }

  /// The scores of the two answers of each of the loader's samples.
  func scores(of loader: PairLoader, note: (String) -> Void) throws(Failure) -> [(first: Double, second: Double)] {
    let key = Digest.sha256("\(identity)\n\(loader.fingerprint)")
    let path = "\(cache)/\(key.prefix(16)).h5"
    if let known = Self.read(path, key: key, count: loader.sampleCount) { return known }
    let scores = try compute(loader, note: note)
    try Folder.create(cache)
    let values = scores.flatMap { [$0.first, $0.second] }
    try ArrayFileContents(
      attributes: ["format": .string(Self.format), "key": .string(key)],
      groups: [ArrayGroup("reference", [NamedArray("scores", shape: [scores.count, 2], values: values)])]
    ).write(to: path)
    return scores
  }

  private static let format = "train-reference"

  private static func read(_ path: String, key: String, count: Int) -> [(first: Double, second: Double)]? {
    guard Path.exists(path), let file = try? ArrayFile(path), file.attributes["key"]?.string == key,
      let array = file.array("scores", in: "reference"), array.shape == [count, 2],
      let values: [Double] = try? file.read(array)
    else { return nil }
    return (0..<count).map { (values[2 * $0], values[2 * $0 + 1]) }
  }

  private func compute(
    _ loader: PairLoader, note: (String) -> Void
  ) throws(Failure) -> [(first: Double, second: Double)] {
    let model = if let loaded { loaded } else { try load() }
    loaded = model
    note("computing the reference's log-probabilities of \(loader.sampleCount) pairs")
    let watch = Stopwatch()
    var scores: [(first: Double, second: Double)] = []
    for start in stride(from: 0, to: loader.sampleCount, by: 64) {
      let samples = Array(start..<min(start + 64, loader.sampleCount))
      for batch in try loader.microBatches(samples: samples, size: .tokens(4096)) {
        let answers = StepContext(model).answerScores(batch)
        scores += zip(answers.first.elements, answers.second.elements).map { (Double($0), Double($1)) }
      }
    }
    guard scores.allSatisfy({ $0.first.isFinite && $0.second.isFinite }) else {
      throw Failure(.numerics, "the reference model gives log-probabilities that are not finite")
    }
    note("computed them in \(Progress.fixed(watch.seconds, 1)) s")
    return scores
  }
}
