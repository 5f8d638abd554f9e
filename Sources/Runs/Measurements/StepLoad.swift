import Corpus
import Files
import Training

/// What a step of a run computes with, as far as memory depends on it.
package struct StepLoad: Sendable {
  /// The places of all samples of a step.
  var places: Double
  /// The places of the largest micro-batch, and those of them that have a target.
  var largest: Double
  var supervised: Double
  /// The micro-batches of a step.
  var parts: Double
  /// The places of the largest part of a pass without gradients.
  var forward: Double
  /// Whether anything is held out and evaluated.
  var isEvaluated: Bool
  /// The tokens of rows that are held in memory; 0 where they are read from shards.
  var heldTokens = 0.0

  private static let forwardSize = 4096.0

  /// The load of a run over `data`: that of the largest of its first batches.
  package init(_ recipe: Recipe, length: Int, data: any SampleLoader) throws(Failure) {
    self.init(recipe, length: length, samples: data.order.count)
    if recipe.examples == .windows { return }
    let batches = recipe.batches(of: data)
    var largest = (places: 0, part: ArraySlice<Int>())
    var (places, parts) = (0, 0)
    for step in 0..<min(batches.count, 256) {
      let samples = data.order.samples(batches.batch(after: batches.consumed(after: step)))
      let split = data.parts(of: samples[...], size: recipe.microBatchSize)
      let sizes = split.map { part in part.reduce(0) { $0 + data.length(ofSample: $1) } }
      places = max(places, sizes.reduce(0, +))
      parts = max(parts, split.count)
      if let (index, size) = sizes.enumerated().max(by: { $0.element < $1.element }), size > largest.places {
        largest = (size, split[index])
      }
    }
    let batch = try data.batch(samples: Array(largest.part))
    self.places = Double(places)
    self.largest = Double(batch.tokens.count)
    supervised = Double(batch.weight)
    self.parts = Double(parts)
    let longest = (0..<data.sampleCount).reduce(0) { max($0, data.length(ofSample: $1)) }
    forward = max(Self.forwardSize, Double(longest))
    heldTokens = Double(data.tokenCount)
  }

  /// The load of a run whose data is not known, or has this many samples: the most that a step may have.
  package init(_ recipe: Recipe, length: Int, samples: Int?) {
    let sample = Double(length) * Double(recipe.examples.sequencesPerSample)
    let batch = Double(min(recipe.training.batchSize, samples ?? .max))
    places = batch * sample
    switch recipe.microBatchSize {
    case .samples(let count): parts = (batch / Double(count)).rounded(.up)
    case .tokens(let limit): parts = min(batch, max(1, (places / Double(limit)).rounded(.up)))
    }
    largest = (batch / parts).rounded(.up) * sample
    if case .samples(let count) = recipe.microBatchSize { largest = min(batch, Double(count)) * sample }
    supervised = largest
    forward = max(Self.forwardSize, sample)
    isEvaluated = !recipe.data.validation.isEmpty || recipe.data.validationFraction != nil
  }
}

extension Recipe {
  /// The samples that the files of the training data can hold at most, going by their sizes; nil where that cannot be known.
  func mostSamples(length: Int) -> Int? {
    guard let size = CorpusSize.of(data.train, format: data.format) else { return nil }
    // A token has a byte at least, and so has a row.
    return examples == .windows ? size.bytes / length + size.files : size.bytes
  }
}
