import Files
import Models
import Testing

@Suite struct ConfigurationTests {
  static let texts = [
    """
    { "model_type": "llama", "vocab_size": 100, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 3,
      "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64, "rope_theta": 500000.0,
      "rms_norm_eps": 1e-05, "tie_word_embeddings": true, "rope_scaling": { "rope_type": "llama3", "factor": 8.0,
      "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32 } }
    """,
    """
    { "model_type": "qwen2", "vocab_size": 100, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
      "num_attention_heads": 4, "tie_word_embeddings": false, "use_sliding_window": false, "max_window_layers": 2 }
    """,
    """
    { "model_type": "gpt2", "vocab_size": 100, "n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 32 }
    """,
    """
    { "model_type": "gpt2", "vocab_size": 100, "n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 32,
      "n_inner": 40, "tie_word_embeddings": false, "initializer_range": 0.01 }
    """,
  ]

  private func configuration(_ text: String) throws -> any ModelConfiguration {
    let description = try ModelDescription(configuration: text, source: "config.json")
    return description.configuration(vocabularySize: try #require(description.vocabularySize))
  }

  @Test(arguments: texts) func whatIsWrittenIsRead(_ text: String) throws {
    let configuration = try configuration(text)
    let written = configuration.json.serialized(pretty: true)
    #expect(try self.configuration(written).json == configuration.json)
    let original = try JSONValue.parse(Array(text.utf8), source: "", area: .model)
    for member in original.object! where configuration.json[member.key] != nil {
      #expect(configuration.json[member.key] == member.value, "\(member.key)")
    }
  }

  @Test(arguments: texts) func theParametersAreAsManyAsTheFormulaSays(_ text: String) throws {
    let configuration = try configuration(text)
    let model = configuration.makeModel(seed: 1)
    #expect(configuration.parameterCount == model.parameterCount)
    #expect(configuration.vocabularySize == model.vocabularySize)
    #expect(configuration.maximumPositions == model.maximumPositions)
  }

  @Test(arguments: [
    ("{}", "missing key \"architecture\""),
    (#"{ "model_type": "bert" }"#, "\"model_type\" must be"),
    (#"{ "model_type": "gpt2", "n_embd": 4, "n_layer": 1, "n_head": 2 }"#, "missing key \"vocab_size\""),
    (#"{ "model_type": "gpt2", "n_embd": 4, "n_layer": 1, "n_head": 3, "vocab_size": 9 }"#, "n_head (3) must divide"),
    ("[]", "is an object"),
  ])
  func aFaultIsTheModels(_ text: String, _ what: String) {
    #expect {
      _ = try ModelDescription(configuration: text, source: "config.json")
    } throws: { error in
      let failure = error as? Failure
      let all = failure.map { [$0] + $0.others } ?? []
      return failure?.area == .model && all.contains { $0.what.contains(what) }
    }
  }
}
