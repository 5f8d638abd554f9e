import Autograd
import Files
import Kernels
import Models
import Support
import Testing

/// Adapters that treat some layers differently.
@Suite struct AdapterPatternTests {
  private let tokens: [Int32] = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]

  private func adapter(_ text: String) throws -> AdapterConfiguration {
    let decoder = SettingsDecoder(source: "adapter_config.json", area: .model)
    let value = decoder.read(try JSONValue.parse(Array(text.utf8), source: "adapter_config.json", area: .model)) {
      AdapterConfiguration(from: &$0)
    }
    if let failure = decoder.failure { throw failure }
    return value
  }

  private func model() throws -> any LanguageModel {
    let description = try ModelDescription(configuration: AdapterTests.texts[0], source: "config.json")
    return description.configuration(vocabularySize: description.vocabularySize!).makeModel(seed: 1)
  }

  private func logits(_ model: any LanguageModel) -> [Float] {
    model.logits(tokens, shape: [1, 10], layout: SequenceLayout(rows: 1, columns: 10)).elements
  }

  /// The layers that PEFT 0.21 adapts of the same model, and their ranks.
  @Test(arguments: [
    (
      #""target_modules": "all-linear", "exclude_modules": ["self_attn.k_proj", "gate_proj", "up_proj", "down_proj"]"#,
      [
        "0.self_attn.o_proj": 4, "0.self_attn.q_proj": 4, "0.self_attn.v_proj": 4, "1.self_attn.o_proj": 4,
        "1.self_attn.q_proj": 4, "1.self_attn.v_proj": 4,
      ]
    ),
    (
      #""target_modules": ["q_proj", "k_proj"], "exclude_modules": ".*\\.0\\.self_attn\\.[qv]_proj""#,
      ["0.self_attn.k_proj": 4, "1.self_attn.k_proj": 4, "1.self_attn.q_proj": 4]
    ),
    (#""target_modules": ["q_proj"], "layers_to_transform": [1, 5]"#, ["1.self_attn.q_proj": 4]),
    (
      #""target_modules": ["q_proj"], "layers_to_transform": 0, "layers_pattern": ["h", "layers"]"#,
      ["0.self_attn.q_proj": 4]
    ),
    (
      #""target_modules": ["q_proj", "model.layers.0.mlp.up_proj"], "layers_to_transform": [1]"#,
      ["0.mlp.up_proj": 4, "1.self_attn.q_proj": 4]
    ),
    (
      #""target_modules": ["q_proj", "v_proj"], "rank_pattern": {"q_proj": 2, "layers.1.self_attn.q_proj": 7}"#,
      ["0.self_attn.q_proj": 2, "0.self_attn.v_proj": 4, "1.self_attn.q_proj": 2, "1.self_attn.v_proj": 4]
    ),
    (
      #""target_modules": ["q_proj"], "rank_pattern": {"^model.layers.1.self_attn.q_proj": 7, ".*proj": 3}"#,
      ["0.self_attn.q_proj": 3, "1.self_attn.q_proj": 7]
    ),
    // A word ends at a dot, as in Python.
    (
      #""target_modules": ".*\\b(q_proj|v_proj)", "exclude_modules": ".*\\blayers\\.0\\b.*", "rank_pattern": {"\\d+\\b.*\\bv_proj": 3}"#,
      ["1.self_attn.q_proj": 4, "1.self_attn.v_proj": 3]
    ),
  ])
  func layersAndRanksArePEFTs(_ keys: String, _ expected: [String: Int]) throws {
    let settings = try adapter("{\"r\": 4, \(keys)}")
    let model = try model()
    let count = try model.adapterSizes(with: settings).trained
    try model.attach(settings, seed: 2)
    var found: [String: Int] = [:]
    for named in model.trainedParameters where named.name.hasSuffix("lora_A.weight") {
      found[named.name.replacing("model.layers.", with: "").replacing(".lora_A.weight", with: "")] = named.shape[0]
    }
    #expect(found == expected)
    #expect(count == model.trainedParameters.reduce(0) { $0 + $1.shape.count })
    #expect(try adapter(settings.json(base: "b").serialized()) == settings)
  }

  /// PEFT passes over names of what a model does not have, as far as one is a layer's.
  @Test func namesOfNothingArePassedOver() throws {
    let found = try model().passingOverNames(
      of: adapter(
        #"""
        {"r": 4, "target_modules": ["qkv_proj", "q_proj"], "modules_to_save": ["score", "norm"],
         "rank_pattern": {"w1": 2, "q_proj": 3}, "alpha_pattern": {"k_proj": 1}}
        """#))
    #expect(found.names == ["qkv_proj", "score", "w1", "k_proj"])
    let known = try adapter(
      #"{"r": 4, "target_modules": ["q_proj"], "modules_to_save": ["norm"], "rank_pattern": {"q_proj": 3}}"#)
    #expect(found.configuration == known)
    #expect(try model().passingOverNames(of: known).names.isEmpty)
    let nothing = try adapter(#"{"target_modules": ["qkv_proj", "w1"]}"#)
    #expect(throws: Failure.self) { _ = try model().passingOverNames(of: nothing) }
    // The embedding is there, and is no linear layer.
    let table = try adapter(#"{"target_modules": ["q_proj", "embed_tokens"]}"#)
    #expect(throws: Failure.self) { _ = try model().passingOverNames(of: table) }
  }

  /// Two configurations may name the same layers, ranks and scales in different words.
  @Test(arguments: [
    (#""target_modules": ["v_proj", "q_proj"]"#, #""target_modules": ["q_proj", "v_proj"], "lora_dropout": 0.5"#, true),
    (
      #""target_modules": "all-linear""#,
      #""target_modules": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]"#, true
    ),
    (#""target_modules": ["q_proj"]"#, #""target_modules": ".*\\.q_proj", "rank_pattern": {"q_proj": 4}"#, true),
    (#""target_modules": ["q_proj"], "modules_to_save": ["model.norm"]"#, #""target_modules": ["q_proj"]"#, false),
    (#""target_modules": ["q_proj"]"#, #""target_modules": ["q_proj", "v_proj"]"#, false),
    (#""target_modules": ["q_proj"]"#, #""target_modules": ["q_proj"], "lora_alpha": 9"#, false),
    (
      #""target_modules": ["q_proj"]"#,
      #""target_modules": ["q_proj"], "rank_pattern": {"1.self_attn.q_proj": 2}"#, false
    ),
    (#""target_modules": ["q_proj"]"#, #""target_modules": ["q_proj"], "use_dora": true"#, false),
    (#""target_modules": ["q_proj"]"#, #""target_modules": ["q_proj"], "init_lora_weights": "pissa""#, false),
  ])
  func theSameWeightsHaveManyNames(_ one: String, _ other: String, _ areSame: Bool) throws {
    let (one, other) = (try adapter("{\"r\": 4, \(one)}"), try adapter("{\"r\": 4, \(other)}"))
    #expect(try model().hasSameWeights(with: one, other) == areSame)
    #expect(try model().hasSameWeights(with: other, one) == areSame)
  }

  /// Matrices of one product that have ranks and scales of their own: merged, the weights are W + s B A, each with its own.
  @Test(arguments: ["", #", "use_rslora": true"#, #", "use_dora": true"#, #", "init_lora_weights": "pissa""#])
  func eachLayerHasItsOwnScale(_ more: String) throws {
    let settings = try adapter(
      #"{"r": 4, "lora_alpha": 6, "rank_pattern": {"q_proj": 2, "up_proj": 5}, "alpha_pattern": {"v_proj": 11, "up_proj": 3}\#(more)}"#
    )
    let model = try model()
    let before = Dictionary(uniqueKeysWithValues: model.namedParameters.map { ($0.name, $0.value.elements) })
    try model.attach(settings, seed: 2)
    var generator = Generator(seed: 3)
    for named in model.trainedParameters where named.name.contains("lora") {
      let noise = generator.normal(named.shape, deviation: 0.1).elements
      named.mutableBuffer.assign(zip(named.value.elements, noise).map { $0 + $1 })
    }
    let parts = Dictionary(uniqueKeysWithValues: model.trainedParameters.map { ($0.name, $0.value) })
    let origins = Dictionary(uniqueKeysWithValues: model.originalUpdates.map { ($0.name, $0.value) })
    let adapted = logits(model)
    try model.mergeAdapters()
    let merged = logits(model)
    let worst = zip(adapted, merged).map { abs($0 - $1) }.max()!
    #expect(worst < 1e-5, "\(worst)")
    guard !more.contains("dora") else { return }
    for named in model.namedParameters where parts[named.name.replacing(".weight", with: ".lora_A.weight")] != nil {
      let layer = named.name.replacing(".weight", with: "")
      let rank = layer.hasSuffix("q_proj") ? 2.0 : layer.hasSuffix("up_proj") ? 5 : 4
      let alpha = layer.hasSuffix("v_proj") ? 11.0 : layer.hasSuffix("up_proj") ? 3 : 6
      let scale = Float(alpha / (more.contains("rslora") ? rank.squareRoot() : rank))
      func change(_ parts: [String: Tensor]) -> [Float] {
        guard let a = parts["\(layer).lora_A.weight"] else { return [] }
        #expect(a.shape[0] == Int(rank))
        return linear(parts["\(layer).lora_B.weight"]!, a, layout: .inputsByOutputs).elements
      }
      let (now, then) = (change(parts), change(origins))
      for (place, value) in named.value.elements.enumerated() {
        let expected = before[named.name]![place] + scale * (now[place] - (then.isEmpty ? 0 : then[place]))
        #expect(abs(value - expected) < 1e-5, "\(named.name)")
      }
    }
  }
}
