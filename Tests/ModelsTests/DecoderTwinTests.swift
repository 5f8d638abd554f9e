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
      return headCrossEntropy(hidden, model.head.tensor, targets: sample.targets.int32s)
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
    var generator = SeededGenerator(seed: UInt64(1000 + number))
    func pick<Value>(_ values: [Value]) -> Value { values[generator.integers(1, in: 0..<values.count)[0]] }
    func flag() -> JSONValue { JSONValue(generator.uniform() < 0.5) }
    let kinds = [
      "llama", "mistral", "qwen2", "qwen3", "gemma3_text", "olmo2", "phi3", "smollm3", "granite", "gpt_neox",
    ]
    let kind = kinds[number % kinds.count]
    let heads = pick([(4, 2), (4, 1), (2, 2), (3, 3)])
    let layers = 2 + number % 2
    var config: JSONValue = [
      "model_type": JSONValue(kind), "vocab_size": 23, "hidden_size": 24,
      "intermediate_size": JSONValue(pick([10, 32])),
      "num_hidden_layers": JSONValue(layers), "num_attention_heads": JSONValue(heads.0), "max_position_embeddings": 32,
      "tie_word_embeddings": flag(),
    ]
    func set(_ members: [(String, JSONValue)]) {
      for (key, value) in members { config[key] = value }
    }
    if kind != "gpt_neox" {
      set([
        ("num_key_value_heads", JSONValue(heads.1)), ("rms_norm_eps", 0.001),
        ("rope_theta", JSONValue(pick([10.0, 10000.0]))),
      ])
    }
    let width = kind == "phi3" || kind == "gpt_neox" ? 24 / heads.0 : pick([6, 8])
    if kind != "phi3", kind != "gpt_neox" { set([("head_dim", JSONValue(width))]) }
    if ["llama", "qwen3", "gemma3_text", "olmo2", "smollm3", "granite"].contains(kind) {
      set([("attention_bias", flag())])
    }
    if ["llama", "smollm3", "granite"].contains(kind) { set([("mlp_bias", flag())]) }
    if ["llama", "qwen3", "olmo2", "smollm3", "granite", "mistral"].contains(kind) {
      let factors = JSONValue((0..<width / 2).map { JSONValue(1 + Double($0) / 2) })
      let scaling: JSONValue? = pick([
        nil, ["rope_type": "linear", "factor": 3.0],
        [
          "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "beta_fast": 4.0,
          "beta_slow": 0.5,
        ],
        [
          "rope_type": "longrope", "factor": 2.0, "original_max_position_embeddings": 16, "short_factor": factors,
          "long_factor": factors,
        ],
      ])
      if let scaling { set([("rope_scaling", scaling)]) }
    }
    let window = JSONValue(generator.integers(1, in: 1..<12)[0])
    switch kind {
    case "mistral": set([("sliding_window", window)])
    case "qwen2", "qwen3":
      set([("use_sliding_window", flag()), ("sliding_window", window), ("max_window_layers", 1)])
    case "smollm3":
      set([
        ("use_sliding_window", flag()), ("sliding_window", window),
        ("no_rope_layer_interval", JSONValue(pick([2, 3]))),
      ])
    case "gemma3_text":
      let types = (0..<layers).map { JSONValue(["sliding_attention", "full_attention"][($0 + number) % 2]) }
      set([
        ("sliding_window", window), ("layer_types", JSONValue(types)), ("query_pre_attn_scalar", 10.0),
        ("rope_local_base_freq", 50.0),
      ])
    case "phi3": set([("partial_rotary_factor", JSONValue(width == 12 ? 0.5 : 1.0)), ("sliding_window", window)])
    case "granite":
      set([
        ("embedding_multiplier", 3.0), ("attention_multiplier", 0.4), ("residual_multiplier", 0.6),
        ("logits_scaling", 2.0),
      ])
    case "gpt_neox":
      set([
        ("rotary_pct", JSONValue(width == 6 ? 1.0 : 0.5)), ("layer_norm_eps", 0.001), ("rotary_emb_base", 100.0),
        ("use_parallel_residual", flag()), ("attention_bias", flag()), ("tie_word_embeddings", false),
      ])
    default: break
    }
    self.config = config
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
