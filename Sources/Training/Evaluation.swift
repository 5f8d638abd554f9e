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
  package init(
    _ model: any LanguageModel, objective: any Objective, loader: any SampleLoader, samples: Int,
    size: MicroBatchSize, tokenizer: Tokenizer?
  ) throws(Failure) {
    let lengths = tokenizer.map(TokenLengths.init)
    var measures = Measures()
    var (tokens, bytes) = (0, 0)
    let chosen = loader.order.spread(samples)
    for start in stride(from: 0, to: chosen.count, by: 64) {
      let group = Array(chosen[start..<min(chosen.count, start + 64)])
      for batch in try loader.microBatches(samples: group, size: size) {
        measures.add(objective.loss(batch, StepContext(model)), weight: objective.weight(of: batch))
        tokens += batch.weight
        bytes += lengths?.bytes(of: batch.targets) ?? 0
      }
    }
    self.measures = measures
    self.tokens = tokens
    share = Double(chosen.count) / Double(loader.sampleCount)
    measuresTokens = objective.measuresTokens
    let loss = measures["loss"] ?? .nan
    bitsPerByte = measuresTokens && bytes > 0 ? loss * Double(tokens) / log(2) / Double(bytes) : nil
  }
}
