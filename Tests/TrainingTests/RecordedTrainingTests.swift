import Autograd
import Corpus
import Kernels
import Models
import Support
import Testing
import Training

/// Ten steps of AdamW on one batch against what PyTorch recorded in float64.
@Suite struct RecordedTrainingTests {
  @Test(arguments: ModelFixture.names) func tenSteps(_ name: String) throws {
    let fixture = try ModelFixture(name)
    let recorded = fixture.training
    let trainer = Trainer(
      try fixture.model(), objective: NextToken(),
      optimizer: AdamWSettings(
        beta1: recorded.betas.0, beta2: recorded.betas.1, epsilon: recorded.epsilon,
        weightDecay: recorded.weightDecay),
      maximumNorm: recorded.maxGradientNorm)
    #expect(recorded.losses.count == 10)
    for (index, (loss, norm)) in zip(recorded.losses, recorded.gradientNorms).enumerated() {
      let report = try #require(
        try trainer.step([fixture.batch], learningRate: recorded.learningRate))
      #expect(report.step == index + 1)
      #expect(abs(report.loss - loss) < 1e-4, "step \(index + 1): \(report.loss), expected \(loss)")
      #expect(abs(report.gradientNorm / norm - 1) < 1e-3, "step \(index + 1): \(report.gradientNorm), expected \(norm)")
    }
    let weights = Dictionary(
      uniqueKeysWithValues: trainer.model.namedParameters.map { ($0.name, $0.value.elements) })
    #expect(!recorded.weights.isEmpty)
    for (weight, expected) in recorded.weights {
      let problem = mismatch(try #require(weights[weight]), expected, within: .frobenius(1e-2))
      #expect(problem == nil, "\(weight): \(problem ?? "")")
    }
  }
}

extension ModelFixture {
  /// The recorded batch.
  var batch: Batch {
    Batch(
      SequenceLayout(
        rows: tokens.shape[0], columns: tokens.shape[1], positions: positions.int32s,
        documentStarts: documentStarts.int32s), tokens: tokens.int32s, targets: targets.int32s)
  }

  /// The model with the recorded weights.
  func model() throws -> any LanguageModel {
    let description = try ModelDescription(configuration: config.serialized(), source: name)
    let model = description.configuration(vocabularySize: description.vocabularySize!).makeModel(seed: nil)
    for named in model.namedParameters {
      let weight = try #require(weights[named.name], "no weight \(named.name)")
      named.mutableBuffer.assign(weight.floats)
    }
    return model
  }
}
