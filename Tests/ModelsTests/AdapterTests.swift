import Autograd
import Files
import Kernels
import Models
import Support
import Testing

/// Low-rank adapters of models with stacked, fused and transposed matrices.
@Suite struct AdapterTests {
  static let texts = [
    #"""
    {"architecture": "llama", "vocab_size": 11, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
     "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 16, "tie_word_embeddings": true}
    """#,
    #"""
    {"model_type": "phi3", "vocab_size": 11, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
     "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 16, "pad_token_id": 0}
    """#,
    #"{"architecture": "gpt2", "vocab_size": 11, "n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 16}"#,
  ]

  private let tokens: [Int32] = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]
  private let layout = SequenceLayout(rows: 1, columns: 10)

  private func adapter(_ text: String) throws -> AdapterConfiguration {
    let decoder = SettingsDecoder(source: "adapter_config.json", area: .model)
    let value = decoder.read(try JSONValue.parse(Array(text.utf8), source: "adapter_config.json", area: .model)) {
      AdapterConfiguration(from: &$0)
    }
    if let failure = decoder.failure { throw failure }
    return value
  }

  /// A model with an adapter whose B is not zero, and with its magnitudes changed.
  private func adapted(_ text: String, _ adapter: AdapterConfiguration) throws -> any LanguageModel {
    let model = try configuration(text).makeModel(seed: 1)
    try model.attach(adapter, seed: 2)
    var generator = Generator(seed: 3)
    for named in model.trainedParameters {
      let noise = generator.normal(named.shape, deviation: 0.2).elements
      let values = named.value.elements
      if named.name.contains("lora_B") { named.mutableBuffer.assign(noise) }
      if named.name.contains("magnitude") {
        named.mutableBuffer.assign(zip(values, noise).map { $0 * (1 + $1) })
      }
    }
    return model
  }

  private func logits(_ model: any LanguageModel) -> [Float] {
    model.logits(tokens, shape: [1, 10], layout: layout).elements
  }

  private func expectEqual(_ one: [Float], _ other: [Float], within bound: Float, _ what: String) {
    let worst = zip(one, other).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? .infinity
    #expect(one.count == other.count && worst <= bound, "\(what): \(worst)")
  }

  @Test(arguments: texts, [false, true]) func aFreshAdapterChangesNothing(_ text: String, _ hasMagnitudes: Bool) throws
  {
    let model = try configuration(text).makeModel(seed: 1)
    let before = logits(model)
    try model.attach(adapter("{\"r\": 3, \"use_dora\": \(hasMagnitudes)}"), seed: 2)
    if hasMagnitudes {
      expectEqual(logits(model), before, within: 1e-6, "logits")
    } else {
      #expect(logits(model) == before)
    }
    #expect(model.namedParameters.allSatisfy { !$0.parameter.isTrained })
    #expect(
      Set(model.parameters.filter(\.isTrained).map { ObjectIdentifier($0) })
        == Set(model.trainedParameters.map { ObjectIdentifier($0.parameter) }))
  }

  /// Names as PEFT has them behind `base_model.model.`, and shapes as PyTorch has them.
  @Test func namesAndShapesArePEFTs() throws {
    func parameters(_ text: String, _ keys: String) throws -> [String: [Int]] {
      let model = try configuration(text).makeModel(seed: 1)
      try model.attach(adapter(keys), seed: 2)
      return Dictionary(uniqueKeysWithValues: model.trainedParameters.map { ($0.name, $0.shape.dimensions) })
    }
    let llama = try parameters(Self.texts[0], #"{"r": 3, "target_modules": ["q_proj", "v_proj"], "use_dora": true}"#)
    #expect(llama.count == 12)
    #expect(llama["model.layers.1.self_attn.q_proj.lora_A.weight"] == [3, 16])
    #expect(llama["model.layers.1.self_attn.v_proj.lora_B.weight"] == [8, 3])
    #expect(llama["model.layers.0.self_attn.v_proj.lora_magnitude_vector"] == [8])
    let all = try parameters(Self.texts[0], "{}")
    #expect(all.count == 2 * 7 * 2 && all["model.layers.0.mlp.down_proj.lora_A.weight"] == [8, 24])
    let one = try parameters(Self.texts[0], #"{"target_modules": "model\\.layers\\.1\\..*\\.(k|o)_proj"}"#)
    #expect(
      Set(one.keys)
        == Set(
          ["k", "o"].flatMap { name in
            ["A", "B"].map { "model.layers.1.self_attn.\(name)_proj.lora_\($0).weight" }
          }))
    let phi3 = try parameters(
      Self.texts[1], #"{"r": 2, "target_modules": ["qkv_proj"], "modules_to_save": ["lm_head"]}"#)
    #expect(phi3["model.layers.0.self_attn.qkv_proj.lora_B.weight"] == [32, 2] && phi3["lm_head.weight"] == [11, 16])
    // PEFT saves every module whose name ends in the word, after a dot or not.
    let norms = try parameters(Self.texts[0], #"{"target_modules": ["q_proj"], "modules_to_save": ["norm"]}"#)
    #expect(norms.keys.filter { $0.hasSuffix("norm.weight") }.count == 5)
    let gpt2 = try parameters(Self.texts[2], #"{"r": 2, "target_modules": ["c_attn"]}"#)
    #expect(gpt2["transformer.h.0.attn.c_attn.lora_A.weight"] == [2, 16])
    #expect(gpt2["transformer.h.0.attn.c_attn.lora_B.weight"] == [48, 2])
  }

  /// LoRA, rsLoRA and DoRA are the model whose weights are W + s B A, or m (W + s B A) / |W + s B A|: in its logits and, by the
  /// chain rule from the gradient of those weights, in every gradient.
  @Test(
    arguments: texts,
    [
      #"{"r": 3, "lora_alpha": 5}"#, #"{"r": 3, "use_rslora": true}"#, #"{"r": 2, "use_dora": true}"#,
      #"{"r": 3, "use_dora": true, "target_modules": ["q_proj", "up_proj", "qkv_proj", "c_attn", "c_proj"]}"#,
    ])
  func theMergedModelIsTheTwin(_ text: String, _ keys: String) throws {
    let targets =
      text.contains("phi3")
      ? "\"qkv_proj\"" : text.contains("gpt2") ? "\"c_attn\", \"c_proj\"" : "\"q_proj\", \"up_proj\""
    try expectTwin(
      text, adapter(keys.replacing(#""q_proj", "up_proj", "qkv_proj", "c_attn", "c_proj""#, with: targets)))
  }

  @Test(arguments: [
    #"{"r": 3, "lora_alpha": 5, "target_modules": ["qkv_proj", "lm_head"]}"#,
    #"{"r": 2, "use_dora": true, "target_modules": ["lm_head"]}"#,
  ])
  func theHeadIsAdaptedAsAnyLayer(_ keys: String) throws { try expectTwin(Self.texts[1], adapter(keys)) }

  private func expectTwin(_ text: String, _ settings: AdapterConfiguration) throws {
    let (model, merged) = (try adapted(text, settings), try adapted(text, settings))
    let names = merged.trainedParameters
    try merged.mergeAdapters()
    #expect(merged.trainedParameters.map(\.name) == merged.namedParameters.map(\.name))
    expectEqual(logits(model), logits(merged), within: 1e-5, "logits")

    func gradients(_ model: any LanguageModel, recompute: Bool = false) -> Gradients {
      valueAndGradients(of: model.parameters) {
        let hidden = model.hiddenStates(
          tokens, shape: [1, 10], attention: .sequences(layout), recompute: recompute)
        return model.head.crossEntropy(hidden, targets: [1, 4, 1, 5, 9, 2, 6, 5, 3, 5])
      }.gradients
    }
    let (own, dense) = (gradients(model), gradients(merged))
    let recomputed = gradients(model, recompute: true)
    let base = try configuration(text).makeModel(seed: 1)
    func table(_ parameters: [NamedParameter]) -> [String: NamedParameter] {
      Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0) })
    }
    let (parts, weights, before) = (table(names), table(merged.namedParameters), table(base.namedParameters))
    for layer in Set(model.trainedParameters.map { split($0.name).layer }) {
      let (weight, up) = (weights["\(layer).weight"]!, parts["\(layer).lora_B.weight"]!)
      let twin = Twin(
        weight: before["\(layer).weight"]!.value.elements,
        gradient: weight.part(of: try #require(dense[weight.parameter])).elements, isTransposed: text.contains("gpt2"),
        a: parts["\(layer).lora_A.weight"]!.value.elements, b: up.value.elements, outputs: up.shape[0],
        magnitude: parts["\(layer).lora_magnitude_vector"]?.value.elements, scale: settings.scale)
      for named in model.trainedParameters where split(named.name).layer == layer {
        let found = named.part(of: try #require(own[named.parameter])).elements
        #expect(found == named.part(of: try #require(recomputed[named.parameter])).elements)
        expectEqual(found, twin.gradient(of: split(named.name).kind), within: 2e-5, named.name)
      }
    }
  }

  private func split(_ name: String) -> (layer: String, kind: String) {
    let parts = name.replacing(".weight", with: "").split(separator: ".")
    return (parts.dropLast().joined(separator: "."), String(parts.last!))
  }

  /// The gradients of the parts of an adapter, in Double, from the gradient G of the merged weight f V with V = W + s B A and
  /// f = m / |V|, the norm of each row held fixed; f = 1 without magnitudes.
  private struct Twin {
    let a, b, v, g: [Double]
    let outputs, inputs, rank: Int
    let scale: Double
    let magnitude: [Float]?

    init(
      weight: [Float], gradient: [Float], isTransposed: Bool, a: [Float], b: [Float], outputs: Int, magnitude: [Float]?,
      scale: Double
    ) {
      let (inputs, rank) = (weight.count / outputs, b.count / outputs)
      func rows(_ values: [Float]) -> [Double] {
        values.indices.map { Double(values[isTransposed ? $0 % inputs * outputs + $0 / inputs : $0]) }
      }
      var v = rows(weight)
      for i in 0..<outputs {
        for j in 0..<inputs {
          for k in 0..<rank { v[i * inputs + j] += scale * Double(b[i * rank + k]) * Double(a[k * inputs + j]) }
        }
      }
      (self.a, self.b, self.v, g) = (a.map { Double($0) }, b.map { Double($0) }, v, rows(gradient))
      (self.outputs, self.inputs, self.rank, self.scale, self.magnitude) = (outputs, inputs, rank, scale, magnitude)
    }

    private func sum(_ count: Int, _ term: (Int) -> Double) -> Double { (0..<count).reduce(0) { $0 + term($1) } }

    private func norm(_ i: Int) -> Double { sum(inputs) { v[i * inputs + $0] * v[i * inputs + $0] }.squareRoot() }

    /// dL/dV.
    private var dv: [Double] {
      let factors = (0..<outputs).map { i in magnitude.map { Double($0[i]) / norm(i) } ?? 1 }
      return g.indices.map { g[$0] * factors[$0 / inputs] }
    }

    func gradient(of kind: String) -> [Float] {
      let dv = dv
      switch kind {
      case "lora_A":
        return (0..<rank * inputs).map { place in
          let (k, j) = (place / inputs, place % inputs)
          return Float(sum(outputs) { scale * b[$0 * rank + k] * dv[$0 * inputs + j] })
        }
      case "lora_B":
        return (0..<outputs * rank).map { place in
          let (i, k) = (place / rank, place % rank)
          return Float(sum(inputs) { scale * dv[i * inputs + $0] * a[k * inputs + $0] })
        }
      default:
        return (0..<outputs).map { i in Float(sum(inputs) { g[i * inputs + $0] * v[i * inputs + $0] } / norm(i)) }
      }
    }
  }
}

extension AdapterTests {
  private func configuration(_ text: String) throws -> any ModelConfiguration {
    let description = try ModelDescription(configuration: text, source: "config.json")
    return description.configuration(vocabularySize: description.vocabularySize!)
  }

  @Test func theBaseIsTheModelWithoutItsAdapters() throws {
    let settings = try adapter("{\"r\": 3, \"lora_dropout\": 0.5}")
    let base = try logits(configuration(Self.texts[0]).makeModel(seed: 1))
    let model = try configuration(Self.texts[0]).makeModel(seed: 1)
    let state = try model.attach(settings, seed: 2)
    for named in model.trainedParameters where named.name.contains("lora_B") {
      named.mutableBuffer.assign(Array(repeating: 0.1, count: named.shape.count))
    }
    #expect(logits(model) != base && logits(BaseModel(of: model, state)) == base && state.isOn)
    // Dropout is for training: a function of the step's seed.
    let without = logits(model)
    state.dropoutSeed = 5
    let dropped = logits(model)
    #expect(dropped != without && logits(model) == dropped)
    state.dropoutSeed = 6
    #expect(logits(model) != dropped)
    state.dropoutSeed = nil
    #expect(logits(model) == without)
  }

  @Test(arguments: [
    (#"{"r": 0}"#, "\"r\" must be an integer >= 1"), (#"{"target_modules": ["query"]}"#, "matches no linear layer"),
    (#"{"target_modules": ["q_proj", "qkv_proj"]}"#, "matches no linear layer"),
    (#"{"target_modules": "(("}"#, "no regular expression"),
    (#"{"target_modules": "q_proj"}"#, "a list, [\"q_proj\"], has their ends"),
    (#"{"target_modules": []}"#, "\"target_modules\" must be"),
    (#"{"modules_to_save": ["classifier"]}"#, "names no module"),
    (#"{"modules_to_save": ["mlp"]}"#, "holds others"),
    (#"{"modules_to_save": ["embed_tokens"]}"#, "is the head, too"),
    (#"{"modules_to_save": ["lm_head"]}"#, "\"ensure_weight_tying\": true"),
    (#"{"target_modules": ["lm_head"], "ensure_weight_tying": true}"#, "would be adapted with it"),
    (#"{"modules_to_save": ["q_proj"]}"#, "trained whole"),
    (#"{"bias": "all"}"#, "\"bias\" must be"), (#"{"peft_type": "IA3"}"#, "\"peft_type\" must be"),
    (#"{"rank_pattern": {"q_proj": 0}}"#, "\"rank_pattern\" must be"),
    (#"{"rank_pattern": {"query": 4}}"#, "rank_pattern matches no layer"),
    (#"{"alpha_pattern": {"((": 4}}"#, "\"alpha_pattern\" must be"),
    (#"{"layers_to_transform": [0]}"#, "needs a list of names"), (#"{"layers_pattern": "h"}"#, "needs \"layers_to"),
    (#"{"target_modules": ["q_proj"], "layers_to_transform": 7}"#, "no layer is left to adapt"),
    (#"{"target_modules": ["q_proj"], "layers_to_transform": [0, -1]}"#, "\"layers_to_transform\" must be"),
    (#"{"target_modules": ["q_proj"], "layers_to_transform": "last"}"#, "\"layers_to_transform\" must be"),
    (#"{"target_modules": ["q_proj"], "modules_to_save": ["q_proj"]}"#, "no layer is left to adapt"),
    (#"{"init_lora_weights": false}"#, "no adapter begins with"),
    (#"{"task_type": "SEQ_CLS"}"#, "\"task_type\" must be"),
    (#"{"use_mora": true}"#, "use_mora"),
    (#"{"init_lora_weights": "olora"}"#, "init_lora_weights"),
  ])
  func whatCannotBeAdaptedIsRefused(_ keys: String, _ words: String) throws {
    let error = #expect(throws: Failure.self) {
      try configuration(Self.texts[0]).makeModel(seed: 1).attach(adapter(keys), seed: 1)
    }
    #expect(error.map { "\($0)".contains(words) } == true, "\(error.map { "\($0)" } ?? "")")
  }

  /// A configuration as PEFT 0.2 wrote it.
  @Test func aConfigurationOfTheFirstPEFTIsRead() throws {
    let text = #"""
      {"base_model_name_or_path": "b", "bias": "none", "enable_lora": null, "fan_in_fan_out": false, "inference_mode": true,
       "lora_alpha": 16, "lora_dropout": 0.05, "merge_weights": false, "modules_to_save": null, "peft_type": "LORA", "r": 16,
       "target_modules": ["q_proj", "v_proj"], "task_type": "CAUSAL_LM"}
      """#
    #expect(try adapter(text).targets == .names(["q_proj", "v_proj"]))
    #expect(throws: Failure.self) { _ = try adapter(#"{"merge_weights": true}"#) }
  }

  /// A configuration as PEFT 0.17 writes it.
  @Test func aConfigurationOfPEFTIsRead() throws {
    let text = #"""
      {"alpha_pattern": {}, "auto_mapping": null, "base_model_name_or_path": "HuggingFaceTB/SmolLM2-135M", "bias": "none",
       "corda_config": null, "eva_config": null, "exclude_modules": null, "fan_in_fan_out": false, "inference_mode": true,
       "init_lora_weights": true, "layer_replication": null, "layers_pattern": null, "layers_to_transform": null,
       "loftq_config": {}, "lora_alpha": 32, "lora_bias": false, "lora_dropout": 0.05, "megatron_config": null,
       "megatron_core": "megatron.core", "modules_to_save": null, "peft_type": "LORA", "qalora_group_size": 16, "r": 16,
       "rank_pattern": {}, "revision": null, "target_modules": ["v_proj", "q_proj"], "target_parameters": null,
       "task_type": "CAUSAL_LM", "trainable_token_indices": null, "use_dora": false, "use_qalora": false, "use_rslora": true}
      """#
    let configuration = try adapter(text)
    #expect(configuration.rank == 16 && configuration.scale == 8 && configuration.dropout == 0.05)
    #expect(configuration.targets == .names(["v_proj", "q_proj"]) && configuration.savedModules.isEmpty)
    #expect(try adapter(configuration.json(base: "b").serialized()) == configuration)
  }
}
