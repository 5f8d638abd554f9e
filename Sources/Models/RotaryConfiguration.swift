import Files

/// A configuration with rotary positions.
protocol RotaryConfiguration: PlannedConfiguration {
  /// The longest sequence the model takes.
  var maximumPositions: Int { get set }
  /// D, the width of a head.
  var headSize: Int { get }
  /// The base of the wavelengths.
  var ropeTheta: Double { get set }
  /// How the wavelengths are scaled; nil if they are not.
  var ropeScaling: RopeScaling? { get set }
  /// The share of a head's channels that is rotated.
  var rotaryShare: Double { get set }

  /// The kinds of scaling that transformers' class of the architecture has.
  static var ropeKinds: [RopeScaling.Kind] { get }
  /// Whether layers with a window have wavelengths of their own, and what takes their base.
  static var hasLocalRotation: Bool { get }
  mutating func takeLocalTheta(_ theta: Double)
  /// The positions that the model was first trained with where neither a file nor `rope_scaling` says; nil for all.
  static var usualOriginalPositions: Int? { get }
  /// Whether `rope_scaling` has its type and factors and nothing else, as `Phi3Config` wants it.
  static var writesFactorsAlone: Bool { get }
  /// The keys of the base and of the share; nil where whole heads are rotated.
  static var ropeKeys: (theta: String, share: String?) { get }
}

extension RotaryConfiguration {
  static var ropeKinds: [RopeScaling.Kind] { RopeScaling.Kind.allCases }
  static var ropeKeys: (theta: String, share: String?) { ("rope_theta", nil) }
  static var hasLocalRotation: Bool { false }
  static var usualOriginalPositions: Int? { nil }
  static var writesFactorsAlone: Bool { false }
  mutating func takeLocalTheta(_ theta: Double) {}
  /// Whole heads are rotated.
  var rotaryShare: Double {
    get { 1 }
    set { precondition(newValue == 1, "whole heads are rotated") }
  }

  /// How many channels of a head are rotated (`int(head_dim * partial_rotary_factor)`).
  var rotaryWidth: Int { Int(Double(headSize) * rotaryShare) }
  /// How heads are rotated.
  var rotaryPlan: RotaryPlan { RotaryPlan(width: rotaryWidth, theta: ropeTheta, scaling: ropeScaling) }

  /// The positions and the rotation, with what `model_type`s leave out.
  static func rotaryKeys(positions: [String: Int] = [:]) -> [ConfigurationKey<Self>] {
    [
      .optional(
        "max_position_embeddings", \.maximumPositions, .integer(to: 1 << 20), "Longest sequence the model takes",
        defaults: positions, writing: { $0.declaredPositions }),
      .read { $0.readRope(from: &$1) },
      .written(ropeKeys.theta) { JSONValue($0.ropeTheta) },
      .written(ropeKeys.share ?? "partial_rotary_factor") {
        ropeKeys.share == nil ? Optional.none : JSONValue($0.rotaryShare)
      },
      .written("rope_scaling") { $0.ropeScaling?.json(factorsAlone: writesFactorsAlone) },
      .written("original_max_position_embeddings") {
        $0.ropeScaling?.kind == .longrope ? JSONValue($0.ropeScaling!.originalPositions) : Optional.none
      },
    ]
  }

  /// What `max_position_embeddings` says, which `dynamic` scaling exceeds.
  private var declaredPositions: Int {
    ropeScaling?.kind == .dynamic ? ropeScaling!.originalPositions : maximumPositions
  }

  /// Reads base, share and scaling, from `rope_parameters`, which has them all in newer files, or from keys of their own.
  private mutating func readRope(from section: inout SettingsSection) {
    let positions = maximumPositions
    var original = RopeScaling.Context(of: section, positions: positions, width: 0)
    original.kinds = Self.ropeKinds
    original.usualOriginalPositions = Self.usualOriginalPositions ?? positions
    if original.isTyped { original.impliedPositions = Self.usualOriginalPositions }
    let size = headSize
    func width(_ share: Double) -> Int { Int(Double(size) * share) }
    let beside = Self.readShare(Self.ropeKeys.share ?? "partial_rotary_factor", from: &section)
    let usual = rotaryShare
    func read(_ section: inout SettingsSection, typeDefault: String?) -> RopeParts {
      var context = original
      let theta = section.optional("rope_theta", .number(above: 0), "Base of the rotary wavelengths")
      let share = Self.readShare("partial_rotary_factor", from: &section)
      context.width = width(share ?? beside ?? usual)
      if let parts = Self.readByLayer(from: &section, { read(&$0, typeDefault: "default") }) { return parts }
      if Self.hasLocalRotation {
        section.accept("truncate", only: [true], because: "transformers looks for it elsewhere, and takes true")
      }
      return RopeParts(
        theta: theta, share: share, scaling: RopeScaling(from: &section, context, typeDefault: typeDefault))
    }
    let parameters = section.optionalSection("rope_parameters", "rope_theta and rope_scaling in one object") { inner in
      defer { Self.checkKinds(of: inner) }
      return read(&inner, typeDefault: "default")
    }
    var scaling: RopeParts?
    if parameters == nil {
      scaling = section.optionalSection("rope_scaling", "Stretching of the rotary wavelengths") {
        read(&$0, typeDefault: nil)
      }
    } else {
      section.accept("rope_scaling", only: [.null], because: "rope_parameters takes its place")
    }
    take(
      parameters ?? scaling, shareBeside: beside, owner: parameters == nil ? "rope_scaling" : "rope_parameters",
      &section)
    section.ignore(["original_max_position_embeddings"])
  }

  /// Of `rope_parameters` transformers reads the objects of the two kinds of layers alone, where each has its own rotation.
  private static func checkKinds(of parameters: SettingsSection) {
    guard hasLocalRotation, !parameters.has("full_attention"), !parameters.has("sliding_attention") else { return }
    let kind = parameters.text("rope_type") ?? parameters.text("type") ?? "default"
    parameters.rule(
      "rope_theta", "rope_type", holds: kind == "default" && !parameters.has("rope_theta"),
      "rope_parameters has an object each for full_attention and sliding_attention: beside them nothing has an effect")
  }

  /// Reads an object that has an object each for the layers with and without a window; nil where it has none. Where all
  /// blocks rotate alike, both must be left out.
  private static func readByLayer(
    from section: inout SettingsSection, _ read: (inout SettingsSection) -> RopeParts
  ) -> RopeParts? {
    guard hasLocalRotation else {
      for key in ["full_attention", "sliding_attention"] {
        section.accept(key, only: [.null], because: "all blocks rotate alike")
      }
      return nil
    }
    guard section.has("full_attention") || section.has("sliding_attention") else {
      section.ignore(["full_attention", "sliding_attention"])
      return nil
    }
    // What the two leave out is what the keys beside say, or the usual.
    let whole = section.optionalSection("full_attention", "The rotation in blocks that see the whole text") {
      read(&$0)
    }
    var parts = whole ?? RopeParts()
    let local = section.optionalSection("sliding_attention", "The rotation in blocks with a window") { section in
      section.accept("rope_type", only: ["default"], because: "wavelengths in blocks with a window are not scaled")
      return section.optional("rope_theta", .number(above: 0), "Base of the rotary wavelengths")
    }
    parts.localTheta = local.flatMap { $0 }
    return parts
  }

  /// Settles what an object and the keys beside it say.
  private mutating func take(
    _ parts: RopeParts?, shareBeside: Double?, owner: String, _ section: inout SettingsSection
  ) {
    ropeScaling = parts?.scaling
    if let scaling = ropeScaling, scaling.kind == .dynamic {
      let reach = Double(maximumPositions) * scaling.factor
      section.rule(
        "max_position_embeddings", owner, holds: reach <= 0x1p20,
        "max_position_embeddings times factor (\(reach)) must not exceed \(1 << 20)")
      maximumPositions = Int(min(reach, 0x1p20))
    }
    let key = Self.ropeKeys.theta
    if let theta = parts?.theta {
      section.accept(key, only: [JSONValue(theta)], because: "\(owner) has that value")
      ropeTheta = theta
    } else {
      ropeTheta = section.value(key, .number(above: 0), default: ropeTheta, "Base of the rotary wavelengths")
    }
    if let local = parts?.localTheta {
      section.accept("rope_local_base_freq", only: [JSONValue(local)], because: "\(owner) has that value")
      takeLocalTheta(local)
    }
    guard let share = parts?.share ?? shareBeside else { return }
    section.rule(
      Self.ropeKeys.share ?? "partial_rotary_factor", holds: shareBeside == nil || shareBeside == share,
      "\(Self.ropeKeys.share ?? "") (\(shareBeside ?? 0)) is not the \(share) of \(owner)")
    if Self.ropeKeys.share != nil { rotaryShare = share }
  }

  /// The share of the channels that a key names, which is all where the architecture rotates whole heads.
  private static func readShare(_ key: String, from section: inout SettingsSection) -> Double? {
    guard ropeKeys.share != nil else {
      section.accept(key, only: [1], because: "whole heads are rotated")
      return nil
    }
    return section.optional(key, .number(above: 0, to: 1), "Share of a head's channels that is rotated")
  }

  /// The conditions on what is rotated.
  func checkRotation(_ section: SettingsSection) {
    let isWhole = rotaryShare == 1
    let what =
      !isWhole
      ? "the rotated part of a head (\(rotaryWidth))"
      : section.has("head_dim") ? "head_dim (\(headSize))" : "the size of a head (\(headSize))"
    section.rule(
      "hidden_size", "num_attention_heads", "head_dim",
      holds: headSize == 0 || (rotaryWidth > 0 && rotaryWidth.isMultiple(of: 2)),
      "\(what) must be even for rotary positions")
  }
}

/// What an object about rotary positions says.
private struct RopeParts {
  var theta: Double?
  var localTheta: Double?
  var share: Double?
  var scaling: RopeScaling?
}
