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

  @Test(arguments: TuningFixture.models) func dpo(_ name: String) throws {
    let fixture = try TuningFixture("dpo", name)
    let pairs = RecordedPairs(
      pairs: try #require(fixture.record["pairs"]?.array).map { pair in
        AnswerPair(
          prompt: try pair.tokens("prompt")[...], first: try pair.tokens("chosen")[...],
          second: try pair.tokens("rejected")[...])
      })
    let references = try #require(fixture.record["references"]?.array).map {
      ($0.array![0].double!, $0.array![1].double!)
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
      _ = gradients.add {
        objective.loss(model, batch, scale: Float(1 / weight), context: StepContext(), measures: &measures)
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
