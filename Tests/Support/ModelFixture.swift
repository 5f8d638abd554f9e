import Files
import Foundation

/// A small model and a batch, with everything PyTorch computed from them in float64.
package struct ModelFixture: Sendable, CustomStringConvertible {
  package let name: String
  /// `config.json` and `model.safetensors` as Hugging Face writes them.
  package let folder: URL
  package let config: JSONValue
  /// By Hugging Face's names, in its shapes; a tied head is not repeated.
  package let weights: [String: ReferenceArray]
  /// [B, T].
  package let tokens: IntegerArray
  /// [B, T]; -1 where nothing is trained.
  package let targets: IntegerArray
  /// [B, T]; they restart with each document.
  package let positions: IntegerArray
  /// [B, T]; the column at which each token's document begins.
  package let documentStarts: IntegerArray
  /// [B, T, V].
  package let logits: ReferenceArray
  /// The residual stream [B, T, C] after the embedding and after each block.
  package let hiddenStates: [ReferenceArray]
  /// The mean over the trained targets.
  package let loss: Double
  /// Of the loss, by the parameters' names.
  package let gradients: [String: ReferenceArray]
  package let training: Training
  package let generation: Generation

  /// Ten steps of AdamW on the one batch; the decay is on matrices only.
  package struct Training: Sendable {
    package let learningRate: Double
    package let betas: (Double, Double)
    package let epsilon: Double
    package let weightDecay: Double
    package let maxGradientNorm: Double
    /// Before each step.
    package let losses: [Double]
    /// Before clipping.
    package let gradientNorms: [Double]
    /// Some of the weights after the last step.
    package let weights: [String: ReferenceArray]
  }

  /// A greedy continuation.
  package struct Generation: Sendable {
    package let prompt: [Int]
    package let tokens: [Int]
    /// How far the best logit was ahead of the second at the closest choice.
    package let smallestMargin: Double
  }

  package var description: String { name }

  package static let names = [
    "gpt2", "llama-packed", "llama-tied", "llama-untied-grouped", "llama3-scaling", "qwen2",
  ]
  /// Those of `recording/decoders.py`, which has no training steps.
  package static let decoderNames = [
    "gemma3", "gpt-neox", "gpt-neox-sequential", "granite", "llama-biases-yarn", "llama-dynamic", "llama-linear",
    "llama-longrope", "mistral", "olmo2", "phi3", "phi3-window", "qwen3", "qwen3-window", "smollm3", "smollm3-window",
  ]

  package init(_ name: String) throws(Failure) {
    self.name = name
    folder = fixtureFolder.appendingPathComponent("models/\(name)", isDirectory: true)
    config = try Self.json(folder, "config.json")
    weights = try TensorFile(folder.appendingPathComponent("model.safetensors")).arrays()
    let tensors = try TensorFile(folder.appendingPathComponent("reference.safetensors"))
    tokens = try tensors.integers("tokens")
    targets = try tensors.integers("targets")
    positions = try tensors.integers("positions")
    documentStarts = try tensors.integers("document_starts")
    logits = try tensors.array("logits")
    hiddenStates = try tensors.arrays(prefix: "hidden.").sorted { Int($0.key)! < Int($1.key)! }.map(\.value)
    gradients = try tensors.arrays(prefix: "gradient.")
    let record = try Self.json(folder, "reference.json")
    loss = record["loss"]?.double ?? .nan
    training = Training(record["training"] ?? .null, weights: try tensors.arrays(prefix: "after_ten_steps."))
    generation = Generation(record["generation"] ?? .null)
  }

  private static func json(_ folder: URL, _ file: String) throws(Failure) -> JSONValue {
    let path = folder.appendingPathComponent(file).path
    return try JSONValue.parse(ReadableFile.contents(of: path, area: .data), source: path, area: .data)
  }
}

extension ModelFixture.Training {
  fileprivate init(_ record: JSONValue, weights: [String: ReferenceArray]) {
    func number(_ key: String) -> Double { record[key]?.double ?? .nan }
    func numbers(_ key: String) -> [Double] { record[key]?.array?.compactMap(\.double) ?? [] }
    let betas = numbers("betas")
    self.init(
      learningRate: number("learning_rate"), betas: betas.count == 2 ? (betas[0], betas[1]) : (.nan, .nan),
      epsilon: number("epsilon"), weightDecay: number("weight_decay"), maxGradientNorm: number("max_grad_norm"),
      losses: numbers("losses"), gradientNorms: numbers("gradient_norms"), weights: weights)
  }
}

extension ModelFixture.Generation {
  fileprivate init(_ record: JSONValue) {
    func integers(_ key: String) -> [Int] { record[key]?.array?.compactMap(\.integer) ?? [] }
    self.init(
      prompt: integers("prompt"), tokens: integers("tokens"),
      smallestMargin: record["smallest_margin"]?.double ?? .nan)
  }
}
