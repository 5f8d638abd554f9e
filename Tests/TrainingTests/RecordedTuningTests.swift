import Autograd
import Corpus
import Files
import Models
import Support
import Testing
import Training

/// Batches of conversations and of pairs, packed here, against rows that PyTorch computed one by one in float64.
@Suite struct RecordedTuningTests {
  @Test(arguments: TuningFixture.models, [40, 17]) func sft(_ name: String, capacity: Int) throws {
    let fixture = try TuningFixture("sft", name)
    var examples = TokenizedExamples()
    for example in try #require(fixture.record["examples"]?.array) {
      let trained = try #require(example["trained"]?.array).map { $0.integer == 1 }
      examples.append(tokens: try example.tokens("tokens"), isTrained: trained)
    }
    let loader = ExampleLoader(examples, digest: "", sequenceLength: capacity, seed: 1)
    #expect(loader.sampleCount < examples.count)
    for size in [MicroBatchSize.tokens(4096), .samples(1)] {
      try check(fixture, SFT(), try loader.microBatches(0..<loader.sampleCount, size: size))
    }
  }

  /// What the recorded examples begin with behind 18 tokens that they have in common: once for all of them, and once for each.
  @Test(arguments: TuningFixture.models) func aSharedBeginningChangesNoGradient(_ name: String) throws {
    let fixture = try TuningFixture("sft", name)
    var examples = TokenizedExamples()
    for example in try #require(fixture.record["examples"]?.array) {
      let own = try example.tokens("tokens").prefix(6)
      examples.append(
        tokens: (0..<18).map { $0 % 7 } + own, isTrained: (0..<18 + own.count).map { $0 > 18 })
    }
    func gradients(sharesBeginnings: Bool) throws -> (batch: Batch, loss: Double, gradients: [[Float]]) {
      let loader = ExampleLoader(
        examples, digest: "", sequenceLength: 64, seed: 1, packing: false,
        reading: sharesBeginnings ? .shared : .apart)
      let batch = loader.batch(samples: Array(0..<loader.sampleCount))
      let model = try fixture.model.model()
      let gradients = Gradients(of: model.parameters)
      var loss = 0.0
      _ = gradients.add(scaledBy: 1 / Float(batch.weight)) {
        let result = SFT().loss(batch, StepContext(model))
        loss = result.value / Double(batch.weight)
        return result.sum
      }
      return (batch, loss, try model.parameters.map { try #require(gradients[$0]).elements })
    }
    let (apart, shared) = (try gradients(sharesBeginnings: false), try gradients(sharesBeginnings: true))
    #expect(shared.batch.columns <= apart.batch.columns - 17 * (examples.count - 1))
    #expect(apart.batch.tokenCount == apart.batch.columns + examples.count)
    #expect(shared.batch.tokenCount == apart.batch.tokenCount && shared.batch.weight == apart.batch.weight)
    #expect(abs(shared.loss - apart.loss) < 1e-5)
    for (found, expected) in zip(shared.gradients, apart.gradients) {
      let error = relativeFrobenius(found, expected.map(Double.init))
      #expect(error <= 1e-5, "\(error)")
    }
  }

  @Test(arguments: TuningFixture.models) func dpo(_ name: String) throws {
    let fixture = try TuningFixture("dpo", name)
    let pairs = RecordedPairs(
      pairs: try #require(fixture.record["pairs"]?.array).map { pair in
        AnswerPair(
          prompt: try pair.tokens("prompt")[...], first: try pair.tokens("chosen")[...],
          second: try pair.tokens("rejected")[...])
      })
    let references = try #require(fixture.record["references"]?.array).map {
      $0.array!.map { $0.double! }
    }
    let loader = PairLoader(pairs, seed: 1).with(references: references)
    let objective = DPO(losses: [(try #require(.named("sigmoid")), 1)], settings: PreferenceSettings(beta: 0.1))
    for size in [MicroBatchSize.tokens(4096), .samples(1), .samples(3)] {
      let batches = try loader.microBatches(0..<loader.sampleCount, size: size)
      let measures = try check(fixture, objective, batches)
      let metrics = try #require(fixture.record["metrics"]?.object)
      #expect(metrics.count == 6)
      for metric in metrics {
        let value = try #require(measures[metric.key])
        #expect(abs(value - metric.value.double!) < 1e-4, "\(metric.key): \(value), expected \(metric.value)")
      }
    }
  }

  /// The gradients, the losses and the norms of three steps; the result is the measures of the first.
  @discardableResult
  private func check(_ fixture: TuningFixture, _ objective: any Objective, _ batches: [Batch]) throws -> Measures {
    let model = try fixture.model.model()
    let weight = batches.reduce(0) { $0 + objective.weight(of: $1) }
    let gradients = Gradients(of: model.parameters)
    var measures = Measures()
    for batch in batches {
      _ = gradients.add(scaledBy: Float(1 / weight)) {
        let loss = objective.loss(batch, StepContext(model))
        measures.add(loss, weight: objective.weight(of: batch))
        return loss.sum
      }
    }
    for named in model.namedParameters {
      let gradient = try #require(gradients[named.parameter])
      let expected = try #require(fixture.gradients[named.name])
      let problem = mismatch(named.part(of: gradient).elements, expected, within: .frobenius(1e-4))
      #expect(problem == nil, "\(named.name): \(problem ?? "")")
    }
    let trainer = Trainer(
      try fixture.model.model(), objective: objective, optimizer: AdamWSettings(beta1: 0.9, beta2: 0.95),
      maximumNorm: 1)
    #expect(fixture.losses.count == 3)
    for (loss, norm) in zip(fixture.losses, fixture.gradientNorms) {
      let report = try #require(try trainer.step(batches, learningRate: 1e-2))
      #expect(abs(report.loss - loss) < 1e-4, "\(report.loss), expected \(loss)")
      #expect(abs(report.gradientNorm / norm - 1) < 1e-3, "\(report.gradientNorm), expected \(norm)")
    }
    return measures
  }
}

private struct RecordedPairs: AnswerPairs {
  let pairs: [AnswerPair]
  var count: Int { pairs.count }
  subscript(index: Int) -> AnswerPair { pairs[index] }
  var digest: String { "recorded" }
}

extension JSONValue {
  fileprivate func tokens(_ key: String) throws -> [Int32] {
    try #require(self[key]?.array).map { Int32($0.integer!) }
  }
}
