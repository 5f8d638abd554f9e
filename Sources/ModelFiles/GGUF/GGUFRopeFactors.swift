import Files

/// Llama 3's scaling of the rotary wavelengths in GGUF, which stores the resulting factors and not the scaling itself.
enum GGUFRopeFactors {
  /// The tensor of the factors, one for each pair of channels.
  static let name = "rope_freqs.weight"
  /// What all Llama 3 models have in common: with these the scaling follows from its factors.
  private static let bounds = [
    ("low_freq_factor", 1), ("high_freq_factor", 4), ("original_max_position_embeddings", 8192),
  ]

  /// The `rope_scaling` of a config.json whose largest factor is `factor`.
  static func scaling(factor: Float) -> JSONValue {
    JSONValue(
      [JSONMember("rope_type", "llama3"), JSONMember("factor", JSONValue(factor))]
        + bounds.map { JSONMember($0.0, JSONValue($0.1)) })
  }

  /// Whether a `rope_scaling` follows from its factors.
  static func canRepresent(_ scaling: JSONValue) -> Bool {
    scaling["rope_type"]?.string == "llama3" && bounds.allSatisfy { scaling[$0.0]?.double == Double($0.1) }
  }
}
