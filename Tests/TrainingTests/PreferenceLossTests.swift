import Autograd
import Glibc
import Testing
import Training

/// Hand-derived losses: policy -10 and -12, reference -11 and -11.5, 5 and 4 tokens, so that u_c = 1, u_r = -0.5, h = 1.5.
@Suite struct PreferenceLossTests {
  private let scores = scores(reference: (Tensor([-11], shape: [1]), Tensor([-11.5], shape: [1])))

  private static func scores(reference: (Tensor, Tensor)?) -> AnswerScores {
    AnswerScores(
      first: Tensor([-10], shape: [1]), second: Tensor([-12], shape: [1]), reference: reference,
      firstLengths: Tensor([5], shape: [1]), secondLengths: Tensor([4], shape: [1]), isFirstPreferred: [true])
  }

  private func value(_ name: String, _ settings: PreferenceSettings = PreferenceSettings()) throws -> Double {
    Double(try #require(PreferenceLoss.named(name)).losses(scores, settings).elements[0])
  }

  @Test(arguments: [
    ("sigmoid", 0.620957048), ("hinge", 0.85), ("ipo", 21.855625), ("nca_pair", 1.350824814), ("bco_pair", 1.312856308),
    ("sppo_hard", 36.25), ("apo_zero", 0.962523416),
    ("apo_down", 0.987549342),
  ]) func withTheReference(_ name: String, expected: Double) throws {
    let loss = try value(name)
    #expect(abs(loss / expected - 1) < 2e-6, "\(loss)")
  }

  @Test(arguments: [("sigmoid", 0.1, 0.635957048), ("robust", 0.1, 0.602207048), ("exo_pair", 1e-3, 2.505516555)])
  func withLabelSmoothing(_ name: String, smoothing: Double, expected: Double) throws {
    #expect(abs(try value(name, PreferenceSettings(labelSmoothing: smoothing)) / expected - 1) < 2e-6)
  }

  /// -ln s(2 (-2 + 3) - 0.5).
  @Test func simPO() throws {
    #expect(abs(try value("simpo", PreferenceSettings(beta: 2, simPOGamma: 0.5)) / 0.201413278 - 1) < 2e-6)
  }

  /// The log-odds are 1.094344277; -p_c / n_c = 2; -ln s(1.094344277) = 0.288788...
  @Test func orpo() throws {
    let difference = try value("orpo", PreferenceSettings(beta: 1)) - 2
    let logOdds = -1.094344277
    #expect(abs(difference - Self.softplus(logOdds)) < 2e-6)
  }

  /// -ln s(0.1 (-10 + 12)) + alpha 2.
  @Test func cpo() throws {
    #expect(abs(try value("cpo") - (Self.softplus(-0.2) + 2)) < 2e-6)
    #expect(abs(try value("cpo", PreferenceSettings(cpoAlpha: 0.25)) - (Self.softplus(-0.2) + 0.5)) < 2e-6)
  }

  @Test func sft() throws { #expect(try value("sft") == 2) }

  /// Two answers of 2 and 6 tokens with -3 and -2: a mean over the pairs of -3 / 2 and -2 / 6, or -5 / 8.
  @Test(arguments: ["sft", "cpo", "orpo"]) func likelihoodsAreMeansOfTwoKinds(_ name: String) throws {
    var scores = AnswerScores(
      first: Tensor([-3, -2], shape: [2]), second: Tensor([-3, -2], shape: [2]), reference: nil,
      firstLengths: Tensor([2, 6], shape: [2]), secondLengths: Tensor([2, 6], shape: [2]),
      isFirstPreferred: [true, true])
    let loss = try #require(PreferenceLoss.named(name))
    func mean() -> Double { Double(loss.losses(scores, PreferenceSettings()).sum().scalar) / 2 }
    // The two answers are equally likely: what else the losses have is ln 2, times beta in ORPO.
    let rest = ["sft": 0, "cpo": 0.6931472, "orpo": 0.06931472][name]!
    #expect(abs(mean() - rest - (1.5 + 1.0 / 3) / 2) < 2e-6)
    scores.stepLength = 4
    #expect(abs(mean() - rest - 5.0 / 8) < 2e-6)
  }

  /// A rejected answer with mean log-probability a near 0, beside the formula in double precision: ln(1 - e^a) has to come from
  /// a itself, where e^a is a float next to 1.
  @Test(arguments: [-1e-2, -1e-4, -1e-6, -3e-8]) func orpoNearCertainty(_ a: Double) throws {
    let a = Double(Float(a))
    let rejected = Parameter(Tensor([Float(a)], shape: [1]))
    let one = Tensor([1], shape: [1])
    func logOdds(_ x: Double) -> Double { x - Glibc.log(-Glibc.expm1(x)) }
    let expected = 1 + Self.softplus(-(logOdds(-1) - logOdds(a)))
    let slope = -1 / (1 + Glibc.exp(logOdds(-1) - logOdds(a))) / Glibc.expm1(a)
    let (loss, gradients) = valueAndGradients(of: [rejected]) {
      PreferenceLoss.orpo.losses(
        AnswerScores(
          first: Tensor([-1], shape: [1]), second: rejected.tensor, reference: nil, firstLengths: one,
          secondLengths: one, isFirstPreferred: [true]), PreferenceSettings(beta: 1)
      ).sum()
    }
    #expect(abs(Double(loss.scalar) / expected - 1) < 1e-6, "\(loss.scalar), expected \(expected)")
    let found = Double(gradients[rejected]!.scalar)
    #expect(abs(found / slope - 1) < 1e-5, "\(found), expected \(slope)")
  }

  @Test func theOddsOfCertaintyAreFinite() {
    let (zero, one) = (Tensor([0], shape: [1]), Tensor([1], shape: [1]))
    let scores = AnswerScores(
      first: zero, second: Tensor([-1], shape: [1]), reference: nil, firstLengths: one, secondLengths: one,
      isFirstPreferred: [true])
    #expect(PreferenceLoss.orpo.losses(scores, PreferenceSettings()).scalar.isFinite)
  }

  @Test func severalLossesAddUp() throws {
    let both = DPO(
      losses: [(try #require(.named("sigmoid")), 1), (try #require(.named("sft")), 0.2)], settings: PreferenceSettings()
    )
    #expect(abs(Double(both.loss(scores).elements[0]) - (0.620957048 + 0.4)) < 2e-6)
  }

  /// With u = 1 and z = 0.4 a wanted answer loses 1 - s(0.1 * 0.6), an unwanted one 1 - s(-0.1 * 0.6).
  @Test func kto() throws {
    let ratios = Tensor([1, 1], shape: [2])
    let losses = KTO(beta: 0.1, desirableWeight: 2).losses(ratios, isWanted: [true, false], divergence: 0.4).elements
    #expect(abs(Double(losses[0]) - 2 * 0.485004498) < 2e-6)
    #expect(abs(Double(losses[1]) - 0.514995502) < 2e-6)
  }

  /// A batch that no reference model has scored is refused by the losses that compare with one, and by no other.
  @Test func noLossTakesAMissingReferenceForZero() async throws {
    await #expect(processExitsWith: .failure) { _ = DPO().loss(Self.scores(reference: nil)) }
    for loss in PreferenceLoss.all where !loss.usesReference {
      let value = loss.losses(Self.scores(reference: nil), PreferenceSettings()).elements[0]
      #expect(value == loss.losses(scores, PreferenceSettings()).elements[0], "\(loss.name)")
    }
  }

  /// ln(1 + e^x).
  private static func softplus(_ x: Double) -> Double { Glibc.log1p(Glibc.exp(x)) }
}
