import Autograd
import Corpus
import Files
import Foundation
import Kernels
import ModelFiles
import Models
import Support
import Testing
import Training

/// Adapters in folders that PEFT wrote, and twenty steps of AdamW on them, against what PEFT computed in float64.
@Suite struct RecordedAdapterTests {
  private static let bases = ["llama-untied-grouped", "qwen3", "phi3-window", "gpt2", "gpt-neox"]
  private static let recorded =
    bases.flatMap { base in ["lora", "rslora", "dora"].map { (base, $0) } }
    + ["pissa", "pissa-dora", "patterns"].map { ("llama-untied-grouped", $0) }
    + ["head", "head-dora", "head-pissa"].map { ("llama-untied-grouped", $0) }
    + ["head", "head-dora", "tied"].map { ("llama-tied", $0) }
    + [("phi3-window", "pissa"), ("gpt2", "pissa"), ("gpt2", "head")]

  @Test(arguments: recorded) func twentySteps(_ base: String, _ kind: String) throws {
    let fixture = try ModelFixture(base)
    let folder = fixtureFolder.appendingPathComponent("adapters/\(base)-\(kind)", isDirectory: true)
    let path = folder.appendingPathComponent("reference.json").path
    let record = try JSONValue.parse(ReadableFile.contents(of: path, area: .data), source: path, area: .data)
    let rate = try #require(record["optimizer"]?["lr"]?.double)
    let decay = try #require(record["optimizer"]?["weight_decay"]?.double)
    let losses = try #require(record["losses"]?.array).compactMap(\.double)
    #expect(losses.count == 20)

    let stored = try PEFTFolder.open(folder.path, base: fixture.folder.path)
    let model = try stored.adaptedModel(try #require(stored.adapter))
    try takeRecordedStart(model)
    let trainer = Trainer(
      model, objective: NextToken(), optimizer: AdamWSettings(weightDecay: decay), maximumNorm: .infinity)
    let (rows, columns) = (fixture.tokens.shape[0], fixture.tokens.shape[1])
    let layout = SequenceLayout(rows: rows, columns: columns)
    let batch = Batch(layout, tokens: fixture.tokens.int32s, targets: fixture.targets.int32s)
    for (step, expected) in losses.enumerated() {
      let report = try #require(try trainer.step([batch], learningRate: rate))
      #expect(abs(report.loss - expected) < 1e-5, "step \(step + 1): \(report.loss), expected \(expected)")
    }

    let recorded = try TensorFile(folder.appendingPathComponent("reference.safetensors"))
    // PEFT repeats the head of the base, and an embedding as the head that it is.
    let copies = model.headCopies.map(\.name)
    let weights = try recorded.arrays(prefix: "after.base_model.model.").filter { !copies.contains($0.key) }
    #expect(Set(model.trainedParameters.map(\.name)) == Set(weights.keys))
    for named in model.trainedParameters {
      let problem = mismatch(named.value.elements, try #require(weights[named.name]), within: .frobenius(1e-4))
      #expect(problem == nil, "\(named.name): \(problem ?? "")")
    }
    let logits = model.logits(fixture.tokens.int32s, shape: [rows, columns], layout: layout).elements
    #expect(mismatch(logits, try recorded.array("logits"), within: .scaled(relative: 1e-4, scaled: 1e-4)) == nil)
  }

  /// The parts that were taken out of the base are those that PEFT took, to rounding, which is larger where the last value that is
  /// taken is close to the next. Adam makes steps out of the rounding of
  /// gradients that are almost zero, so that twenty of them are compared from the same ones.
  private func takeRecordedStart(_ model: any LanguageModel) throws {
    let recorded = Dictionary(uniqueKeysWithValues: model.trainedParameters.map { ($0.name, $0.value) })
    for own in model.originalUpdates where own.name.hasSuffix("lora_B.weight") {
      let name = own.name.replacing("lora_B", with: "lora_A")
      let down = try #require(model.originalUpdates.first { $0.name == name })
      let (a, b) = (try #require(recorded[name]), try #require(recorded[own.name]))
      let found = linear(own.value, down.value, layout: .inputsByOutputs).elements
      let expected = linear(b, a, layout: .inputsByOutputs).elements
      let difference = zip(found, expected).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
      let size = expected.reduce(0.0) { $0 + Double($1) * Double($1) }
      #expect(difference <= 1e-8 * size, "\(own.name): \((difference / size).squareRoot())")
      down.mutableBuffer.assign(a.elements)
      own.mutableBuffer.assign(b.elements)
    }
  }
}
