import Files
import Foundation
import Models
import Support
import Testing

/// The configurations of models that people have, as they were published.
@Suite struct PublishedModelTests {
  /// The number of parameters that the model's page names.
  static let models = [
    ("Llama-3.2-1B", 1_235_814_400), ("Qwen3-0.6B", 596_049_920), ("gemma-3-270m", 268_098_176),
    ("gemma-3-1b-pt", 999_885_952), ("OLMo-2-0425-1B", 1_484_916_736), ("SmolLM3-3B", 3_075_098_624),
    ("Phi-4-mini-instruct", 3_836_021_760), ("granite-3.1-2b-base", 2_533_531_648), ("pythia-160m", 162_322_944),
  ]

  private func description(_ name: String, _ changes: [(String, JSONValue)] = []) throws -> ModelDescription {
    let url = fixtureFolder.appendingPathComponent("configurations/\(name).json")
    let bytes = try ReadableFile.contents(of: url.path, area: .data)
    var config = try JSONValue.parse(bytes, source: name, area: .model)
    for (key, value) in changes { config[key] = value }
    return try ModelDescription(configuration: config.serialized(), source: "config.json", isForeign: true)
  }

  @Test(arguments: models) func theParametersAreAsManyAsPublished(_ name: String, _ count: Int) throws {
    let description = try description(name)
    #expect(description.notes.filter { !$0.contains("dropout") }.isEmpty, "\(description.notes)")
    #expect(description.parameterCount(vocabularySize: description.vocabularySize!) == count)
    // What is written is the same model.
    let configuration = description.configuration(vocabularySize: description.vocabularySize!)
    let again = try ModelDescription(configuration: configuration.json.serialized(), source: "written")
    #expect(again.configuration(vocabularySize: description.vocabularySize!).json == configuration.json)
  }

  /// What is not there is refused by its key.
  @Test(
    arguments: [
      ("gemma-3-270m", "final_logit_softcapping", 30), ("gemma-3-270m", "attn_logit_softcapping", 50),
      ("gemma-3-270m", "use_bidirectional_attention", true), ("gemma-3-270m", "hidden_activation", "silu"),
      ("gemma-3-270m", "layer_types", ["full_attention"]), ("gemma-3-270m", "quantization_config", ["bits": 4]),
      ("Qwen3-0.6B", "hidden_act", "gelu"), ("Qwen3-0.6B", "partial_rotary_factor", 0.5),
      ("Qwen3-0.6B", "rope_scaling", ["rope_type": "proportional"]), ("Qwen3-0.6B", "head_dim", 127),
      ("Llama-3.2-1B", "partial_rotary_factor", 0.5), ("Llama-3.2-1B", "hidden_act", "relu2"),
      ("OLMo-2-0425-1B", "clip_qkv", 8), ("SmolLM3-3B", "no_rope_layers", [1, 0]),
      ("Phi-4-mini-instruct", "rope_scaling", ["type": "llama3", "factor": 8]),
      ("Phi-4-mini-instruct", "partial_rotary_factor", 0.5), ("Phi-4-mini-instruct", "lm_head_bias", true),
      ("Phi-4-mini-instruct", "head_dim", 64), ("granite-3.1-2b-base", "logits_scaling", 0),
      ("pythia-160m", "hidden_act", "relu"), ("pythia-160m", "rotary_pct", 0.05),
    ] as [(String, String, JSONValue)])
  func whatIsNotThereIsRefusedByItsKey(_ name: String, _ key: String, _ value: JSONValue) throws {
    let refusal = refusal { _ = try description(name, [(key, value)]) }
    let all = refusal.map { [$0] + $0.others } ?? []
    // Another share of rotated channels leaves the factors of LongRoPE without a pair.
    let named = key == "partial_rotary_factor" && name.hasPrefix("Phi") ? "short_factor" : key
    #expect(all.contains { $0.what.contains(named) || $0.what.contains("rotary positions") }, "\(all.map(\.what))")
  }
}

/// What a config.json says that is written in more than one way.
@Suite struct DecoderConfigurationTests {
  private func json(_ members: [(String, JSONValue)]) throws(Failure) -> JSONValue {
    var config: JSONValue = [
      "vocab_size": 9, "hidden_size": 32, "intermediate_size": 8, "num_hidden_layers": 6, "num_attention_heads": 4,
      "num_key_value_heads": 2,
    ]
    for (key, value) in members { config[key] = value }
    return try ModelDescription(configuration: config.serialized(), source: "config.json", isForeign: true)
      .configuration(vocabularySize: 9).json
  }

  /// `rope_parameters` of transformers 5 for each kind of layer, and what was written before.
  @Test func gemma3RotatesLayersWithAWindowInTheirOwnWay() throws {
    let kinds: JSONValue = [
      "full_attention": ["rope_type": "default", "rope_theta": 5e5],
      "sliding_attention": ["rope_type": "default", "rope_theta": 77.0],
    ]
    let type: (String, JSONValue) = ("model_type", "gemma3_text")
    let newer = try json([type, ("rope_parameters", kinds)])
    let older = try json([type, ("rope_theta", 5e5), ("rope_local_base_freq", 77.0)])
    #expect(newer == older && newer["rope_theta"] == 5e5 && newer["rope_local_base_freq"] == 77.0)
    let both = refusal { _ = try json([type, ("rope_parameters", kinds), ("rope_local_base_freq", 78.0)]) }
    #expect(
      both?.what == "\"rope_local_base_freq\" must be 77.0" && both?.notes.first == "found 78.0", "\(both as Any)")
    // What an object leaves out the key beside says, or else it is the usual.
    for left in [["rope_type": "default"], .null, nil] as [JSONValue?] {
      var unsaid = kinds
      unsaid["sliding_attention"] = left
      let beside = try json([type, ("rope_parameters", unsaid), ("rope_local_base_freq", 78.0)])
      #expect(beside["rope_theta"] == 5e5 && beside["rope_local_base_freq"] == 78.0)
      #expect(try json([type, ("rope_parameters", unsaid)])["rope_local_base_freq"] == 10000.0)
    }
    let alone: JSONValue = ["sliding_attention": ["rope_theta": 77.0]]
    #expect(try json([type, ("rope_parameters", alone), ("rope_theta", 5e5)]) == newer)
    #expect(try json([type, ("rope_parameters", alone)])["rope_theta"] == 1e6)
    // transformers reads nothing beside the two objects.
    for flat in [["rope_theta": 5e5], ["rope_type": "linear", "factor": 8.0]] as [JSONValue] {
      let refusal = refusal { _ = try json([type, ("rope_parameters", flat)]) }
      #expect(refusal?.what.hasPrefix("rope_parameters has an object each") == true, "\(refusal as Any)")
    }
    #expect(try json([type, ("rope_parameters", ["rope_type": "default"]), ("rope_theta", 5e5)])["rope_theta"] == 5e5)
    // It looks for YaRN's truncate in the object around the two.
    for truncates in [true, false] {
      let yarn: JSONValue = ["rope_type": "yarn", "factor": 4, "rope_theta": 5e5, "truncate": JSONValue(truncates)]
      var scaled = kinds
      scaled["full_attention"] = yarn
      let refusal = refusal { _ = try json([type, ("rope_parameters", scaled)]) }
      #expect((refusal == nil) == truncates, "\(refusal as Any)")
    }
    let types = newer["layer_types"]?.array ?? []
    #expect(types.dropLast().allSatisfy { $0 == "sliding_attention" } && types.last == "full_attention")
    #expect(newer["query_pre_attn_scalar"] == 256 && newer["sliding_window"] == 4096)
  }

  /// `Phi3Config` has 4096 original positions, and takes a `rope_scaling` of three members alone.
  @Test func phi3HasOriginalPositions() throws {
    let factors: JSONValue = [1.0, 1.5, 2.0, 2.5]
    let scaling: JSONValue = ["type": "longrope", "short_factor": factors, "long_factor": factors]
    let members: [(String, JSONValue)] = [("model_type", "phi3"), ("rope_scaling", scaling)]
    let written = try json(members + [("max_position_embeddings", 8192)])
    #expect(written["original_max_position_embeddings"] == 4096 && written["rope_scaling"] == scaling)
    // Its class has the key beside the object always, which counts.
    let inside = refusal {
      var other = scaling
      other["original_max_position_embeddings"] = 2048
      _ = try json([("model_type", "phi3"), ("rope_scaling", other), ("max_position_embeddings", 8192)])
    }
    #expect(inside?.what.hasSuffix("(2048) is not the 4096 of the key beside it, which is its default") == true)
    let ratio = refusal {
      var other = scaling
      other["factor"] = 3.0
      _ = try json([
        ("model_type", "phi3"), ("rope_scaling", other), ("max_position_embeddings", 8192),
        ("original_max_position_embeddings", 4096),
      ])
    }
    #expect(ratio?.what.hasPrefix("factor (3.0) is not the ratio") == true, "\(ratio as Any)")
  }

  /// Texts beyond the positions that a configuration names, up to `factor` times as many.
  @Test func dynamicScalingReachesFurther() throws {
    let scaling: JSONValue = ["rope_type": "dynamic", "factor": 2.5]
    var config = try json([("model_type", "llama"), ("max_position_embeddings", 100), ("rope_scaling", scaling)])
    #expect(config["max_position_embeddings"] == 100)
    let description = try ModelDescription(configuration: config.serialized(), source: "config.json")
    #expect(description.maximumPositions == 250)
    config["rope_scaling"] = ["rope_type": "dynamic", "factor": 1e300]
    let refusal = refusal { _ = try ModelDescription(configuration: config.serialized(), source: "config.json") }
    #expect(refusal?.what.hasPrefix("max_position_embeddings times factor") == true)
  }
}
