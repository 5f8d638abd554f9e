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
    .written("low_freq_factor") { JSONValue($0.lowFrequencyFactor) },
    .written("high_freq_factor") { JSONValue($0.highFrequencyFactor) },
    .written("original_max_position_embeddings") { JSONValue($0.originalPositions) },
  ]

  /// What the configuration around the object says.
  struct Context {
    /// Whether a `model_type` is named, so that what is left out means what it means to transformers.
    let isTyped: Bool
    /// The longest sequence the model takes.
    let positions: Int
    /// `original_max_position_embeddings` beside the object, which transformers prefers.
    let originalPositions: Int?

    init(of section: SettingsSection, positions: Int) {
      isTyped = section.text("model_type") != nil
      self.positions = positions
      originalPositions = section.integer("original_max_position_embeddings")
    }
  }

  /// Reads `rope_scaling`; nil for the type `default`, which scales nothing. A `typeDefault` is the type where none is named.
  init?(from section: inout SettingsSection, _ context: Context, typeDefault: String?) {
    let key = section.has("type") && !section.has("rope_type") ? "type" : "rope_type"
    let (types, meaning) = (SettingsType<String>.word(["llama3", "default"]), "How the wavelengths are stretched")
    let type =
      typeDefault.map { section.value(key, types, default: $0, meaning) } ?? section.required(key, types, meaning)
    section.ignore(["type"])
    section.accept("partial_rotary_factor", only: [1], because: "whole heads are rotated")
    for key in ["full_attention", "sliding_attention"] {
      section.accept(key, only: [.null], because: "all blocks rotate alike")
    }
    if type == "default" { return nil }
    self.init()
    read(from: &section)
    func bound(_ key: String, _ fallback: Double, _ meaning: String) -> Double {
      context.isTyped
        ? section.required(key, .number(above: 0), meaning)
        : section.value(key, .number(above: 0), default: fallback, meaning)
    }
    lowFrequencyFactor = bound("low_freq_factor", lowFrequencyFactor, "Bound of the long wavelengths")
    highFrequencyFactor = bound("high_freq_factor", highFrequencyFactor, "Bound of the short wavelengths")
    let original = context.originalPositions ?? (context.isTyped ? context.positions : originalPositions)
    originalPositions = section.value(
      "original_max_position_embeddings", .integer(), default: original, "Positions before the stretching")
    section.rule(
      "original_max_position_embeddings", holds: context.originalPositions.map { $0 == originalPositions } ?? true,
      "original_max_position_embeddings (\(originalPositions)) is not the \(original) of the key beside it")
    section.rule(
      "high_freq_factor", "low_freq_factor", holds: lowFrequencyFactor < highFrequencyFactor,
      "high_freq_factor (\(highFrequencyFactor)) must exceed low_freq_factor (\(lowFrequencyFactor))")
  }
}
