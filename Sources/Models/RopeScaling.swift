import Foundation

/// How rotary wavelengths are scaled for texts that are longer than those a model was first trained with
/// (`modeling_rope_utils.py` of transformers).
public struct RopeScaling: Equatable, Sendable {
  /// The kinds, by their names in a config.json.
  public enum Kind: String, CaseIterable, Sendable {
    /// All wavelengths become `factor` times longer (Chen et al. 2023).
    case linear
    /// The base grows with the length of the text once it exceeds the original positions, up to `factor` times as many
    /// (bloc97 and emozilla 2023).
    case dynamic
    /// Long wavelengths become longer, short ones stay (Peng et al. 2023, arXiv:2309.00071).
    case yarn
    /// Each wavelength has a factor of its own, and another one in long texts (Ding et al. 2024, arXiv:2402.13753).
    case longrope
    /// Those above `originalPositions / lowFrequencyFactor` become `factor` times longer, those below `originalPositions /
    /// highFrequencyFactor` stay, those between are interpolated.
    case llama3
  }

  public var kind = Kind.llama3
  /// How many times longer the long wavelengths become.
  public var factor = 1.0
  /// The bound of the long wavelengths, for `llama3`.
  public var lowFrequencyFactor = 1.0
  /// The bound of the short wavelengths, for `llama3`.
  public var highFrequencyFactor = 4.0
  /// The number of positions that the model was first trained with.
  public var originalPositions = 8192
  /// What rotated pairs are multiplied by, for `yarn` and `longrope`; nil for what follows from the factor.
  public var attentionFactor: Double?
  /// How often the shortest stretched and the longest unstretched wavelength go into the original positions, for `yarn`.
  public var fastRotations = 32.0, slowRotations = 1.0
  /// Whether the channels between those are counted in whole numbers.
  public var truncatesRange = true
  /// Factors of YaRN's logarithm, above and below the line; used where both are there.
  public var scaleFactor: Double?, scaleFactorOfAll: Double?
  /// The factors of `longrope`, one for each pair of channels.
  public var shortFactors: [Double] = [], longFactors: [Double] = []

  /// No scaling, with the bounds of Llama 3.
  public init() {}
}

extension RopeScaling {
  /// What rotated pairs are multiplied by.
  var amplitude: Double {
    if let attentionFactor { return attentionFactor }
    switch kind {
    case .linear, .dynamic, .llama3: return 1
    case .longrope: return factor <= 1 ? 1 : (1 + log(factor) / log(Double(originalPositions))).squareRoot()
    case .yarn:
      func scale(_ weight: Double) -> Double { factor <= 1 ? 1 : 0.1 * weight * log(factor) + 1 }
      guard let above = scaleFactor, let below = scaleFactorOfAll, above != 0, below != 0 else { return scale(1) }
      return scale(above) / scale(below)
    }
  }

  /// Whether the angles depend on how long a text is.
  var followsLength: Bool { kind == .longrope || kind == .dynamic }

  /// Which of several tables a text of `reach` positions needs; 0 for the usual one.
  func variant(reach: Int) -> Int {
    switch kind {
    case .longrope: reach > originalPositions ? 1 : 0
    case .dynamic: reach > originalPositions ? reach : 0
    case .linear, .yarn, .llama3: 0
    }
  }

  /// A number that changes where cached keys have to be computed again. Those of `dynamic` keep the angles of the time when
  /// they were cached, as in transformers.
  func cacheVariant(reach: Int) -> Int { kind == .longrope ? variant(reach: reach) : 0 }

  /// The base of the wavelengths.
  func base(_ theta: Double, width: Int, reach: Int) -> Double {
    guard kind == .dynamic, reach > originalPositions else { return theta }
    let (width, growth) = (Double(width), factor * Double(reach) / Double(originalPositions) - (factor - 1))
    return theta * pow(growth, width / (width - 2))
  }

  /// The scaled frequencies.
  func scaled(_ frequencies: [Double], theta: Double, width: Int, reach: Int) -> [Double] {
    switch kind {
    case .dynamic: frequencies
    case .linear: frequencies.map { $0 / factor }
    case .longrope:
      zip(frequencies, variant(reach: reach) == 0 ? shortFactors : longFactors).map { $0 / $1 }
    case .llama3: frequencies.map(interpolated)
    case .yarn: blended(frequencies, theta: theta, width: width)
    }
  }

  /// Llama 3's scaling of one frequency.
  private func interpolated(_ frequency: Double) -> Double {
    let (original, wavelength) = (Double(originalPositions), 2 * Double.pi / frequency)
    if wavelength < original / highFrequencyFactor { return frequency }
    if wavelength > original / lowFrequencyFactor { return frequency / factor }
    let smooth = (original / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor)
    return (1 - smooth) * frequency / factor + smooth * frequency
  }

  /// YaRN's scaling: a ramp over the pairs from what stays to what is stretched.
  private func blended(_ frequencies: [Double], theta: Double, width: Int) -> [Double] {
    func pair(rotations: Double) -> Double {
      Double(width) * log(Double(originalPositions) / (rotations * 2 * Double.pi)) / (2 * log(theta))
    }
    var (low, high) = (pair(rotations: fastRotations), pair(rotations: slowRotations))
    if truncatesRange { (low, high) = (low.rounded(.down), high.rounded(.up)) }
    (low, high) = (max(low, 0), min(high, Double(width - 1)))
    if low == high { high += 0.001 }
    return frequencies.enumerated().map { pair, frequency in
      let stretched = min(max((Double(pair) - low) / (high - low), 0), 1)
      return frequency / factor * stretched + frequency * (1 - stretched)
    }
  }
}
