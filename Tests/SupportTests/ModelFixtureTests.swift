import Support
import Testing

@Suite struct ModelFixtureTests {
  @Test(arguments: ModelFixture.names)
  func everyPartIsThere(_ name: String) throws {
    let model = try ModelFixture(name)
    #expect(Set(model.gradients.keys) == Set(model.weights.keys))
    for (name, gradient) in model.gradients {
      #expect(gradient.shape == model.weights[name]?.shape)
      #expect(gradient.values.contains { $0 != 0 }, "\(name) has no gradient")
    }
    #expect(model.hiddenStates.count == 3)
    #expect(model.training.losses.count == 10 && model.training.gradientNorms.count == 10)
    #expect(model.training.weights.count >= 2)
    #expect(model.training.losses[0] == model.loss)
    #expect(model.generation.tokens.count == 20 && model.generation.smallestMargin > 1e-3)
    #expect(model.targets.values.contains(-1))
  }

  /// The loss and the first gradient norm follow from the other values recorded.
  @Test(arguments: ModelFixture.names)
  func recordsAreConsistent(_ name: String) throws {
    let model = try ModelFixture(name)
    let total = Twin.crossEntropy(targets: model.targets).value(model.logits).values[0]
    let trained = model.targets.values.filter { $0 >= 0 }.count
    #expect(abs(total / Double(trained) - model.loss) < 1e-12)
    let norm = model.gradients.values.reduce(0) { $0 + dot($1, $1) }.squareRoot()
    #expect(abs(norm / model.training.gradientNorms[0] - 1) < 1e-6)
  }
}
