import Files

extension RopeScaling {
  /// What the configuration around the object says.
  struct Context {
    /// Whether a `model_type` is named, so that what is left out means what it means to transformers.
    let isTyped: Bool
    /// The longest sequence the model takes.
    let positions: Int
    /// `original_max_position_embeddings` beside the object, which transformers prefers.
    let originalPositions: Int?
    /// What that key is where it is left out, for a class of transformers that has it always.
    var impliedPositions: Int?
    /// The positions that the model was first trained with where no key says.
    var usualOriginalPositions: Int
    /// The kinds that the architecture has.
    var kinds = Kind.allCases
    /// The number of channels of a head that are rotated.
    var width: Int

    init(of section: SettingsSection, positions: Int, width: Int) {
      isTyped = section.text("model_type") != nil
      (self.positions, usualOriginalPositions) = (positions, positions)
      self.width = width
      originalPositions = section.integer("original_max_position_embeddings")
    }
  }

  /// Reads `rope_scaling`; nil for the type `default`, which scales nothing. A `typeDefault` is the type where none is named.
  init?(from section: inout SettingsSection, _ context: Context, typeDefault: String?) {
    let key = section.has("type") && !section.has("rope_type") ? "type" : "rope_type"
    let types = SettingsType<String>.word(context.kinds.map(\.rawValue) + ["default"])
    let meaning = "How the wavelengths are stretched"
    let type =
      typeDefault.map { section.value(key, types, default: $0, meaning) } ?? section.required(key, types, meaning)
    section.ignore(["type"])
    guard let kind = Kind(rawValue: type), !section.has(key) || section.text(key) == type else {
      // Of a kind that is not known, no key is worth a problem of its own.
      if section.has(key), section.text(key) != type { section.ignore(Self.allKeys) }
      return nil
    }
    self.init()
    self.kind = kind
    switch kind {
    case .linear: readFactor(from: &section)
    case .dynamic:
      readFactor(from: &section)
      originalPositions = context.positions
    case .llama3: readBounds(from: &section, context)
    case .yarn: readRange(from: &section, context)
    case .longrope: readFactors(from: &section, context)
    }
    if kind == .linear || kind == .dynamic { section.ignore(["original_max_position_embeddings"]) }
  }

  /// The keys of all kinds.
  private static let allKeys = [
    "factor", "original_max_position_embeddings", "low_freq_factor", "high_freq_factor", "attention_factor",
    "beta_fast",
    "beta_slow", "truncate", "mscale", "mscale_all_dim", "short_factor", "long_factor",
  ]

  private mutating func readFactor(from section: inout SettingsSection) {
    factor = section.required("factor", .number(from: 1), "How far the long wavelengths are stretched")
  }

  /// The positions that the model was first trained with, of which a key beside the object may speak too.
  private mutating func readOriginalPositions(
    from section: inout SettingsSection, _ context: Context, default fallback: Int
  ) {
    originalPositions = section.value(
      "original_max_position_embeddings", .integer(), default: context.originalPositions ?? fallback,
      "Positions before the stretching")
    let (own, beside) = (originalPositions, context.originalPositions ?? context.impliedPositions)
    section.rule(
      "original_max_position_embeddings", holds: beside.map { $0 == own } ?? true,
      "original_max_position_embeddings (\(own)) is not the \(beside ?? 0) of the key beside it"
        + (context.originalPositions == nil ? ", which is its default" : ""))
  }

  private mutating func readBounds(from section: inout SettingsSection, _ context: Context) {
    readFactor(from: &section)
    func bound(_ key: String, _ fallback: Double, _ meaning: String) -> Double {
      context.isTyped
        ? section.required(key, .number(above: 0), meaning)
        : section.value(key, .number(above: 0), default: fallback, meaning)
    }
    lowFrequencyFactor = bound("low_freq_factor", lowFrequencyFactor, "Bound of the long wavelengths")
    highFrequencyFactor = bound("high_freq_factor", highFrequencyFactor, "Bound of the short wavelengths")
    readOriginalPositions(
      from: &section, context, default: context.isTyped ? context.positions : originalPositions)
    let (low, high) = (lowFrequencyFactor, highFrequencyFactor)
    section.rule(
      "high_freq_factor", "low_freq_factor", holds: low < high,
      "high_freq_factor (\(high)) must exceed low_freq_factor (\(low))")
  }

  private mutating func readAttentionFactor(from section: inout SettingsSection) {
    attentionFactor = section.optional(
      "attention_factor", .number(above: 0), "What rotated pairs are multiplied by; default: follows from the factor")
  }

  private mutating func readRange(from section: inout SettingsSection, _ context: Context) {
    readOriginalPositions(from: &section, context, default: context.positions)
    readRatio(from: &section, context)
    readAttentionFactor(from: &section)
    let meaning = "Rotations in the original positions at which the stretching"
    fastRotations = section.value("beta_fast", .number(above: 0), default: fastRotations, "\(meaning) begins")
    slowRotations = section.value("beta_slow", .number(above: 0), default: slowRotations, "\(meaning) is whole")
    truncatesRange = section.value("truncate", .boolean, default: true, "Whether those are rounded to whole channels")
    scaleFactor = section.optional("mscale", .number(from: 0), "Factor of the logarithm in attention_factor")
    scaleFactorOfAll = section.optional("mscale_all_dim", .number(from: 0), "The same below the line")
    let (fast, slow) = (fastRotations, slowRotations)
    section.rule(
      "beta_fast", "beta_slow", holds: fast >= slow, "beta_fast (\(fast)) must not be less than beta_slow (\(slow))")
  }

  /// `factor`, which is the ratio of positions where it is left out.
  private mutating func readRatio(from section: inout SettingsSection, _ context: Context) {
    let ratio = Double(context.positions) / Double(max(1, originalPositions))
    factor = section.value(
      "factor", .number(above: 0), derived: ratio,
      "How far wavelengths are stretched; default: max_position_embeddings / original_max_position_embeddings")
    let own = factor
    section.rule(
      "factor", holds: context.originalPositions == nil || own == ratio,
      "factor (\(own)) is not the ratio of max_position_embeddings and original_max_position_embeddings (\(ratio)): "
        + "transformers 4 takes the ratio, transformers 5 the factor")
  }

  private mutating func readFactors(from section: inout SettingsSection, _ context: Context) {
    readOriginalPositions(from: &section, context, default: context.usualOriginalPositions)
    readRatio(from: &section, context)
    readAttentionFactor(from: &section)
    // A reference of all keys knows no width.
    let factors = SettingsType.list(of: .number(above: 0), count: context.width < 2 ? nil : context.width / 2)
    shortFactors = section.required("short_factor", factors, "Factors of the wavelengths in short texts")
    longFactors = section.required(
      "long_factor", factors, "Factors of the wavelengths in texts beyond original_max_position_embeddings")
  }

  /// The object of a config.json; `factorsAlone` has the type and the factors and nothing else that follows from other keys.
  func json(factorsAlone: Bool) -> JSONValue {
    var value: JSONValue = [factorsAlone ? "type" : "rope_type": JSONValue(kind.rawValue)]
    func set(_ key: String, _ number: Double?) {
      if let number { value[key] = JSONValue(number) }
    }
    switch kind {
    case .linear, .dynamic: set("factor", factor)
    case .llama3:
      set("factor", factor)
      set("low_freq_factor", lowFrequencyFactor)
      set("high_freq_factor", highFrequencyFactor)
      value["original_max_position_embeddings"] = JSONValue(originalPositions)
    case .yarn:
      set("factor", factor)
      value["original_max_position_embeddings"] = JSONValue(originalPositions)
      set("attention_factor", attentionFactor)
      set("beta_fast", fastRotations)
      set("beta_slow", slowRotations)
      value["truncate"] = JSONValue(truncatesRange)
      set("mscale", scaleFactor)
      set("mscale_all_dim", scaleFactorOfAll)
    case .longrope:
      if !factorsAlone {
        set("factor", factor)
        value["original_max_position_embeddings"] = JSONValue(originalPositions)
      }
      set("attention_factor", attentionFactor)
      value["short_factor"] = JSONValue(shortFactors.map { JSONValue($0) })
      value["long_factor"] = JSONValue(longFactors.map { JSONValue($0) })
    }
    return value
  }
}
