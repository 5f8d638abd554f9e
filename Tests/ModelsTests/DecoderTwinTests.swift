import Autograd
import Files
import Kernels
import Models
import Support
import Testing

/// The twin of all decoders against what NumPy recorded, and the models against the twin.
@Suite struct DecoderTwinTests {
  @Test(arguments: ModelFixture.decoderNames + ["llama-tied", "llama-packed", "llama-untied-grouped", "qwen2"])
  func theTwinIsWhatWasRecorded(_ name: String) throws {
    let fixture = try ModelFixture(name)
    let result = DecoderTwin(config: fixture.config, weights: fixture.weights).evaluate(
      tokens: fixture.tokens, targets: fixture.targets, positions: fixture.positions,
      documentStarts: fixture.documentStarts)
    #expect(mismatch(result.logits, fixture.logits, within: .scaled(relative: 1e-10, scaled: 1e-10)) == nil)
    #expect(abs(result.loss - fixture.loss) < 1e-11)
    #expect(Set(result.gradients.keys) == Set(fixture.gradients.keys))
    for (key, gradient) in fixture.gradients where gradient.values.contains(where: { abs($0) > 1e-15 }) {
      // Recorded as floats.
      let problem = mismatch(result.gradients[key]!.values, gradient, within: .frobenius(1e-6))
      #expect(problem == nil, "\(key): \(problem ?? "")")
    }
  }

  /// Every architecture with options at random: sizes, biases, windows, scaling, documents in a row.
  @Test(arguments: 0..<27) func modelsAreWhatTheTwinSays(_ number: Int) throws {
    var sample = DecoderSample(number: number)
    let description = try ModelDescription(configuration: sample.config.serialized(), source: "sample \(number)")
    let model = description.configuration(vocabularySize: description.vocabularySize!).makeModel(seed: nil)
    let weights = sample.weights(of: model)
    let twin = DecoderTwin(config: sample.config, weights: weights).evaluate(
      tokens: sample.tokens, targets: sample.targets, positions: sample.positions, documentStarts: sample.starts)
    let layout = SequenceLayout(
      rows: 2, columns: DecoderSample.length, positions: sample.positions.int32s, documentStarts: sample.starts.int32s)
    let gradients = Gradients(of: model.parameters)
    let count = sample.targets.values.count { $0 >= 0 }
    let loss = gradients.add(scaledBy: 1 / Float(count)) {
      let hidden = model.hiddenStates(
        sample.tokens.int32s, shape: [2, DecoderSample.length], attention: .sequences(layout),
        recompute: number % 2 == 0)
      return headCrossEntropy(hidden, model.head.weight.tensor, targets: sample.targets.int32s)
    }
    let logits = model.logits(sample.tokens.int32s, shape: [2, DecoderSample.length], layout: layout).elements
    let expected = ReferenceArray([2 * DecoderSample.length, model.vocabularySize], twin.logits)
    #expect(mismatch(logits, expected, within: .scaled(relative: 1e-4, scaled: 2e-5)) == nil, "\(sample.config)")
    #expect(abs(Double(loss.scalar) / Double(count) - twin.loss) < 1e-5)
    for named in model.namedParameters {
      let (gradient, reference) = (named.part(of: gradients[named.parameter]!).elements, twin.gradients[named.name]!)
      if reference.values.allSatisfy({ abs($0) < 1e-14 }) {
        #expect(gradient.allSatisfy { abs($0) < 1e-6 }, "\(named.name)")
      } else {
        let problem = mismatch(gradient, reference, within: .frobenius(1e-4))
        #expect(problem == nil, "\(named.name) of \(sample.config["model_type"]!): \(problem ?? "")")
      }
    }
  }
}

/// A configuration with options at random, and a batch.
private struct DecoderSample {
  static let length = 19
  private(set) var config: JSONValue
  let tokens, targets, positions, starts: IntegerArray
  private var generator: SeededGenerator

  init(number: Int) {
    var options = DecoderOptions(number: number)
    config = options.config()
    var generator = options.generator
    let count = 2 * Self.length
    tokens = IntegerArray([2, Self.length], generator.integers(count, in: 0..<23))
    targets = IntegerArray([2, Self.length], generator.integers(count, in: -4..<23).map { max(-1, $0) })
    let cut = generator.integers(1, in: 1..<Self.length)[0]
    let begins = (0..<count).map { $0 >= Self.length && $0 % Self.length >= cut ? cut : 0 }
    starts = IntegerArray([2, Self.length], begins)
    positions = IntegerArray([2, Self.length], begins.enumerated().map { $0 % Self.length - $1 })
    self.generator = generator
  }

  /// Draws the weights of a model.
  mutating func weights(of model: any LanguageModel) -> [String: ReferenceArray] {
    var weights: [String: ReferenceArray] = [:]
    for named in model.namedParameters {
      let shape = named.value.shape.dimensions
      let isNorm = shape.count == 1 && named.name.hasSuffix("weight") && config["model_type"] != "gemma3_text"
      let weight = generator.normals(shape, mean: isNorm ? 1 : 0, deviation: shape.count == 2 ? 0.25 : 0.2)
      named.mutableBuffer.assign(weight.floats)
      weights[named.name] = weight
    }
    return weights
  }
}

/// The options of one sample.
private struct DecoderOptions {
  private static let kinds = [
    "llama", "mistral", "qwen2", "qwen3", "gemma3_text", "olmo2", "phi3", "smollm3", "granite", "gpt_neox",
  ]

  private(set) var generator: SeededGenerator
  private let kind: String
  private let number: Int
  private let heads: (queries: Int, keys: Int)
  private let headSize: Int
  private var layers: Int { 2 + number % 2 }
  private var hasUsualHeads: Bool { kind == "phi3" || kind == "gpt_neox" }

  init(number: Int) {
    generator = SeededGenerator(seed: UInt64(1000 + number))
    (kind, self.number) = (Self.kinds[number % Self.kinds.count], number)
    heads = [(4, 2), (4, 1), (2, 2), (3, 3)][generator.integers(1, in: 0..<4)[0]]
    headSize = kind == "phi3" || kind == "gpt_neox" ? 24 / heads.queries : [6, 8][number / 2 % 2]
  }

  private mutating func pick<Value>(_ values: [Value]) -> Value {
    values[generator.integers(1, in: 0..<values.count)[0]]
  }
  private mutating func flag() -> JSONValue { JSONValue(generator.uniform() < 0.5) }

  mutating func config() -> JSONValue {
    var config: JSONValue = [
      "model_type": JSONValue(kind), "vocab_size": 23, "hidden_size": 24,
      "intermediate_size": JSONValue(pick([10, 32])),
      "num_hidden_layers": JSONValue(layers), "num_attention_heads": JSONValue(heads.queries),
      "max_position_embeddings": 32, "tie_word_embeddings": flag(),
    ]
    if kind != "gpt_neox" {
      config["num_key_value_heads"] = JSONValue(heads.keys)
      config["rms_norm_eps"] = 0.001
      config["rope_theta"] = JSONValue(pick([10.0, 10000.0]))
    }
    if !hasUsualHeads { config["head_dim"] = JSONValue(headSize) }
    if kind != "gpt_neox" { config["pad_token_id"] = pick([nil, .null, 5, 14]) }
    for (key, value) in biases() + [("rope_scaling", scaling())] + own() where value != .null { config[key] = value }
    return config
  }

  private mutating func biases() -> [(String, JSONValue)] {
    let attention = ["llama", "qwen3", "gemma3_text", "olmo2", "smollm3", "granite", "gpt_neox"].contains(kind)
    let inner = ["llama", "smollm3", "granite"].contains(kind)
    return (attention ? [("attention_bias", flag())] : []) + (inner ? [("mlp_bias", flag())] : [])
  }

  private mutating func scaling() -> JSONValue {
    guard ["llama", "qwen3", "olmo2", "smollm3", "granite", "mistral"].contains(kind) else { return .null }
    func factors(_ step: Double) -> JSONValue {
      JSONValue((0..<headSize / 2).map { JSONValue(1 + Double($0) * step) })
    }
    return pick([
      .null, ["rope_type": "linear", "factor": 3.0],
      ["rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "beta_fast": 4.0, "beta_slow": 0.5],
      [
        "rope_type": "longrope", "factor": 2.0, "original_max_position_embeddings": 16, "short_factor": factors(0.5),
        "long_factor": factors(2),
      ],
    ])
  }

  /// The keys that the architecture has for itself.
  private mutating func own() -> [(String, JSONValue)] {
    let window = JSONValue(generator.integers(1, in: 1..<12)[0])
    switch kind {
    case "mistral": return [("sliding_window", window)]
    case "qwen2", "qwen3":
      return [("use_sliding_window", flag()), ("sliding_window", window), ("max_window_layers", 1)]
    case "smollm3":
      let interval = JSONValue(pick([2, 3]))
      return [("use_sliding_window", flag()), ("sliding_window", window), ("no_rope_layer_interval", interval)]
    case "gemma3_text":
      let types = (0..<layers).map { JSONValue(["sliding_attention", "full_attention"][($0 + number) % 2]) }
      return [
        ("sliding_window", window), ("layer_types", JSONValue(types)), ("query_pre_attn_scalar", 10.0),
        ("rope_local_base_freq", 50.0),
      ]
    case "phi3": return [("partial_rotary_factor", JSONValue(headSize == 12 ? 0.5 : 1.0)), ("sliding_window", window)]
    case "granite":
      return [
        ("embedding_multiplier", 3.0), ("attention_multiplier", 0.4), ("residual_multiplier", 0.6),
        ("logits_scaling", 2.0),
      ]
    case "gpt_neox":
      return [
        ("rotary_pct", JSONValue(headSize == 6 ? 1.0 : 0.5)), ("layer_norm_eps", 0.001), ("rotary_emb_base", 100.0),
        ("use_parallel_residual", flag()), ("tie_word_embeddings", false),
      ]
    default: return []
    }
  }
}
