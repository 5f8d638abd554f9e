import Corpus
import Files
import Foundation
import Models
import Tokenizers

/// How well a model does on held-out samples.
package struct Evaluation: Sendable {
  /// The objective's measures over all samples.
  package let measures: Measures
  /// Loss in bits divided by the bytes of text of the tokens; nil without a tokenizer.
  package let bitsPerByte: Double?
  /// Tokens that were predicted.
  package let tokens: Int
  /// The share of the held-out samples that were read.
  package let share: Double

  /// The mean loss: of a token, in nats, or of a pair.
  package var loss: Double { measures["loss"] ?? .nan }
  /// e^loss where the loss is that of tokens.
  package var perplexity: Double? { measuresTokens ? exp(loss) : nil }
  private let measuresTokens: Bool

  /// Measures `objective` on at most `samples` samples spread over the data, computed in parts of `size`.
  ///
  /// - Parameter reference: the model that the objective compares with, where it scores answers that only the evaluation
  ///   brings together.
  /// - Parameter progress: gets the number of samples that are done.
  package init(
    _ model: any LanguageModel, objective: any Objective, loader: any SampleLoader, samples: Int,
    size: MicroBatchSize, tokenizer: Tokenizer?, reference: (any LanguageModel)? = nil,
    progress: (Int) -> Void = { _ in }
  ) throws(Failure) {
    let lengths = tokenizer.map(TokenLengths.init)
    var measures = Measures()
    var (tokens, bytes) = (0, 0)
    let parts = Parts(loader: loader, samples: loader.order.spread(samples), size: size)
    var context = StepContext(model, reference: reference)
    var shares = Measures()
    try parts.visit { batch, _ in
      guard let share = objective.stepMean(of: batch, context) else { return false }
      shares.add(share)
      return true
    }
    context.stepMean = shares.means.first?.value
    try parts.visit { batch, done in
      measures.add(objective.loss(batch, context), weight: objective.weight(of: batch))
      tokens += batch.weight
      bytes += lengths?.bytes(of: batch.targets) ?? 0
      progress(done)
      return true
    }
    self.measures = measures
    self.tokens = tokens
    share = Double(parts.samples.count) / Double(loader.sampleCount)
    measuresTokens = objective.measuresTokens
    let loss = measures["loss"] ?? .nan
    if tokens > 0, loss.isNaN {
      let bad = model.namedParameters.first { !$0.value.isFinite }
      throw Failure(
        .numerics, "the model's loss is not a number",
        notes: bad.map { ["parameter \"\($0.name)\" is not finite"] } ?? [])
    }
    bitsPerByte = measuresTokens && bytes > 0 ? loss * Double(tokens) / log(2) / Double(bytes) : nil
  }
}

/// The samples of an evaluation, a few at a time.
private struct Parts {
  let loader: any SampleLoader
  let samples: [Int]
  let size: MicroBatchSize

  /// Calls `body` with one batch after the other, and the number of samples of the groups before it, until it returns false.
  func visit(_ body: (Batch, _ done: Int) -> Bool) throws(Failure) {
    for start in stride(from: 0, to: samples.count, by: 64) {
      let group = start..<min(samples.count, start + 64)
      for batch in try loader.microBatches(group, of: samples, size: size) {
        try StopRequest.check()
        if !body(batch, start) { return }
      }
    }
  }
}
