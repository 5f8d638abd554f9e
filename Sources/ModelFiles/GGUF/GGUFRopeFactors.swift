import Files
import Foundation

/// Llama 3's scaling of the rotary wavelengths in GGUF, which stores the resulting factors and not the scaling itself.
enum GGUFRopeFactors {
  /// The tensor of the factors, one for each pair of channels.
  static let name = "rope_freqs.weight"
  /// The tensors of the factors in long and in short texts.
  static let longNames = ["rope_factors_long.weight", "rope_factors_short.weight"]
  /// Our own key for the `rope_scaling` that the factors were computed from, as JSON; llama.cpp does not look at it.
  static let key = "train.rope_scaling"
  /// What all Llama 3 models have in common: with these the scaling follows from its factors.
  private static let (low, high, original) = (1.0, 4.0, 8192.0)

  /// The `rope_scaling` of a config.json that has led to `factors`, nil when they scale nothing: it follows from the largest,
  /// which is the factor itself for wavelengths beyond the original positions, and an interpolation before.
  static func scaling(_ factors: [Float], theta: Double) -> JSONValue? {
    guard let largest = factors.max(), largest > 1, let pair = factors.firstIndex(of: largest) else { return nil }
    let wavelength = 2 * Double.pi * pow(theta, Double(pair) / Double(factors.count))
    let smooth = max(0, (original / wavelength - low) / (high - low))
    let factor = (1 - smooth) / (1 / Double(largest) - smooth)
    let whole = factor.rounded()
    return [
      "rope_type": "llama3", "factor": JSONValue(abs(factor - whole) < 1e-3 * whole ? whole : factor),
      "low_freq_factor": JSONValue(low), "high_freq_factor": JSONValue(high),
      "original_max_position_embeddings": JSONValue(Int(original)),
    ]
  }
}
