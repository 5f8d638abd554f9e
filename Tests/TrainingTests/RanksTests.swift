import Autograd
import Communication
import Corpus
import Files
import Kernels
import Models
import Support
import Testing
import Training

/// Several ranks are one process, but for the rounding of sums.
@Suite(.serialized) struct RanksTests {
  /// What a rank has after some steps.
  private struct Outcome: Sendable, Equatable {
    var losses: [Double] = []
    var norms: [Double] = []
    var weights: [[UInt32]] = []
    var moments: [String: [UInt32]] = [:]
    /// The numbers of moments that the rank keeps.
    var kept = 0
  }

  private struct Case: Sendable {
    var fixture = "llama-tied"
    var rows = 4
    var steps = 4
    var shards = true
    var recompute = false
    var bucketSize = 300
    var format = Moment.Format.float32
    var rowsAtOnce = 1
    var precision = ProductPrecision.float32
    var noise = 1.0
  }

  private func run(_ ranks: Int, _ setup: Case = Case()) throws -> [Outcome] {
    try ThreadRanks.run(ranks) { communicator in
      let model = try ModelFixture(setup.fixture).model()
      model.setPrecision(setup.precision)
      let trainer = Trainer(
        model, objective: SFT(lossOn: .all, noiseAlpha: setup.noise),
        optimizer: AdamWSettings(weightDecay: 0.1, stateFormat: setup.format), maximumNorm: 1,
        recompute: setup.recompute, seed: 3,
        over: TrainingRanks(communicator, shardsState: setup.shards, bucketSize: setup.bucketSize))
      var outcome = Outcome()
      for step in 0..<setup.steps {
        let batch = Self.batch(step: step, rows: setup.rows, vocabulary: model.vocabularySize)
        let own = communicator.slice(of: 0..<setup.rows)
        let parts = stride(from: own.lowerBound, to: own.upperBound, by: setup.rowsAtOnce).map {
          batch.slice(rows: $0..<min(own.upperBound, $0 + setup.rowsAtOnce))
        }
        let report = try #require(try trainer.step(parts, learningRate: 1e-2))
        outcome.losses.append(report.loss)
        outcome.norms.append(report.gradientNorm)
        #expect(report.tokens == setup.rows * 16)
      }
      outcome.weights = model.parameters.map { $0.value.elements.map(\.bitPattern) }
      outcome.kept = trainer.parts.reduce(0) { $0 + $1.range.count }
      if communicator.isFirst {
        for (index, kind) in trainer.momentKinds.enumerated() {
          for named in model.trainedParameters {
            outcome.moments["\(kind) \(named.name)"] = trainer.moment(index, of: named).elements.map(\.bitPattern)
          }
        }
        try trainer.endMoments()
      } else {
        try trainer.serveMoments()
      }
      return outcome
    }
  }

  /// Rows with 16, 1, 0, 7, ... trained tokens.
  private static func batch(step: Int, rows: Int, vocabulary: Int) -> Batch {
    let (columns, trained) = (16, [16, 1, 0, 7, 12])
    let tokens = (0..<rows * columns).map { Int32(($0 * 37 + 11 + step * 5) % vocabulary) }
    let targets = tokens.indices.map { index in
      index % columns < trained[index / columns % trained.count] ? (tokens[index] + 5) % Int32(vocabulary) : -1
    }
    return Batch(SequenceLayout(rows: rows, columns: columns), tokens: tokens, targets: targets)
  }

  private func expectSame(_ found: Outcome, _ expected: Outcome, within tolerance: Double = 1e-5) {
    for (loss, other) in zip(found.losses, expected.losses) { #expect(abs(loss - other) < tolerance) }
    for (norm, other) in zip(found.norms, expected.norms) { #expect(abs(norm / other - 1) < 10 * tolerance) }
  }

  @Test(arguments: [2, 3, 4]) func theyLearnWhatOneLearns(_ ranks: Int) throws {
    let alone = try run(1)[0]
    let all = try run(ranks)
    for outcome in all {
      expectSame(outcome, alone)
      let isSame = outcome.losses == all[0].losses && outcome.weights == all[0].weights
      #expect(isSame)
    }
    let isRepeated = try run(ranks) == all
    #expect(isRepeated)
    // Each number's moments are on one rank.
    #expect(all.reduce(0) { $0 + $1.kept } == alone.kept)
    #expect(all.allSatisfy { $0.kept < alone.kept * 2 / ranks })
  }

  /// Where moments are kept, how large a bucket is, and whether blocks are recomputed: none of it changes a bit.
  @Test(arguments: ["llama-tied", "gpt2"]) func nothingOfHowTheyTravelIsInTheBits(_ fixture: String) throws {
    for format in [Moment.Format.float32, .bfloat16] {
      let expected = try run(3, Case(fixture: fixture, format: format))
      for setup in [
        Case(fixture: fixture, shards: false, format: format),
        Case(fixture: fixture, bucketSize: 1 << 20, format: format),
        Case(fixture: fixture, recompute: true, bucketSize: 77, format: format),
      ] {
        let found = try run(3, setup)
        let isSame = found.map(\.weights) == expected.map(\.weights) && found[0].moments == expected[0].moments
        #expect(isSame, "\(setup)")
        #expect(found[0].losses == expected[0].losses, "\(setup)")
      }
    }
  }

  /// Fewer samples than ranks, and micro-batches that do not divide a rank's share.
  @Test func aRankMayHaveNothing() throws {
    for setup in [Case(rows: 2), Case(rows: 1, shards: false), Case(rows: 5, rowsAtOnce: 2, noise: 0)] {
      let (alone, all) = (try run(1, setup)[0], try run(4, setup))
      expectSame(all[0], alone)
      #expect(all.allSatisfy { $0.weights == all[0].weights }, "\(setup)")
    }
  }

  @Test func roundedProductsAndMicroBatches() throws {
    let setup = Case(rows: 8, precision: .bfloat16)
    expectSame(try run(2, setup)[1], try run(1, setup)[0], within: 1e-3)
  }

  @Test func oneThatIsToldToStopStopsAll() throws {
    for stopping in 0..<3 {
      for call in 1...2 {
        let steps = try ThreadRanks.run(3) { communicator in
          let model = try ModelFixture("gpt2").model()
          let trainer = Trainer(
            model, objective: NextToken(), optimizer: AdamWSettings(), maximumNorm: 1,
            over: TrainingRanks(communicator, shardsState: true, bucketSize: 500))
          let before = model.parameters.map(\.value.elements)
          let part = Self.batch(step: 0, rows: 3, vocabulary: model.vocabularySize)
            .slice(rows: communicator.rank..<communicator.rank + 1)
          var calls = 0
          let report = try trainer.step([part], learningRate: 1) {
            calls += 1
            return communicator.rank == stopping && calls >= call
          }
          #expect(report == nil && model.parameters.map(\.value.elements) == before)
          // The next step finds nothing of this one left.
          return try trainer.step([part], learningRate: 1e-2)?.loss
        }
        #expect(steps.allSatisfy { $0 != nil && $0 == steps[0] })
      }
    }
  }

  /// Means over the step are those of all ranks' samples.
  @Test func theDivergenceIsThatOfAllRanks() throws {
    let measures = try [1, 3].map { ranks in
      try ThreadRanks.run(ranks) { communicator in
        let trainer = Trainer(
          try ModelFixture("llama-tied").model(), objective: KTO(), optimizer: AdamWSettings(), maximumNorm: 1,
          over: TrainingRanks(communicator, shardsState: true))
        trainer.reference = try ModelFixture("llama-tied").model()
        let loader = PairLoader(PatternedAnswers(count: 5, isPaired: false), maximumLength: 12, seed: 1, shuffle: false)
          .with(references: (0..<5).map { [-9 - Double($0)] })
        return try (0..<3).map { _ in
          let parts = try loader.microBatches(
            communicator.slice(of: 0..<5), of: Array(0..<5), size: .samples(1))
          return try #require(try trainer.step(parts, learningRate: 1e-2)).measures
        }
      }[0]
    }
    for (found, expected) in zip(measures[1], measures[0]) {
      for (name, value) in expected.means {
        #expect(abs((found[name] ?? .nan) - value) < 1e-5 * max(1, abs(value)), "\(name)")
      }
    }
  }

  @Test func anEvaluationIsDividedAmongThem() throws {
    let evaluations = try [1, 2, 4].map { ranks in
      try ThreadRanks.run(ranks) { communicator in
        let loader = PairLoader(PatternedAnswers(count: 5, isPaired: false), maximumLength: 12, seed: 1, shuffle: false)
          .with(references: (0..<5).map { [-9 - Double($0)] })
        return try Evaluation(
          try ModelFixture("llama-tied").model(), objective: KTO(), loader: loader, samples: 5, size: .samples(2),
          tokenizer: nil, reference: try ModelFixture("llama-tied").model(), ranks: communicator)
      }
    }
    for evaluation in evaluations.joined() {
      #expect(abs(evaluation.loss - evaluations[0][0].loss) < 1e-6)
      #expect(evaluation.tokens == evaluations[0][0].tokens && evaluation.share == 1)
    }
    #expect(evaluations[2].allSatisfy { $0.measures == evaluations[2][0].measures })
  }
}

@Suite struct BucketLayoutTests {
  @Test(arguments: [(1, 50), (2, 50), (3, 7), (5, 1000), (4, 64)])
  func everyNumberHasOneRank(_ ranks: Int, _ size: Int) {
    let counts = [40, 3, 0, 129, 1]
    let layout = BucketLayout(of: counts, ranks: ranks, bucketSize: size)
    #expect(layout.buckets.allSatisfy { $0.count <= size && $0.pieces.reduce(0, +) == $0.count })
    var owners = counts.map { [Int](repeating: 0, count: $0) }
    for rank in 0..<ranks {
      for run in layout.runs(of: rank) { for index in run.range { owners[run.parameter][index] += 1 } }
    }
    #expect(owners.allSatisfy { $0.allSatisfy { $0 == 1 } })
    // The last parameter's gradient is complete first.
    #expect(layout.buckets[0].runs[0].parameter == 4 && layout.buckets[0].runs[0].range == 0..<1)
    for bucket in layout.buckets {
      let whole = (0..<ranks).flatMap { bucket.runs(in: bucket.piece(of: $0)) }
      #expect(whole.reduce(0) { $0 + $1.range.count } == bucket.count)
    }
  }

  @Test func noMoreIsSentThanByAnAllReduce() {
    for ranks in [2, 4, 8] {
      let count = 3 << 20
      let layout = BucketLayout(of: [count], ranks: ranks)
      #expect(layout.bytesPerStep == 2 * 4 * count * (ranks - 1) / ranks)
    }
  }
}

/// A gradient that is said to be complete does not change any more.
@Suite struct BackwardWatchTests {
  @Test(arguments: ["llama-tied", "llama-untied-grouped", "gpt2"], [false, true])
  func whatIsCompleteStays(_ name: String, _ recompute: Bool) throws {
    let fixture = try ModelFixture(name)
    let model = try fixture.model()
    let gradients = Gradients(of: model.parameters)
    var completed: [Int: [Float]?] = [:]
    var (order, passed) = ([Int](), 0)
    let watch = BackwardWatch { number in
      #expect(completed[number] == nil)
      completed[number] = .some(gradients[gradients.parameters[number]]?.elements)
      order.append(number)
    } passed: {
      passed += 1
    }
    let context = StepContext(model, recompute: recompute)
    _ = gradients.add(scaledBy: 1, watch: watch) { NextToken().loss(fixture.batch, context).sum }
    #expect(completed.count == gradients.parameters.count && passed > 2)
    for (number, elements) in completed {
      let isSame = elements != nil && elements == gradients[gradients.parameters[number]]?.elements
      #expect(isSame, "parameter \(number)")
    }
    // What leaves first is not all of it.
    #expect(Set(order.prefix(2)) != Set(order))
    if name == "llama-tied" { #expect(order.last == 0) }
  }
}
