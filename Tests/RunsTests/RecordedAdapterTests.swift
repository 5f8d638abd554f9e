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
  @Test(
    arguments: ["llama-untied-grouped", "qwen3", "phi3-window", "gpt2", "gpt-neox"], ["lora", "rslora", "dora"])
  func twentySteps(_ base: String, _ kind: String) throws {
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
    let weights = try recorded.arrays(prefix: "after.base_model.model.")
    #expect(Set(model.trainedParameters.map(\.name)) == Set(weights.keys))
    for named in model.trainedParameters {
      let problem = mismatch(named.value.elements, try #require(weights[named.name]), within: .frobenius(1e-4))
      #expect(problem == nil, "\(named.name): \(problem ?? "")")
    }
    let logits = model.logits(fixture.tokens.int32s, shape: [rows, columns], layout: layout).elements
    #expect(mismatch(logits, try recorded.array("logits"), within: .scaled(relative: 1e-4, scaled: 1e-4)) == nil)
  }
}
