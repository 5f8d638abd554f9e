import Files

/// Llama 3's scaling of the rotary wavelengths (Hugging Face, `_compute_llama3_parameters`): those above
/// `originalPositions / lowFrequencyFactor` become `factor` times longer, those below `originalPositions / highFrequencyFactor`
/// stay, those between are interpolated.
public struct RopeScaling: Equatable, Sendable {
  /// How many times longer the long wavelengths become.
  public var factor = 1.0
  /// The bound of the long wavelengths.
  public var lowFrequencyFactor = 1.0
  /// The bound of the short wavelengths.
  public var highFrequencyFactor = 4.0
  /// The number of positions that the model was first trained with.
  public var originalPositions = 8192

  /// No scaling, with the bounds of Llama 3.
  public init() {}

  /// The scaled frequencies.
  func scaled(_ frequencies: [Double]) -> [Double] {
    let original = Double(originalPositions)
    return frequencies.map { frequency in
      let wavelength = 2 * Double.pi / frequency
      if wavelength < original / highFrequencyFactor { return frequency }
      if wavelength > original / lowFrequencyFactor { return frequency / factor }
      let smooth = (original / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor)
      return (1 - smooth) * frequency / factor + smooth * frequency
    }
  }
}

extension RopeScaling: KeyedConfiguration {
  package static let keys: [ConfigurationKey<Self>] = [
    .written("rope_type") { _ in "llama3" },
    .required("factor", \.factor, .number(from: 1), "How far the long wavelengths are stretched"),
    .optional("low_freq_factor", \.lowFrequencyFactor, .number(above: 0), "Bound of the long wavelengths"),
    .optional("high_freq_factor", \.highFrequencyFactor, .number(above: 0), "Bound of the short wavelengths"),
    .optional(
      "original_max_position_embeddings", \.originalPositions, .integer(), "Positions before the stretching"),
  ]

  /// Reads `rope_scaling`; nil for the type `default`, which scales nothing.
  init?(from section: inout SettingsSection) {
    let key = section.has("type") && !section.has("rope_type") ? "type" : "rope_type"
    let type = section.required(key, .word(["llama3", "default"]), "How the wavelengths are stretched")
    section.ignore(["type"])
    if type == "default" { return nil }
    self.init()
    read(from: &section)
    section.rule(
      "high_freq_factor", "low_freq_factor", holds: lowFrequencyFactor < highFrequencyFactor,
      "high_freq_factor (\(highFrequencyFactor)) must exceed low_freq_factor (\(lowFrequencyFactor))")
  }
}
