import Autograd
import Corpus
import Files
import Models
import Testing
import Training

@Suite struct GradientCheckTests {
  @Test(arguments: ["next_token", "sft", "dpo", "kto"]) func theGradientsAreRight(_ name: String) throws {
    let kind = try #require(Registry.objectives.first { $0.name == name })
    let decoder = SettingsDecoder(source: "test", area: .recipe)
    let check = GradientCheck(decoder.read([:]) { section in kind.init(from: &section) })
    #expect(check.isRight, "\(check.slopes)")
  }

  @Test(arguments: ["norm", "mlp", "embed_tokens"]) func theGradientsOfTheTrainedParametersAreRight(_ trained: String) {
    let check = GradientCheck(NextToken()) { $0.freeze { name in !name.contains(trained) } }
    #expect(check.isRight && check.slopes.allSatisfy { $0.gradient != 0 }, "\(check.slopes)")
  }

  @Test func aWrongGradientIsFound() {
    #expect(!GradientCheck(TwiceTheGradient()).isRight)
  }
}

/// The loss of the next token with a gradient that is twice as large.
private struct TwiceTheGradient: Objective {
  static let name = "twice"
  static let examples = ExampleKind.windows

  init(from section: inout SettingsSection) {}
  init() {}

  func loss(_ batch: Batch, _ context: StepContext) -> StepLoss {
    let loss = context.tokenLoss(batch).sum
    return StepLoss(2 * loss - loss.detached())
  }
}
