import Autograd
import Files
import Foundation

/// How a token is chosen from the logits: Hugging Face's processors, in Hugging Face's order.
public struct SamplingOptions: Sendable, Equatable {
  /// What the logits of tokens that occurred before are divided by if positive, multiplied by if negative (Keskar et al.
  /// 2019); 1 changes nothing.
  public var repetitionPenalty = 1.0
  /// What the logits are divided by; 0 takes the likeliest token.
  public var temperature = 1.0
  /// Only the k likeliest tokens can be chosen; nil sets no bound.
  public var topK: Int?
  /// Only the fewest likeliest tokens that together have this probability can be chosen (Holtzman et al. 2019).
  public var topP: Double?
  /// Only tokens with this share of the likeliest one's probability can be chosen (Nguyen et al. 2024).
  public var minP: Double?

  /// The model's own distribution, unchanged.
  public init() {}
}

/// Chooses tokens from logits, remembering what came before.
package struct Sampler {
  let options: SamplingOptions
  /// Only the tokens before this one can be chosen; nil sets no bound. All count in probabilities.
  private let knownTokens: Int?
  private var generator: Generator
  private var seen: Set<Int32> = []
  private var scores: [Float] = []

  package init(_ options: SamplingOptions, seed: UInt64, knownTokens: Int? = nil) {
    self.options = options
    self.knownTokens = knownTokens
    generator = Generator(seed: seed)
  }

  /// Records tokens of the text, for the repetition penalty.
  package mutating func observe(_ tokens: some Sequence<Int32>) {
    if options.repetitionPenalty != 1 { seen.formUnion(tokens) }
  }

  /// A token drawn from `logits`, and its log-probability under the model itself.
  package mutating func next(_ logits: [Float]) throws(Failure) -> (token: Int32, logProbability: Double) {
    let normalizer = try Self.logSumExp(logits)
    let token = options.temperature == 0 ? likeliest(logits) : draw(logits)
    observe(CollectionOfOne(token))
    return (token, Double(logits[Int(token)]) - normalizer)
  }

  private mutating func likeliest(_ logits: [Float]) -> Int32 {
    penalize(logits)
    let top = scores.max() ?? 0
    return Int32(scores.firstIndex(of: top) ?? 0)
  }

  private mutating func draw(_ logits: [Float]) -> Int32 {
    let candidates = distribution(logits)
    var rest = generator.uniform()
    for candidate in candidates {
      rest -= candidate.probability
      if rest < 0 { return candidate.token }
    }
    return candidates[candidates.count - 1].token
  }

  /// The tokens that can be chosen, in the order of their ids, with their probabilities.
  package mutating func distribution(_ logits: [Float]) -> [(token: Int32, probability: Double)] {
    penalize(logits)
    let top = scores.max() ?? 0
    let least = options.topK.flatMap { $0 < scores.count ? Self.largest($0, of: scores) : nil } ?? -.infinity
    var candidates: [Candidate] = []
    candidates.reserveCapacity(scores.count)
    for (token, score) in scores.enumerated() where score >= least {
      let weight = exp(Double(score - top) / options.temperature)
      if weight > 0 { candidates.append(Candidate(token: Int32(token), weight: weight)) }
    }
    if let share = options.topP, share < 1 { candidates = Self.nucleus(of: candidates, share: share) }
    if let share = options.minP { candidates.removeAll { $0.weight < share } }
    let total = candidates.reduce(0) { $0 + $1.weight }
    return candidates.map { ($0.token, $0.weight / total) }
  }

  /// A token and its probability as a multiple of the likeliest one's.
  private struct Candidate {
    var token: Int32
    var weight: Double
  }

  /// The fewest candidates, likeliest first and then by id, that have at least `share` of the weight.
  private static func nucleus(of candidates: [Candidate], share: Double) -> [Candidate] {
    let total = candidates.reduce(0) { $0 + $1.weight }
    // All candidates below this together weigh less than what may be left out: they need no sorting.
    let negligible = (1 - share) * total / Double(candidates.count)
    let ranked = candidates.filter { $0.weight >= negligible }.sorted {
      ($0.weight, $1.token) > ($1.weight, $0.token)
    }
    var sum = 0.0
    let kept = ranked.prefix { candidate in
      defer { sum += candidate.weight }
      return sum < share * total || sum == 0
    }
    return kept.sorted { $0.token < $1.token }
  }

  /// Puts the logits into `scores`, with the repetition penalty.
  private mutating func penalize(_ logits: [Float]) {
    scores = knownTokens.map { Array(logits.prefix($0)) } ?? logits
    let penalty = Float(options.repetitionPenalty)
    for token in seen where Int(token) < scores.count {
      scores[Int(token)] = scores[Int(token)].penalized(penalty)
    }
  }

  /// The k-th largest of the numbers, 0 < k < their count (Hoare 1961).
  package static func largest(_ k: Int, of numbers: [Float]) -> Float {
    var values = numbers
    var (low, high) = (0, values.count - 1)
    while low < high {
      let pivot = values[low + (high - low) / 2]
      var (i, j) = (low, high)
      while i <= j {
        while values[i] > pivot { i += 1 }
        while values[j] < pivot { j -= 1 }
        if i <= j {
          values.swapAt(i, j)
          i += 1
          j -= 1
        }
      }
      if k - 1 <= j {
        high = j
      } else if k - 1 >= i {
        low = i
      } else {
        break
      }
    }
    return values[k - 1]
  }

  /// log(sum of e^logit), finite or a failure.
  static func logSumExp(_ logits: [Float]) throws(Failure) -> Double {
    let top = logits.max() ?? 0
    var sum = 0.0
    for logit in logits { sum += Double(exp(logit - top)) }
    guard top.isFinite, sum.isFinite else {
      throw Failure(
        .numerics, "the model's logits are not finite", notes: ["the weights are not those of a sound model"])
    }
    return Double(top) + log(sum)
  }
}

extension FloatingPoint {
  /// The score of a token that occurred before (Hugging Face, `RepetitionPenaltyLogitsProcessor`).
  func penalized(_ penalty: Self) -> Self { self < 0 ? self * penalty : self / penalty }
}
