import Corpus
import Files
import Kernels
import Models
import Training

/// The log-probabilities of answers under a reference model: computed once, and kept under everything they depend on.
package struct ReferenceScores {
  /// What identifies the model: a digest over all its weights, and one over its configuration.
  package let identity: String
  private let precision: ProductPrecision
  private let cache: String
  private let model: (any LanguageModel)?

  package static let cache = "data/.cache/reference"

  /// The scores of `model`.
  package init(of model: any LanguageModel, _ configuration: any ModelConfiguration, cache: String = Self.cache) {
    (self.model, self.cache) = (model, cache)
    precision = model.head.weight.precision
    identity = Self.identity(of: model, configuration)
  }

  /// The scores of a model that is not to be had, as far as they are in the cache.
  package init(known identity: String, precision: ProductPrecision = .float32, cache: String = Self.cache) {
    (self.identity, self.precision, self.cache, model) = (identity, precision, cache, nil)
  }

  private static func identity(of model: any LanguageModel, _ configuration: any ModelConfiguration) -> String {
    var digest = Digest()
    let adapters = model is BaseModel ? [] : model.trainedParameters.filter { $0.name.contains(".lora_") }
    for named in model.namedParameters + adapters {
      digest.update(named.name)
      named.value.buffer.withUnsafeBufferPointer { digest.update(UnsafeRawBufferPointer($0)) }
    }
    return "\(digest.hexadecimal)-\(Digest.sha256(configuration.json.serialized()).prefix(16))"
  }

  /// The scores of the answers of each of the loader's samples; nil if they are not in the cache and the model is not to be had.
  package func scores(of loader: PairLoader, note: (String) -> Void) throws(Failure) -> [[Double]]? {
    // Other kernels and other roundings have other bits.
    let rounding = precision == .float32 ? "" : "\n\(precision.rawValue)"
    let key = Digest.sha256("\(identity)\n\(loader.fingerprint)\n\(MatrixLibrary.coreType)\(rounding)")
    let file = ScoresFile(path: "\(cache)/\(key.prefix(16)).scores", key: key)
    if let known = file.scores(count: loader.sampleCount, answers: loader.answersPerSample) { return known }
    guard let model else { return nil }
    let scores = try compute(model, loader, note: note)
    try Folder.create(cache)
    try file.write(scores)
    return scores
  }

  private func compute(
    _ model: any LanguageModel, _ loader: PairLoader, note: (String) -> Void
  ) throws(Failure) -> [[Double]] {
    note("computing the reference's log-probabilities of \(loader.sampleCount) samples")
    let watch = Stopwatch()
    var progress = WorkProgress("reference", total: loader.sampleCount, unit: "samples")
    var scores: [[Double]] = []
    for start in stride(from: 0, to: loader.sampleCount, by: 64) {
      let samples = Array(start..<min(start + 64, loader.sampleCount))
      for batch in try loader.microBatches(samples: samples, size: .tokens(4096)) {
        try StopRequest.check()
        progress.show(scores.count)
        let answers = StepContext(model).answerLogProbabilities(batch).elements.map(Double.init)
        for first in stride(from: 0, to: answers.count, by: loader.answersPerSample) {
          scores.append(Array(answers[first..<first + loader.answersPerSample]))
        }
      }
    }
    guard scores.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw Failure(.numerics, "the reference model gives log-probabilities that are not finite")
    }
    note("computed them in \(Progress.fixed(watch.seconds, 1)) s")
    return scores
  }
}

/// A file of scores: a line with the key, one with the digest of what follows, and the scores as little-endian doubles.
private struct ScoresFile {
  let path: String
  let key: String

  /// The scores in the file; nil if there is none, and if it is another's, damaged, or cannot be read.
  func scores(count: Int, answers: Int) -> [[Double]]? {
    let size = count * answers * 8
    guard let bytes = try? ReadableFile.contents(of: path, area: .data, limit: header([]).count + size),
      bytes.count > size
    else { return nil }
    let numbers = bytes.suffix(size)
    guard bytes.prefix(bytes.count - size).elementsEqual(header(Array(numbers))) else { return nil }
    let values = numbers.withUnsafeBytes { raw in
      (0..<count * answers).map {
        Double(bitPattern: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)))
      }
    }
    return (0..<count).map { Array(values[$0 * answers..<($0 + 1) * answers]) }
  }

  func write(_ scores: [[Double]]) throws(Failure) {
    let numbers = scores.joined().flatMap { value in
      withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }
    try DurableFile.write(header(numbers) + numbers, to: path)
  }

  private func header(_ numbers: [UInt8]) -> [UInt8] {
    Array("train-reference \(key)\nsha256 \(Digest.sha256(numbers))\n".utf8)
  }
}
