import Corpus
import Files
import Foundation
import Models
import Tokenizers

/// How well a model predicts held-out windows.
package struct Evaluation: Sendable {
  /// The mean loss of a token, in nats.
  package let loss: Double
  /// The share of tokens that had the largest logit.
  package let tokenAccuracy: Double
  /// Loss in bits divided by the bytes of text the tokens stand for; nil without a tokenizer.
  package let bitsPerByte: Double?
  /// Tokens that were predicted.
  package let tokens: Int

  /// e^loss.
  package var perplexity: Double { exp(loss) }

  /// Measures `objective` on at most `windows` windows spread over the data, `rowsAtOnce` at a time.
  package init(
    _ model: any LanguageModel, objective: any Objective, loader: WindowLoader, windows: Int, rowsAtOnce: Int,
    tokenizer: Tokenizer?
  ) throws(Failure) {
    let chosen = loader.evaluationWindows(windows)
    let lengths = tokenizer.map(TokenLengths.init)
    var measures = Measures()
    var (tokens, bytes) = (0, 0)
    for start in stride(from: 0, to: chosen.count, by: rowsAtOnce) {
      let batch = try loader.batch(windows: Array(chosen[start..<min(chosen.count, start + rowsAtOnce)]))
      _ = objective.loss(model, batch, scale: 1, recompute: false, measures: &measures)
      tokens += batch.weight
      bytes += lengths?.bytes(of: batch.targets) ?? 0
    }
    self.tokens = tokens
    let mean = measures["loss"] ?? .nan
    loss = mean
    tokenAccuracy = measures["token_accuracy"] ?? .nan
    bitsPerByte = bytes > 0 ? mean * Double(tokens) / log(2) / Double(bytes) : nil
  }
}
