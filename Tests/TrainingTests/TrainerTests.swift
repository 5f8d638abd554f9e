import Autograd
import Corpus
import Files
import Models
import Support
import Synchronization
import Testing
import Training

@Suite(.serialized) struct TrainerTests {
  /// (10 tokens with mean 2.0, 90 tokens with mean 1.0): (20 + 90) / 100 = 1.1, where the mean of the means is 1.5.
  @Test func theMeanIsOverTheTokensOfTheWholeStep() throws {
    let objective = FixedMeans()
    let trainer = Trainer(
      try ModelFixture("llama-tied").model(), objective: objective, optimizer: AdamWSettings(), maximumNorm: 1)
    func row(trained: Int) -> [Int32] { (0..<100).map { $0 < trained ? 1 : -1 } }
    let batch = Batch(
      rows: 2, columns: 100, tokens: Array(repeating: 0, count: 200), targets: row(trained: 10) + row(trained: 90),
      positions: Array(repeating: 0, count: 200), documentStarts: Array(repeating: 0, count: 200))
    let report = try #require(try trainer.step(batch, rowsAtOnce: 1, learningRate: 0))
    #expect(report.loss == 1.1)
    #expect(abs(objective.differentiated.value.withLock { $0 } - 1.1) < 1e-7)
  }

  @Test func whatIsNotFiniteIsNamedAndChangesNothing() throws {
    let fixture = try ModelFixture("llama-tied")
    let model = try fixture.model()
    let named = try #require(model.namedParameters.first { $0.name == "model.layers.0.mlp.up_proj.weight" })
    named.value.pointer[3] = .nan
    let trainer = Trainer(model, objective: NextToken(), optimizer: AdamWSettings(), maximumNorm: 1)
    let before = model.parameters.map { $0.value.elements.map(\.bitPattern) }
    let failure = try #require(throws: Failure.self) {
      _ = try trainer.step(fixture.batch, rowsAtOnce: 1, learningRate: 1)
    }
    #expect(failure.exitCode == 7)
    #expect(failure.place == "step 1")
    #expect(failure.notes.contains { $0.hasPrefix("first in operation \"") }, "\(failure)")
    #expect(failure.notes.contains("parameter \"\(named.name)\" is not finite"), "\(failure)")
    #expect(model.parameters.map { $0.value.elements.map(\.bitPattern) } == before)
    #expect(trainer.optimizer.stepCount == 0)
  }

  @Test func aStopBetweenMicroBatchesDropsTheStep() throws {
    let fixture = try ModelFixture("gpt2")
    let model = try fixture.model()
    let trainer = Trainer(model, objective: NextToken(), optimizer: AdamWSettings(), maximumNorm: 1)
    let before = model.parameters.map(\.value.elements)
    var asked = 0
    let report = try trainer.step(fixture.batch, rowsAtOnce: 1, learningRate: 1) {
      asked += 1
      return asked == 2
    }
    #expect(report == nil)
    #expect(model.parameters.map(\.value.elements) == before)
    #expect(trainer.optimizer.stepCount == 0)
  }
}

/// A loss that is known: a mean of 2 over a micro-batch of 10 tokens, of 1 over any other.
private struct FixedMeans: Objective {
  static let name = "fixed_means"
  static let task = Recipe.Task.pretrain

  final class Sum: Sendable { let value = Mutex(0.0) }
  /// The sum of the scaled losses.
  let differentiated = Sum()

  init(from section: inout SettingsSection) {}
  init() {}

  func weight(of batch: Batch) -> Double { Double(batch.weight) }

  func loss(
    _ model: any LanguageModel, _ batch: Batch, scale: Float, recompute: Bool, measures: inout Measures
  ) -> Tensor {
    let sum = Double(batch.weight) * (batch.weight == 10 ? 2 : 1)
    measures.add("loss", sum, weight: Double(batch.weight))
    differentiated.value.withLock { $0 += sum * Double(scale) }
    var others = Measures()
    return NextToken().loss(model, batch, scale: scale, recompute: recompute, measures: &others)
  }
}
