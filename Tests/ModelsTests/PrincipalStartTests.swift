import Autograd
import Files
import Kernels
import Models
import Support
import Testing

/// Adapters that begin as the principal part of the weights (PiSSA).
@Suite struct PrincipalStartTests {
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

  private func model(_ text: String) throws -> any LanguageModel {
    let description = try ModelDescription(configuration: text, source: "config.json")
    return description.configuration(vocabularySize: description.vocabularySize!).makeModel(seed: 1)
  }

  private func logits(_ model: any LanguageModel) -> [Float] {
    model.logits(tokens, shape: [1, 10], layout: layout).elements
  }

  private func table(_ parameters: [NamedParameter]) -> [String: NamedParameter] {
    Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0) })
  }

  private func expectEqual(_ one: [Float], _ other: [Float], within bound: Float = 1e-5, _ what: String) {
    let worst = zip(one, other).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? .infinity
    #expect(one.count == other.count && worst <= bound, "\(what): \(worst)")
  }

  /// s B A is the part of W with its largest singular values, and the model is what it was.
  @Test(arguments: AdapterTests.texts, ["", #", "use_rslora": true"#, #", "use_dora": true"#])
  func updatesBeginAsThePrincipalPart(_ text: String, _ more: String) throws {
    let model = try model(text)
    let (before, weights) = (logits(model), table(model.namedParameters))
    let settings = try adapter(#"{"r": 3, "lora_alpha": 5, "init_lora_weights": "pissa"\#(more)}"#)
    try model.attach(settings, seed: 2)
    expectEqual(logits(model), before, "logits")
    #expect(model.namedParameters.allSatisfy { !$0.parameter.isTrained })
    let (parts, origins) = (table(model.trainedParameters), table(model.originalUpdates))
    #expect(origins.count == parts.keys.count { !$0.contains("magnitude") } && !origins.isEmpty)
    for (name, origin) in origins {
      #expect(origin.value.elements == parts[name]!.value.elements)
      #expect(!origin.parameter.isTrained && origin.parameter !== parts[name]!.parameter)
    }
    for name in parts.keys where name.hasSuffix("lora_B.weight") {
      let weight = weights[name.replacing("lora_B.weight", with: "weight")]!
      let (a, b) = (parts[name.replacing("lora_B", with: "lora_A")]!, parts[name]!)
      let (outputs, inputs) = (b.shape[0], a.shape[1])
      var values = weight.value.elements
      if text.contains("gpt2") {
        values = (0..<outputs * inputs).map { values[$0 % inputs * outputs + $0 / inputs] }
      }
      let change = linear(b.value, a.value, layout: .inputsByOutputs).elements.map { $0 * Float(settings.scale) }
      let rest = try SingularValues(zip(values, change).map { $0 - $1 }, rows: outputs, columns: inputs)
      let whole = try SingularValues(values, rows: outputs, columns: inputs)
      expectEqual(
        rest.values.dropLast(3) + [0, 0, 0], whole.values.dropFirst(3) + [0, 0, 0], within: 1e-5, "\(name)")
    }
  }

  /// What `train validate` and `train plan` ask finds a rank that no run can begin with.
  @Test func aRankThatAMatrixHasNotIsFoundWithoutItsWeights() throws {
    let model = try model(AdapterTests.texts[0])
    for (keys, isRight) in [("", true), (#", "rank_pattern": {"1.self_attn.k_proj": 9}"#, false)] {
      let settings = try adapter(#"{"r": 8, "init_lora_weights": "pissa"\#(keys)}"#)
      let failure = refusal { _ = try model.adapterSizes(with: settings) }
      #expect((failure == nil) == isRight, "\(failure as Any)")
      #expect(isRight || failure?.place == "model.layers.1.self_attn.k_proj")
    }
  }

  /// As PEFT has it: a plain adapter of a model whose weights are W - s B0 A0, in its logits and in every gradient, also where
  /// inputs are dropped. Without its adapter the model is what it was, and merged or with plain updates of twice the rank it
  /// computes the same.
  @Test(
    arguments: AdapterTests.texts,
    [
      #""use_rslora": true"#, #""lora_dropout": 0.3"#, #""use_dora": true"#,
      #""use_dora": true, "lora_dropout": 0.3"#,
    ])
  func theTwinHasTheResidualForItsBase(_ text: String, _ more: String) throws {
    let settings = try adapter("{\"r\": 3, \"lora_alpha\": 5, \"init_lora_weights\": \"pissa\", \(more)}")
    let plain = try adapter("{\"r\": 3, \"lora_alpha\": 5, \(more)}")
    let (model, twin) = (try model(text), try model(text))
    let before = logits(model)
    let state = try model.attach(settings, seed: 2)
    let (origins, weights) = (table(model.originalUpdates), table(twin.namedParameters))
    for name in origins.keys where name.hasSuffix("lora_B.weight") {
      let weight = weights[name.replacing("lora_B.weight", with: "weight")]!
      let (a, b) = (origins[name.replacing("lora_B", with: "lora_A")]!, origins[name]!)
      let (outputs, inputs) = (b.shape[0], a.shape[1])
      let change = linear(b.value, a.value, layout: .inputsByOutputs).elements
      let isTransposed = text.contains("gpt2")
      weight.mutableBuffer.assign(
        weight.value.elements.indices.map { place in
          let own = isTransposed ? place % outputs * inputs + place / outputs : place
          return weight.value.elements[place] - Float(settings.scale) * change[own]
        })
    }
    let other = try twin.attach(plain, seed: 2)
    var generator = Generator(seed: 3)
    for (named, copy) in zip(model.trainedParameters, twin.trainedParameters) {
      #expect(named.name == copy.name)
      let noise = generator.normal(named.shape, deviation: 0.1).elements
      named.mutableBuffer.assign(zip(named.value.elements, noise).map { $0 + $1 })
      copy.mutableBuffer.assign(named.value.elements)
    }
    expectEqual(logits(model), logits(twin), "logits")
    (state.dropoutSeed, other.dropoutSeed) = (7, 7)
    func gradients(_ model: any LanguageModel) -> Gradients {
      valueAndGradients(of: model.parameters) {
        let hidden = model.hiddenStates(tokens, shape: [1, 10], attention: .sequences(layout), recompute: false)
        return headCrossEntropy(hidden, model.head.weight.tensor, targets: [1, 4, 1, 5, 9, 2, 6, 5, 3, 5])
      }.gradients
    }
    let (own, theirs) = (gradients(model), gradients(twin))
    for (named, copy) in zip(model.trainedParameters, twin.trainedParameters) {
      expectEqual(
        named.part(of: try #require(own[named.parameter])).elements,
        copy.part(of: try #require(theirs[copy.parameter])).elements, named.name)
    }
    (state.dropoutSeed, other.dropoutSeed) = (nil, nil)
    #expect(logits(BaseModel(of: model, state)) == before)
    let trained = logits(model)
    let converted = try model.makeUpdatesPlain(settings)
    #expect(converted.rank == 6 && converted.scale == settings.scale && model.originalUpdates.isEmpty)
    expectEqual(logits(model), trained, "plain")
    try model.mergeAdapters()
    expectEqual(logits(model), trained, "merged")
  }

  @Test func aRankThatAMatrixHasNotIsRefused() throws {
    let settings = try adapter(#"{"r": 9, "init_lora_weights": "pissa", "target_modules": ["k_proj"]}"#)
    let failure = try #require(refusal { try model(AdapterTests.texts[0]).attach(settings, seed: 1) })
    #expect(failure.description.contains("it has 8, r is 9") && failure.description.contains("k_proj"))
  }
}
