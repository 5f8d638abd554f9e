import Autograd
import Corpus
import Files
import Kernels
import Models
import Support
import Testing
import Training

@Suite(.serialized) struct TrainerTests {
  @Test(arguments: ["gpt2", "llama-untied-grouped"], ProductPrecision.allCases)
  func accumulatedMicroBatchesAreOneBigBatch(_ name: String, _ precision: ProductPrecision) throws {
    let fixture = try ModelFixture(name)
    let batch = unevenBatch(vocabulary: try fixture.model().vocabularySize)
    let whole = try gradients(fixture, batch, rowsAtOnce: 4, precision)
    for rowsAtOnce in 1...3 {
      let parts = try gradients(fixture, batch, rowsAtOnce: rowsAtOnce, precision)
      #expect(abs(parts.report.loss / whole.report.loss - 1) < 1e-6)
      #expect(abs(parts.report.gradientNorm / whole.report.gradientNorm - 1) < 1e-5)
      for (part, expected) in zip(parts.tensors, whole.tensors) {
        #expect(relativeFrobenius(part, expected.map(Double.init)) < 1e-5)
      }
    }
  }

  /// (10 tokens with mean 2.0, 90 tokens with mean 1.0): (20 + 90) / 100 = 1.1, where the mean of the means is 1.5.
  @Test func theMeanIsOverTheTokensOfTheWholeStep() throws {
    let model = try ModelFixture("llama-tied").model()
    let trainer = Trainer(model, objective: FixedMeans(), optimizer: AdamWSettings(), maximumNorm: 1)
    func row(trained: Int) -> [Int32] { (0..<100).map { $0 < trained ? 1 : -1 } }
    let batch = Batch(
      SequenceLayout(rows: 2, columns: 100), tokens: Array(repeating: 0, count: 200),
      targets: row(trained: 10) + row(trained: 90))
    let report = try #require(try trainer.step(batch.split(rowsAtOnce: 1), learningRate: 0))
    #expect(report.loss == 1.1)
    let slope = report.gradientNorm / Double(model.head.weight.shape.count).squareRoot()
    #expect(abs(slope - 1.1) < 1e-6)
  }

  @Test func aStepWithNothingToLearnChangesNothing() throws {
    let fixture = try ModelFixture("gpt2")
    let model = try fixture.model()
    let trainer = Trainer(model, objective: NextToken(), optimizer: AdamWSettings(), maximumNorm: 1)
    let batch = fixture.batch
    let masked = Batch(
      batch.layout, tokens: batch.tokens, targets: Array(repeating: -1, count: batch.targets.count))
    let before = model.parameters.map(\.value.elements)
    let report = try #require(try trainer.step(masked.split(rowsAtOnce: 1), learningRate: 1))
    #expect(report.gradientNorm == 0)
    #expect(model.parameters.map(\.value.elements) == before)
  }

  @Test(arguments: ModelFixture.names, ProductPrecision.allCases)
  func recomputationAndThreadsChangeNoBit(_ name: String, _ precision: ProductPrecision) throws {
    let fixture = try ModelFixture(name)
    func weights(threads: Int, recompute: Bool) throws -> [[Float]] {
      try Parallel.withThreads(threads) { try weights(recompute: recompute) }
    }
    func weights(recompute: Bool) throws -> [[Float]] {
      let model = try fixture.model()
      model.setPrecision(precision)
      let trainer = Trainer(
        model, objective: NextToken(), optimizer: AdamWSettings(weightDecay: 0.1), maximumNorm: 1,
        recompute: recompute)
      for _ in 1...3 { _ = try trainer.step(fixture.batch.split(rowsAtOnce: 1), learningRate: 1e-3) }
      return model.parameters.map(\.value.elements)
    }
    let expected = try weights(threads: 1, recompute: false)
    #expect(try weights(threads: 1, recompute: true) == expected)
    #expect(try weights(threads: 2, recompute: false) == expected)
    #expect(try weights(threads: 3, recompute: true) == expected)
  }

  @Test func whatIsNotFiniteIsNamedAndChangesNothing() throws {
    let fixture = try ModelFixture("llama-tied")
    let model = try fixture.model()
    let named = try #require(model.namedParameters.first { $0.name == "model.layers.0.mlp.up_proj.weight" })
    named.mutableBuffer[3..<4].assign([.nan])
    let trainer = Trainer(model, objective: NextToken(), optimizer: AdamWSettings(), maximumNorm: 1)
    let before = model.parameters.map { $0.value.elements.map(\.bitPattern) }
    let failure = try #require(throws: Failure.self) {
      _ = try trainer.step(fixture.batch.split(rowsAtOnce: 1), learningRate: 1)
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
    let report = try trainer.step(fixture.batch.split(rowsAtOnce: 1), learningRate: 1) {
      asked += 1
      return asked == 2
    }
    #expect(report == nil)
    #expect(model.parameters.map(\.value.elements) == before)
    #expect(trainer.optimizer.stepCount == 0)
  }

  /// A step that is skipped is counted, and that is all: the next one is what it would have been in its place.
  @Test func aSkippedStepChangesNothing() throws {
    let fixture = try ModelFixture("gpt2")
    func trained(skipping: Bool) throws -> (trainer: Trainer, reports: [Trainer.Report]) {
      let trainer = Trainer(
        try fixture.model(), objective: NextToken(), optimizer: AdamWSettings(weightDecay: 0.1), maximumNorm: 1)
      // Beside losses of nothing, any is a spike.
      let past = StepHistory(losses: Array(repeating: 0, count: 16), norms: Array(repeating: 0, count: 16))
      let reports = try (skipping ? [nil, 6, nil] : [nil, nil]).map { threshold in
        try #require(
          try trainer.step([fixture.batch], learningRate: 1e-2, past: past, skippingSpikesOver: threshold))
      }
      return (trainer, reports)
    }
    let (skipped, whole) = (try trained(skipping: true), try trained(skipping: false))
    #expect(skipped.reports.map(\.isSkipped) == [false, true, false] && skipped.reports.map(\.step) == [1, 2, 3])
    #expect(skipped.trainer.stepCount == 3 && skipped.trainer.optimizer.stepCount == 2)
    #expect(skipped.reports[1].loss == whole.reports[1].loss && skipped.reports[2].loss == whole.reports[1].loss)
    let weights = [skipped, whole].map { $0.trainer.parameters.map { $0.value.elements.map(\.bitPattern) } }
    #expect(weights[0] == weights[1])
  }

  /// Four rows with 16, 1, 0 and 7 trained tokens.
  private func unevenBatch(vocabulary: Int) -> Batch {
    let (columns, trained) = (16, [16, 1, 0, 7])
    let tokens = (0..<4 * columns).map { Int32(($0 * 37 + 11) % vocabulary) }
    let targets = tokens.indices.map { index in
      index % columns < trained[index / columns] ? (tokens[index] + 5) % Int32(vocabulary) : -1
    }
    return Batch(SequenceLayout(rows: 4, columns: columns), tokens: tokens, targets: targets)
  }

  /// The gradients of a step, which are AdamW's first moments when nothing of earlier ones is kept.
  private func gradients(
    _ fixture: ModelFixture, _ batch: Batch, rowsAtOnce: Int, _ precision: ProductPrecision
  ) throws -> (report: Trainer.Report, tensors: [[Float]]) {
    let model = try fixture.model()
    model.setPrecision(precision)
    let trainer = Trainer(
      model, objective: NextToken(), optimizer: AdamWSettings(beta1: 0), maximumNorm: 0)
    let report = try #require(try trainer.step(batch.split(rowsAtOnce: rowsAtOnce), learningRate: 1e-3))
    let moments = try #require(trainer.optimizer.state.first { $0.kind == "exp_avg" })
    return (report, zip(moments.moments, trainer.parameters).map { $0.values(rows: 0..<$1.shape[0]).elements })
  }
}

/// A loss that is known, a mean of 2 over a micro-batch of 10 tokens and of 1 over any other, with that slope along every
/// number of the head.
private struct FixedMeans: Objective {
  static let name = "fixed_means"
  static let examples = ExampleKind.windows

  init(from section: inout SettingsSection) {}
  init() {}

  func loss(_ batch: Batch, _ context: StepContext) -> StepLoss {
    let sum = Double(batch.weight) * (batch.weight == 10 ? 2 : 1)
    return StepLoss(Float(sum) * context.model.head.weight.tensor.sum(), value: sum)
  }
}

extension Batch {
  /// The micro-batches of so many rows each.
  fileprivate func split(rowsAtOnce: Int) -> [Batch] {
    stride(from: 0, to: rows, by: rowsAtOnce).map { slice(rows: $0..<min(rows, $0 + rowsAtOnce)) }
  }
}

/// What is drawn depends on the run's seed and the step alone.
@Suite struct RandomnessOfARunTests {
  private func weights(seed: UInt64, noise: Double, format: Moment.Format, startingAt step: Int = 0) throws -> [Float] {
    let model = try ModelFixture("llama-tied").model()
    let trainer = Trainer(
      model, objective: SFT(lossOn: .all, noiseAlpha: noise), optimizer: AdamWSettings(stateFormat: format),
      maximumNorm: 1, seed: seed)
    (trainer.stepCount, trainer.optimizer.stepCount) = (step, step)
    for _ in 0..<2 { _ = try trainer.step([try ModelFixture("llama-tied").batch], learningRate: 1e-2) }
    return model.parameters.flatMap(\.value.elements)
  }

  @Test(arguments: [(5, Moment.Format.float32), (0, .bfloat16)])
  func noiseAndRoundingDependOnTheSeed(_ noise: Double, _ format: Moment.Format) throws {
    let one = try weights(seed: 1, noise: noise, format: format)
    #expect(try weights(seed: 1, noise: noise, format: format) == one)
    #expect(try weights(seed: 2, noise: noise, format: format) != one)
    #expect(try weights(seed: 1, noise: noise, format: format, startingAt: 1) != one)
  }
}
