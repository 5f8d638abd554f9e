import Autograd
import Files
import Kernels
import Models
import Support
import Testing

/// The padding token as the `padding_idx` of transformers' embedding.
@Suite struct PaddingTokenTests {
  /// A config.json with these keys beside the sizes.
  private static func text(_ type: String, _ keys: String = "") -> String {
    """
    { "model_type": "\(type)", "vocab_size": 40, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1,
      "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 16\(keys) }
    """
  }

  private func configuration(_ text: String) throws -> any ModelConfiguration {
    try ModelDescription(configuration: text, source: "config.json").configuration(vocabularySize: 40)
  }

  /// Where the key is left out, the token is that of the class in transformers, as far as there is such a row.
  @Test(
    arguments: [
      (text("llama"), .null), (text("llama", #", "pad_token_id": 7"#), 7),
      (text("llama", #", "pad_token_id": -1"#), 39),
      (text("qwen2", #", "pad_token_id": 0"#), 0), (text("gemma3_text"), 0), (text("olmo2"), 1),
      (text("gemma3_text", #", "pad_token_id": null"#), .null), (text("phi3"), .null), (text("smollm3"), .null),
      (text("granite", #", "pad_token_id": 39"#), 39),
    ] as [(String, JSONValue)])
  func theRowIs(_ text: String, _ expected: JSONValue) throws {
    #expect(try configuration(text).json["pad_token_id"] == expected)
  }

  @Test(arguments: [40, -41]) func aTokenOutsideTheVocabularyIsRefused(_ token: Int) {
    #expect(
      refusal { _ = try configuration(Self.text("llama", ", \"pad_token_id\": \(token)")) }?.what
        == "pad_token_id (\(token)) is outside the vocabulary of 40")
  }

  /// A recipe without `vocab_size` gets the tokenizer's vocabulary, in which the token of another one means nothing.
  @Test func aRecipeNeedsTheVocabularyBesideIt() throws {
    func problems(_ keys: String) throws -> Failure? {
      let document = try JSONValue.parse(
        Array(#"{ "architecture": "llama", "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "#.utf8)
          + Array(#""num_attention_heads": 4\#(keys) }"#.utf8), source: "recipe", area: .recipe)
      let decoder = SettingsDecoder(source: "recipe", area: .recipe)
      _ = decoder.read(document) { ModelDescription(from: &$0) }
      return decoder.failure
    }
    #expect(try problems(#", "vocab_size": 300, "pad_token_id": 257"#) == nil)
    #expect(try problems("") == nil)
    #expect(try problems(#", "pad_token_id": 257"#)?.what.contains("say vocab_size beside it") == true)
  }

  private func embedding(of model: any LanguageModel) throws -> Parameter {
    try #require(model.namedParameters.first { $0.name == "model.embed_tokens.weight" }).parameter
  }

  /// The first weights of the other rows are those of a model without it.
  @Test func itsRowBeginsAsZeros() throws {
    let plain = try embedding(of: configuration(Self.text("llama")).makeModel(seed: 4)).value.elements
    let padded = try embedding(of: configuration(Self.text("llama", #", "pad_token_id": 7"#)).makeModel(seed: 4))
    let rows = padded.value.elements
    #expect(rows[7 * 16..<8 * 16].allSatisfy { $0 == 0 } && plain[7 * 16..<8 * 16].contains { $0 != 0 })
    #expect(rows[..<(7 * 16)] == plain[..<(7 * 16)] && rows[(8 * 16)...] == plain[(8 * 16)...])
  }

  /// The other rows have the gradients that they have without it, and a tied head gives the row its own.
  @Test(arguments: [false, true]) func onlyItsLookupsTeachNothing(_ isTied: Bool) throws {
    let tied = ", \"tie_word_embeddings\": \(isTied)"
    let tokens: [Int32] = [3, 7, 7, 1, 7, 9]
    func gradient(_ keys: String) throws -> (value: Float, rows: [ArraySlice<Float>]) {
      let model = try configuration(Self.text("llama", tied + keys)).makeModel(seed: 4)
      let table = try embedding(of: model)
      fill(table.mutableBuffer[7 * 16..<8 * 16], 0.5)
      let (value, gradients) = valueAndGradients(of: model.parameters) {
        let hidden = model.hiddenStates(
          tokens, shape: [1, 6], attention: .sequences(SequenceLayout(rows: 1, columns: 6)), recompute: false)
        return headLogProbabilities(hidden, model.head.weight.tensor, targets: [7, 7, 1, 7, 9, 2]).sum()
      }
      let elements = gradients[table]!.elements
      return (value.scalar, (0..<40).map { elements[$0 * 16..<($0 + 1) * 16] })
    }
    let (all, padded) = (try gradient(""), try gradient(#", "pad_token_id": 7"#))
    #expect(all.value == padded.value)
    for row in 0..<40 where row != 7 { #expect(all.rows[row] == padded.rows[row]) }
    #expect(all.rows[7] != padded.rows[7] && padded.rows[7].contains { $0 != 0 } == isTied)
  }
}
