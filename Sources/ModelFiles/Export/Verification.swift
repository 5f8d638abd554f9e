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
  }

  private let stored: StoredModel
  private let model: any LanguageModel
  private let numbers: Export.NumberFormat

  package init(_ stored: StoredModel, _ model: any LanguageModel, numbers: Export.NumberFormat) {
    self.stored = stored
    self.model = model
    self.numbers = numbers
  }

  /// Texts on which tokenizers tend to differ.
  private static let texts = [
    "Hello, world!", " a  b   c\n\n\td \r\n", "I've 12345 apples, it's 3.14", "naïve café Ünïcödé", "日本語の文章 한국어",
    "🙂👩‍👩‍👧 émoji", "def f(x):\n    return x ** 2  # ok", "<|endoftext|><s></s>", "\u{0}\u{7F}", "",
  ]

  /// Compares everything with `other`, which was read back.
  package func compare(with other: StoredModel) throws(Failure) -> Outcome {
    try compareConfiguration(other)
    try compareTokenizer(other)
    let copy = try other.model()
    var outcome = Outcome(tensors: 0, weightDifference: 0, logitDifference: 0)
    for (one, another) in zip(model.namedParameters, copy.namedParameters) {
      guard one.name == another.name else { throw failure("tensor \(one.name) is not there", other) }
      let difference = Self.difference(another.value, from: one.value)
      guard difference <= weightBound else {
        throw failure("tensor \(one.name) differs", other, difference, weightBound)
      }
      outcome.tensors += 1
      outcome.weightDifference = max(outcome.weightDifference, difference)
    }
    outcome.logitDifference = Self.difference(logits(copy), from: logits(model))
    guard outcome.logitDifference <= logitBound else {
      throw failure("the logits differ", other, outcome.logitDifference, logitBound)
    }
    return outcome
  }

  /// The relative error of rounding: half a unit in the last place; for q8_0, 1 / 254 of a block's largest weight, which is a
  /// few times the root mean square.
  private var weightBound: Double {
    switch numbers {
    case .float32: 0
    case .float16: 0x1p-11
    case .bfloat16: 0x1p-8
    case .q80: 0.03
    }
  }

  /// Differences of weights grow through the layers.
  private var logitBound: Double { numbers == .float32 ? 0 : max(0.02, 10 * weightBound) }

  private func failure(
    _ what: String, _ other: StoredModel, _ difference: Double? = nil, _ bound: Double = 0
  ) -> Failure {
    Failure(
      .verification, "the export reads back differently: \(what)", at: other.path,
      notes: difference.map { ["a relative difference of \($0), at most \(bound) expected"] } ?? [])
  }

  /// Configurations must agree in all that changes what the model computes; numbers are compared as floats.
  private func compareConfiguration(_ other: StoredModel) throws(Failure) {
    let (one, another) = (stored.configuration.json.object ?? [], other.configuration.json)
    for member in one where member.key != "initializer_range" {
      let value = another[member.key]
      let isSame = value == member.value || member.value.double.map { Float($0) } == value?.double.map { Float($0) }
      if value == nil || !isSame { throw failure("the configuration's \(member.key)", other) }
    }
    let ends = stored.endTokens ?? stored.tokenizer?.endOfText.map { [$0] }
    if stored.tokenizer != nil, ends != (other.endTokens ?? other.tokenizer?.endOfText.map { [$0] }) {
      throw failure("the tokens that end a text", other)
    }
    if stored.tokenizer != nil, stored.chatTemplate != other.chatTemplate { throw failure("the chat template", other) }
  }

  private func compareTokenizer(_ other: StoredModel) throws(Failure) {
    guard let one = stored.tokenizer else { return }
    guard let another = other.tokenizer else { throw failure("the tokenizer is missing", other) }
    for text in Self.texts {
      for special in [Tokenizer.SpecialTokens.none, .parse]
      where one.encode(text, special: special) != another.encode(text, special: special) {
        throw failure("the tokenizer encodes \(text.debugDescription) to other ids", other)
      }
    }
    for id in 0..<Int32(one.vocabularySize)
    where one.token(id) != another.token(id) || one.isSpecial(id) != another.isSpecial(id) {
      throw failure("token \(id) is another", other)
    }
    if one.addsBeginningOfText != another.addsBeginningOfText { throw failure("the token that begins a text", other) }
  }

  /// The logits of up to 64 tokens from all over the vocabulary.
  private func logits(_ model: any LanguageModel) -> Tensor {
    let count = min(64, model.maximumPositions)
    let tokens = (0..<count).map { Int32($0 * 7919 % model.vocabularySize) }
    return model.logits(tokens, shape: [1, count], layout: SequenceLayout(rows: 1, columns: count))
  }

  /// The root mean square of the differences over that of `original`; infinite when a number is not one.
  private static func difference(_ tensor: Tensor, from original: Tensor) -> Double {
    let (values, originals) = (tensor.elements, original.elements)
    guard tensor.shape == original.shape else { return .infinity }
    if values == originals { return 0 }
    var (difference, size) = (0.0, 0.0)
    for (value, original) in zip(values, originals) {
      difference += (Double(value) - Double(original)) * (Double(value) - Double(original))
      size += Double(original) * Double(original)
    }
    let share = (difference / size).squareRoot()
    return share.isFinite ? share : .infinity
  }
}
