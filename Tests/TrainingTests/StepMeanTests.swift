import Autograd
import Corpus
import Files
import Models
import Support
import Testing
import Training

/// What depends on a whole step or a whole evaluation depends on no split of it.
@Suite(.serialized) struct StepMeanTests {
  private static let sizes = [1, 2, 3, 6]

  private func loader(_ kind: ExampleKind, references: [Double] = [-9, -8]) -> PairLoader {
    let answers = PatternedAnswers(count: 6, isPaired: kind == .pairs)
    let scores = (0..<answers.count).map { index in
      references.prefix(kind == .pairs ? 2 : 1).map { $0 - Double(index) / 3 }
    }
    return PairLoader(answers, maximumLength: 12, seed: 1, shuffle: false).with(references: scores)
  }

  private func model() throws -> any LanguageModel { try ModelFixture("llama-tied").model() }

  /// A reference that is another model, so that the divergence is none.
  private func reference() throws -> any LanguageModel {
    let model = try model()
    for parameter in model.parameters where parameter.shape.rank > 1 {
      let buffer = parameter.mutableBuffer
      for index in stride(from: 0, to: buffer.count, by: 3) { buffer[index..<index + 1].assign([0.02]) }
    }
    return model
  }

  private func steps(_ objective: any Objective, _ loader: PairLoader, size: Int) throws -> [Measures] {
    let trainer = Trainer(try model(), objective: objective, optimizer: AdamWSettings(), maximumNorm: 1)
    trainer.reference = try reference()
    return try (0..<3).map { _ in
      let parts = try loader.microBatches(0..<6, size: .samples(size))
      return try #require(try trainer.step(parts, learningRate: 1e-2)).measures
    }
  }

  private static let objectives: [any Objective] = [
    KTO(desirableWeight: 1.5),
    DPO(
      losses: [(.named("sigmoid")!, 1), (.named("sft")!, 0.5)], settings: PreferenceSettings(likelihoodMean: .token)),
    DPO(losses: [(.named("orpo")!, 1)], settings: PreferenceSettings(likelihoodMean: .token)),
  ]

  @Test(arguments: objectives.indices) func aStepIsTheSameInAnyParts(_ index: Int) throws {
    let objective = Self.objectives[index]
    let loader = loader(type(of: objective).examples)
    let whole = try steps(objective, loader, size: 6)
    for size in Self.sizes.dropLast() {
      for (part, expected) in zip(try steps(objective, loader, size: size), whole) {
        expectSame(part, expected)
      }
    }
    #expect(objective is DPO || whole[2]["kl"]! > 0.1)
  }

  @Test(arguments: objectives.indices) func anEvaluationIsTheSameInAnyParts(_ index: Int) throws {
    let objective = Self.objectives[index]
    let (loader, model, reference) = (loader(type(of: objective).examples), try model(), try reference())
    let all = try Self.sizes.map { size in
      try Evaluation(
        model, objective: objective, loader: loader, samples: 6, size: .samples(size), tokenizer: nil,
        reference: reference
      ).measures
    }
    for measures in all { expectSame(measures, all[0]) }
  }

  /// A small evaluation is many parts of a large model.
  @Test func anEvaluationTellsOfEachPart() throws {
    var done: [Int] = []
    _ = try Evaluation(
      try model(), objective: Self.objectives[2], loader: loader(.pairs), samples: 6, size: .samples(2), tokenizer: nil
    ) { done.append($0) }
    #expect(done == [2, 4, 6])
  }

  private func expectSame(_ found: Measures, _ expected: Measures) {
    #expect(found.means.map(\.name).sorted() == expected.means.map(\.name).sorted())
    for (name, value) in expected.means {
      #expect(abs(found[name]! - value) < 2e-6 * max(1, abs(value)), "\(name): \(found[name]!), expected \(value)")
    }
  }

  /// The mean log-ratio of the prompts with the answers before them, each computed as a row of its own.
  @Test func theDivergenceIsThatOfTheMismatchedRows() throws {
    let (loader, model, reference) = (loader(.unpaired), try model(), try reference())
    let answers = PatternedAnswers(count: 6, isPaired: false)
    var sum = 0.0
    for index in 0..<6 {
      let room = 12 - answers[index].prompt.count
      let other = answers[(index + 5) % 6].first.prefix(room)
      let row = PairLoader(
        OneAnswer(pair: AnswerPair(prompt: answers[index].prompt, first: other)), seed: 1
      ).batch(samples: [0])
      sum += Double(StepContext(model).answerLogProbabilities(row).scalar)
      sum -= Double(StepContext(reference).answerLogProbabilities(row).scalar)
    }
    let evaluation = try Evaluation(
      model, objective: KTO(), loader: loader, samples: 6, size: .samples(2), tokenizer: nil, reference: reference)
    let divergence = try #require(evaluation.measures["kl"])
    #expect(abs(divergence - max(0, sum / 6)) < 1e-4, "\(divergence), expected \(sum / 6)")
    let margin = evaluation.measures["rewards/chosen"]! - evaluation.measures["rewards/rejected"]!
    #expect(evaluation.measures["rewards/margins"] == margin)
    #expect(divergence > 0)
  }

  /// Answers of one kind have no margin.
  @Test func withoutBothKindsThereIsNoMargin() throws {
    let model = try model()
    let evaluation = try Evaluation(
      model, objective: KTO(), loader: loader(.unpaired), samples: 1, size: .samples(1), tokenizer: nil,
      reference: model)
    #expect(evaluation.measures["rewards/chosen"] != nil && evaluation.measures["rewards/margins"] == nil)
    #expect(evaluation.measures["kl"] == 0)
  }

  @Test func answersThatNobodyHasScoredAreRefused() async {
    await #expect(processExitsWith: .failure) {
      let batch = PairLoader(PatternedAnswers(count: 6, isPaired: false), seed: 1).batch(samples: [0])
      let model = try ModelFixture("llama-tied").model()
      _ = KTO().loss(batch, StepContext(model))
    }
  }

  /// Whatever the order of the losses, rewards are those of the reference; without one, of the means where they are compared.
  @Test func rewardsDoNotDependOnTheOrderOfTheLosses() throws {
    let (loader, model) = (loader(.pairs), try model())
    func measures(_ names: [String]) throws -> Measures {
      let objective = DPO(losses: names.map { (.named($0)!, 1) }, settings: PreferenceSettings(beta: 0.5))
      return try Evaluation(
        model, objective: objective, loader: loader, samples: 6, size: .samples(6), tokenizer: nil
      ).measures
    }
    for names in [["sft", "sigmoid"], ["simpo", "sigmoid"], ["sft", "orpo"], ["cpo", "simpo"]] {
      let (one, other) = (try measures(names), try measures(names.reversed()))
      for name in ["rewards/chosen", "rewards/rejected", "rewards/margins", "logps/chosen"] {
        #expect(one[name] == other[name], "\(names): \(name)")
      }
    }
    let scores = StepContext(model).answerScores(loader.batch(samples: Array(0..<6)))
    func mean(_ values: Tensor) -> Double { Double(values.mean().scalar) }
    let ratios = try measures(["sft", "sigmoid"])
    #expect(abs(ratios["rewards/chosen"]! - 0.5 * mean(scores.firstRatio)) < 1e-5)
    for name in ["simpo", "orpo"] {
      let means = try measures([name])
      #expect(abs(means["logps/rejected"]! - mean(scores.second / scores.secondLengths)) < 1e-5)
      #expect(abs(means["rewards/chosen"]! - 0.5 * mean(scores.first / scores.firstLengths)) < 1e-5)
    }
    let sums = try measures(["cpo"])
    #expect(abs(sums["logps/chosen"]! - mean(scores.first)) < 1e-4)
  }
}

private struct OneAnswer: AnswerPairs {
  let pair: AnswerPair
  let count = 1
  let digest = "one"
  subscript(index: Int) -> AnswerPair { pair }
}
