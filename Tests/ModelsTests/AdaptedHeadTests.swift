import Autograd
import Files
import Foundation
import Kernels
import Models
import Support
import Testing

/// Adapters of the head, of its own or tied to the embedding.
@Suite struct AdaptedHeadTests {
  private let tokens: [Int32] = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]
  private let targets: [Int32] = [1, 4, -1, 5, 9, 2, 6, -1, 3, 5]
  private let layout = SequenceLayout(rows: 1, columns: 10)

  /// A model with an adapter of the head whose updates are not zero.
  private func adapted(_ text: String, _ keys: String) throws -> any LanguageModel {
    let decoder = SettingsDecoder(source: "adapter", area: .model)
    let settings = decoder.read(try JSONValue.parse(Array(keys.utf8), source: "adapter", area: .model)) {
      AdapterConfiguration(from: &$0)
    }
    if let failure = decoder.failure { throw failure }
    let description = try ModelDescription(configuration: text, source: "config.json")
    let model = description.configuration(vocabularySize: description.vocabularySize!).makeModel(seed: 1)
    try model.attach(settings, seed: 2)
    var generator = Generator(seed: 3)
    for named in model.trainedParameters {
      let noise = generator.normal(named.shape, deviation: 0.2).elements
      named.mutableBuffer.assign(zip(named.value.elements, noise).map { $0 + $1 })
    }
    return model
  }

  /// The losses take the head as one product; the logits as a layer with its adapter.
  @Test(
    arguments: AdapterTests.texts,
    [
      #""r": 3"#, #""r": 3, "lora_dropout": 0.5"#, #""r": 2, "use_dora": true"#,
      #""r": 2, "use_dora": true, "lora_dropout": 0.3"#, #""r": 2, "init_lora_weights": "pissa""#,
      #""r": 2, "use_dora": true, "init_lora_weights": "pissa", "lora_dropout": 0.3"#,
    ])
  func lossesAreThoseOfTheLogits(_ text: String, _ keys: String) throws {
    let model = try adapted(text, #"{"target_modules": ["lm_head"], \#(keys)}"#)
    model.adapterSwitch!.dropoutSeed = 7
    let logits = model.logits(tokens, shape: [1, 10], layout: layout).elements
    let hidden = model.hiddenStates(tokens, shape: [1, 10], attention: .sequences(layout), recompute: false)
    let found = model.head.logProbabilities(hidden, targets: targets).elements
    var sum = 0.0
    for (row, target) in targets.enumerated() where target >= 0 {
      let values = logits[row * 11..<(row + 1) * 11].map { Double($0) }
      let expected = values[Int(target)] - log(values.reduce(0) { $0 + exp($1) })
      #expect(abs(Double(found[row]) - expected) < 1e-5, "\(row): \(found[row]), expected \(expected)")
      sum -= expected
    }
    #expect(abs(Double(model.head.crossEntropy(hidden, targets: targets).scalar) - sum) < 1e-4)
    #expect(model.head.scores(hidden, targets: targets).logProbabilities == found.filter { $0 != 0 })
    // Without its adapter the head is the base's.
    model.adapterSwitch!.isOn = false
    #expect(model.head.logProbabilities(hidden, targets: targets).elements != found)
  }

  /// The embedding stays the base's; merged, the update would change it.
  @Test func aTiedHeadIsNotMerged() throws {
    let model = try adapted(AdapterTests.texts[0], #"{"target_modules": ["lm_head", "q_proj"]}"#)
    #expect(model.trainedParameters.map(\.name).contains("lm_head.lora_A.weight"))
    let before = model.head.weight.value.elements
    let error = #expect(throws: Failure.self) { try model.mergeAdapters() }
    #expect(error?.notes.contains { $0.contains("--to peft") } == true)
    #expect(model.head.weight.value.elements == before)
  }

  /// An embedding that is the head, too, is trained once, whatever name it has.
  @Test(arguments: [#"["embed_tokens"]"#, #"["lm_head"]"#, #"["embed_tokens", "lm_head"]"#])
  func aTiedEmbeddingIsTrainedAsOne(_ names: String) throws {
    let model = try adapted(
      AdapterTests.texts[0],
      #"{"target_modules": ["q_proj"], "modules_to_save": \#(names), "ensure_weight_tying": true}"#)
    let saved = model.trainedParameters.filter { !$0.name.contains("lora_") }
    #expect(saved.map(\.name) == ["model.embed_tokens.weight"])
    #expect(model.headCopies.map(\.name) == ["lm_head.weight"])
  }
}
