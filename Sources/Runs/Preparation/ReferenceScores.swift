import Communication
import Corpus
import Files
import Kernels
import Models
import Training

/// The log-probabilities of answers under a reference model: computed once, and kept under everything they depend on.
package struct ReferenceScores {
  /// What identifies the model: a digest over all its weights, one over its configuration, and one over what the updates of its
  /// adapters are multiplied by, if it has some.
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
    let weights = "\(digest.hexadecimal)-\(Digest.sha256(configuration.json.serialized()).prefix(16))"
    if adapters.isEmpty { return weights }
    // Behind the rest, which is all that runs of earlier versions know.
    let scales = model.updateScales.map { "\($0)" }.joined(separator: " ")
    return "\(weights)-\(Digest.sha256(scales).prefix(16))"
  }

  /// Whether `identity` is that of a model with adapters beside its weights; earlier versions did not tell.
  static func keepsAdapter(_ identity: String) -> Bool { identity.split(separator: "-").count > 2 }

  /// The scores of the answers of each of the loader's samples, of which each rank computes a part; nil if the first rank has them
  /// not in its cache and the model is not to be had.
  package func scores(
    of loader: PairLoader, over ranks: any Communicator = SoloCommunicator(), note: (String) -> Void
  ) throws(Failure) -> [[Double]]? {
    // Other kernels and other roundings have other bits.
    let rounding = precision == .float32 ? "" : "\n\(precision.rawValue)"
    let kernels = MatrixLibrary.coreType(in: precision)
    let key = Digest.sha256("\(identity)\n\(loader.fingerprint)\n\(kernels)\(rounding)")
    let file = ScoresFile(path: "\(cache)/\(key.prefix(16)).scores", key: key)
    let count = loader.sampleCount * loader.answersPerSample
    let known = ranks.isFirst ? file.scores(count: count) : nil
    var scores: [Double]
    if try ranks.first(known == nil ? 0 : 1) == 1 {
      scores = known ?? []
      if !ranks.isSolo {
        let words = known.map(ScoresFile.bytes) ?? [UInt8](repeating: 0, count: 8 * count)
        scores = ScoresFile.numbers(try ranks.broadcast(words, from: 0))
      }
    } else {
      guard let model else { return nil }
      scores = try compute(model, loader, ranks, note: note)
      if ranks.isFirst {
        try Folder.create(cache)
        try file.write(scores)
      }
    }
    let answers = loader.answersPerSample
    return (0..<loader.sampleCount).map { Array(scores[$0 * answers..<($0 + 1) * answers]) }
  }

  /// The scores of all answers, one sample's after the other's.
  private func compute(
    _ model: any LanguageModel, _ loader: PairLoader, _ ranks: any Communicator, note: (String) -> Void
  ) throws(Failure) -> [Double] {
    note("computing the reference's log-probabilities of \(loader.sampleCount) samples")
    let watch = Stopwatch()
    // The same samples side by side, and so the same bits, however many ranks there are.
    let (block, all) = (64, loader.sampleCount)
    let own = ranks.slice(of: 0..<(all + block - 1) / block)
    var progress = WorkProgress("reference", total: min(all, own.count * block), unit: "samples")
    var scores: [Double] = []
    for number in own {
      let samples = Array(number * block..<min((number + 1) * block, all))
      for batch in try loader.microBatches(samples: samples, size: .tokens(4096)) {
        try StopRequest.check()
        progress.show(scores.count / loader.answersPerSample)
        scores += StepContext(model).answerLogProbabilities(batch).elements.map(Double.init)
      }
    }
    guard scores.allSatisfy(\.isFinite) else {
      throw Failure(.numerics, "the reference model gives log-probabilities that are not finite")
    }
    if !ranks.isSolo { scores = try ranks.gather(ScoresFile.bytes(scores)).flatMap(ScoresFile.numbers) }
    note("computed them in \(Progress.fixed(watch.seconds, 1)) s")
    return scores
  }
}

/// A file of scores: a line with the key, one with the digest of what follows, and the scores as little-endian doubles.
private struct ScoresFile {
  let path: String
  let key: String

  /// The scores in the file; nil if there is none, and if it is another's, damaged, or cannot be read.
  func scores(count: Int) -> [Double]? {
    let size = count * 8
    guard let bytes = try? ReadableFile.contents(of: path, area: .data, limit: header([]).count + size),
      bytes.count > size
    else { return nil }
    let numbers = Array(bytes.suffix(size))
    guard bytes.prefix(bytes.count - size).elementsEqual(header(numbers)) else { return nil }
    return Self.numbers(numbers)
  }

  func write(_ scores: [Double]) throws(Failure) {
    let numbers = Self.bytes(scores)
    try DurableFile.write(header(numbers) + numbers, to: path)
  }

  static func numbers(_ bytes: [UInt8]) -> [Double] {
    bytes.withUnsafeBytes { raw in
      (0..<bytes.count / 8).map {
        Double(bitPattern: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)))
      }
    }
  }

  static func bytes(_ scores: [Double]) -> [UInt8] {
    scores.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
  }

  private func header(_ numbers: [UInt8]) -> [UInt8] {
    Array("train-reference \(key)\nsha256 \(Digest.sha256(numbers))\n".utf8)
  }
}
