import Autograd
import Files
import Kernels
import Models
import Tokenizers

/// Compares an exported model with the original: configuration, tokenizer, every weight, logits.
package struct Verification {
  /// The differences found, all within their bounds.
  package struct Outcome: Sendable {
    /// The number of tensors compared.
    package var tensors: Int
    /// The root mean square of a tensor's differences over that of its weights, at the worst tensor.
    package var weightDifference: Double
    /// The same of the logits.
    package var logitDifference: Double
    /// What the user should know, a line each.
    package var notes: [String] = []
  }

  private let stored: StoredModel
  private let model: any LanguageModel
  private let numbers: Export.NumberFormat
  private let assumesFormC: Bool
  private let isGGUF: Bool
  private let hasRoundedScale: Bool

  /// A comparison with a model; `assumesFormC` leaves out texts that are not in Unicode's form C, and `hasRoundedScale` allows for
  /// that of an adapter.
  package init(
    _ stored: StoredModel, _ model: any LanguageModel, numbers: Export.NumberFormat, assumesFormC: Bool = false,
    isGGUF: Bool = false, hasRoundedScale: Bool = false
  ) {
    self.stored = stored
    self.model = model
    self.numbers = numbers
    self.assumesFormC = assumesFormC
    self.isGGUF = isGGUF
    self.hasRoundedScale = hasRoundedScale
  }

  /// Compares everything with `other`, which was read back; `llamaCpp` is what llama.cpp makes of the same file.
  package func compare(with other: StoredModel, llamaCpp: LlamaCppTokenizer? = nil) throws(Failure) -> Outcome {
    try compareConfiguration(other)
    let tokens = TokenComparison(stored, other, llamaCpp, assumesFormC: assumesFormC)
    try tokens.compare()
    let copy = try other.model()
    var outcome = Outcome(tensors: 0, weightDifference: 0, logitDifference: 0)
    for (one, another) in zip(model.namedParameters, copy.namedParameters) {
      try StopRequest.check()
      guard one.name == another.name else { throw failure("tensor \(one.name) is not there", other) }
      // A weight that the file has larger by 1 is compared as such.
      let isShifted = shifted.contains(one.name.split(separator: ".").suffix(2).joined(separator: "."))
      let difference =
        isShifted
        ? Self.difference(another.value + 1, from: one.value + 1) : Self.difference(another.value, from: one.value)
      guard difference <= max(weightBound, isShifted ? 0x1p-23 : 0) else {
        throw failure("tensor \(one.name) differs", other, difference, weightBound)
      }
      outcome.tensors += 1
      outcome.weightDifference = max(outcome.weightDifference, difference)
    }
    outcome.logitDifference = Self.difference(logits(copy), from: logits(model))
    guard outcome.logitDifference <= logitBound else {
      throw failure("the logits differ", other, outcome.logitDifference, logitBound)
    }
    outcome.notes = tokens.notes
    return outcome
  }

  /// The relative error of rounding: half a unit in the last place; for q8_0, 1 / 254 of a block's largest weight, which is a
  /// few times the root mean square.
  private var weightBound: Double {
    switch numbers {
    case .float32: hasRoundedScale ? 0x1p-20 : 0
    case .float16: 0x1p-11
    case .bfloat16: 0x1p-8
    case .q80: 0.03
    }
  }

  /// Differences of weights grow through the layers.
  private var logitBound: Double {
    numbers == .float32 ? (shifted.isEmpty && !hasRoundedScale ? 0 : 1e-4) : max(0.02, 10 * weightBound)
  }

  /// The endings of the names of weights that GGUF has larger by 1.
  private var shifted: Set<String> {
    guard isGGUF else { return [] }
    let tensors = stored.configuration.architecture.gguf.flatMap { $0.tensors + $0.blockTensors }
    return Set(
      tensors.compactMap { tensor in
        guard case .plusOne = tensor.layout else { return nil }
        return tensor.name.split(separator: ".").suffix(2).joined(separator: ".")
      })
  }

  private func failure(
    _ what: String, _ other: StoredModel, _ difference: Double? = nil, _ bound: Double = 0
  ) -> Failure {
    Failure(
      .verification, "the export reads back differently: \(what)", at: other.path,
      notes: difference.map { ["a relative difference of \($0), at most \(bound) expected"] } ?? [])
  }

  private func compareConfiguration(_ other: StoredModel) throws(Failure) {
    if let key = stored.configuration.firstDifference(from: other.configuration) {
      throw failure("the configuration's \(key)", other)
    }
    if stored.tokenizer != nil, stored.chatTemplate != other.chatTemplate { throw failure("the chat template", other) }
  }

  /// The logits of up to 64 tokens from all over the vocabulary.
  private func logits(_ model: any LanguageModel) -> Tensor {
    let count = min(64, model.maximumPositions)
    let tokens = (0..<count).map { Int32($0 * 7919 % model.vocabularySize) }
    return model.logits(tokens, shape: [1, count], layout: SequenceLayout(rows: 1, columns: count))
  }

  /// The root mean square of the differences over that of `original`: 0 for the same bits, infinite where one number alone
  /// is not finite.
  private static func difference(_ tensor: Tensor, from original: Tensor) -> Double {
    guard tensor.shape == original.shape else { return .infinity }
    var (difference, size) = (0.0, 0.0)
    for (value, original) in zip(tensor.elements, original.elements) {
      if original.isFinite { size += Double(original) * Double(original) }
      if value.bitPattern == original.bitPattern || (value.isNaN && original.isNaN) { continue }
      difference += (Double(value) - Double(original)) * (Double(value) - Double(original))
    }
    if difference == 0 { return 0 }
    let share = (difference / size).squareRoot()
    return share.isFinite ? share : .infinity
  }
}
