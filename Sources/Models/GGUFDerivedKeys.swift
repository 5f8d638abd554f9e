import Files

extension GGUFNaming {
  /// A key whose value follows from several of a config.json, or from one in a way of its own.
  package struct Derived: Sendable {
    package let gguf: String
    /// Whether GGUF stores a float.
    package var isFloat = false
    /// The value for a config.json; nil leaves the key out.
    package let write: @Sendable (_ config: JSONValue) -> JSONValue?
    /// Takes the value, nil where the file has none, into a config.json that has all plain keys; false for one that is not
    /// supported.
    package let read: @Sendable (_ value: JSONValue?, _ config: inout JSONValue) -> Bool
  }

  /// Something that a config.json can ask for and llama.cpp's model of the architecture does not have.
  package struct Lack: Sendable {
    /// The key of the config.json.
    package let key: String
    /// Whether files have it all the same: llama.cpp has learnt it, and its older versions pass over it.
    package var isRead = false
    /// Whether a config.json asks for it.
    package let isWanted: @Sendable (_ config: JSONValue) -> Bool
  }
}

extension JSONValue {
  /// hidden_size / num_attention_heads of a config.json, 0 where one is missing.
  fileprivate var quotient: Int {
    (self["hidden_size"]?.integer ?? 0) / max(1, self["num_attention_heads"]?.integer ?? 1)
  }
  /// D of a config.json.
  fileprivate var headSize: Int { self["head_dim"]?.integer ?? quotient }
  /// The kind of `rope_scaling`.
  fileprivate var ropeKind: String? {
    (self["rope_scaling"]?["rope_type"] ?? self["rope_scaling"]?["type"])?.string
  }
}

// MARK: - Heads

extension GGUFNaming.Derived {
  /// The size of a head, for architectures that have a key for it.
  static let headSize = Self(
    gguf: "attention.key_length", write: { JSONValue($0.headSize) },
    read: { value, config in
      config["head_dim"] = value ?? JSONValue(config.quotient)
      return true
    })
  static let valueSize = Self(
    gguf: "attention.value_length", write: { JSONValue($0.headSize) },
    read: { value, config in value.map { $0.integer == config.headSize } ?? true })
  /// The same where the size of a head is always that of its share of the width.
  static let usualHeadSize = equal(to: "attention.key_length")
  static let usualValueSize = equal(to: "attention.value_length")

  private static func equal(to gguf: String) -> Self {
    Self(
      gguf: gguf, write: { _ in Optional<JSONValue>.none },
      read: { value, config in value.map { $0.integer == config.quotient } ?? true })
  }

  /// The number of channels that are rotated: all of a head.
  static let rotaryWidth = Self(
    gguf: "rope.dimension_count", write: { JSONValue($0.headSize) },
    read: { value, config in value.map { $0.integer == config.headSize } ?? true })

  /// The same where a key says which share of a head it is.
  static func rotaryShare(_ key: String) -> Self {
    Self(
      gguf: "rope.dimension_count",
      write: { config in JSONValue(Int(Double(config.quotient) * (config[key]?.double ?? 1))) },
      read: { value, config in
        let (size, width) = (config.quotient, value?.integer ?? config.quotient)
        guard size > 0, 0 < width, width <= size else { return false }
        let share = Double(width) / Double(size)
        config[key] = JSONValue(Int(Double(size) * share) == width ? share : share.nextUp)
        return true
      })
  }

  /// Phi-3's window, 0 where there is none; llama.cpp reads and ignores it.
  static let windowOrZero = Self(
    gguf: "attention.sliding_window", write: { JSONValue($0["sliding_window"]?.integer ?? 0) },
    read: { value, config in
      if let value, value.integer != 0 { config["sliding_window"] = value }
      return true
    })

  /// Gemma 3's factor of scores, which llama.cpp takes from the size of a head.
  static let queryScalar = Self(
    gguf: "attention.scale", isFloat: true, write: { _ in Optional<JSONValue>.none },
    read: { value, config in
      config["query_pre_attn_scalar"] = JSONValue(config.headSize)
      return value == nil
    })
}

// MARK: - Rotary scaling

extension GGUFNaming.Derived {
  /// Linear and YaRN's scaling of rotary wavelengths.
  static let scaling: [Self] = [
    Self(
      gguf: "rope.scaling.type",
      write: { config in config.ropeKind.flatMap { ["linear", "yarn"].contains($0) ? JSONValue($0) : Optional.none } },
      read: { value, config in
        guard let kind = value?.string, kind != "none" else { return value == nil || value?.string != nil }
        config["rope_scaling"] = ["rope_type": JSONValue(kind)]
        return kind == "linear" || kind == "yarn"
      }),
    Self(
      gguf: "rope.scaling.factor", isFloat: true,
      write: { config in
        ["linear", "yarn"].contains(config.ropeKind ?? "") ? config["rope_scaling"]?["factor"] : Optional.none
      },
      read: { value, config in
        guard config.ropeKind != nil else { return value == nil || value?.double == 1 || value?.double == 0 }
        config["rope_scaling"]?["factor"] = value
        return value != nil
      }),
    Self(
      gguf: "rope.scaling.original_context_length",
      write: { config in
        config.ropeKind == "yarn" ? config["rope_scaling"]?["original_max_position_embeddings"] : Optional.none
      },
      read: { value, config in
        if config.ropeKind == "yarn", let value { config["rope_scaling"]?["original_max_position_embeddings"] = value }
        return true
      }),
  ]

  /// LongRoPE's, whose factors are tensors.
  static let longRope: [Self] = [
    Self(
      gguf: "rope.scaling.original_context_length",
      write: { $0["original_max_position_embeddings"] ?? $0["max_position_embeddings"] },
      read: { value, config in
        if let value { config["original_max_position_embeddings"] = value }
        return true
      }),
    Self(
      gguf: "rope.scaling.attn_factor", isFloat: true,
      write: { config in
        guard config.ropeKind == "longrope", var scaling = config["rope_scaling"] else { return Optional.none }
        let positions = config["max_position_embeddings"]?.integer ?? 1
        let original = config["original_max_position_embeddings"]?.integer ?? positions
        scaling["original_max_position_embeddings"] = JSONValue(original)
        scaling["factor"] = JSONValue(Double(positions) / Double(original))
        return JSONValue(RopeScaling(longRope: scaling).amplitude)
      },
      read: { value, config in
        // Kept beside the object, which the reader of the tensors makes.
        if let value { config["attention_factor"] = value }
        return true
      }),
  ]
}

extension RopeScaling {
  /// The scaling that an object with the keys of `longrope` stands for, without its factors.
  package init(longRope object: JSONValue) {
    self.init()
    kind = .longrope
    factor = object["factor"]?.double ?? 1
    originalPositions = object["original_max_position_embeddings"]?.integer ?? 1
    attentionFactor = object["attention_factor"]?.double
  }

  /// What rotated pairs are multiplied by where the object does not say.
  package var usualAmplitude: Double {
    var usual = self
    usual.attentionFactor = nil
    return usual.amplitude
  }
}

// MARK: - What is lacking

extension GGUFNaming.Lack {
  private static func flag(_ key: String, _ value: Bool) -> Self { Self(key: key) { $0[key]?.bool == value } }

  /// Layers that see a window.
  static let slidingLayers = Self(key: "layer_types") {
    $0["layer_types"]?.array?.contains("sliding_attention") ?? false
  }
  static let switchedWindow = flag("use_sliding_window", true)
  static let attentionBias = flag("attention_bias", true)
  static let innerBias = flag("mlp_bias", true)
  static let unbiasedAttention = flag("attention_bias", false)
  static let tiedHead = flag("tie_word_embeddings", true)
  /// GPT-NeoX's GELU is named one way only.
  static let tanhGELU = Self(key: "hidden_act") { $0["hidden_act"] != "gelu" }
  /// Any scaling of rotary wavelengths.
  static let scaling = Self(key: "rope_scaling") { $0.ropeKind != nil }
  /// A window that cuts: llama.cpp ignores it.
  static let cuttingWindow = Self(key: "sliding_window") {
    ($0["sliding_window"]?.integer ?? .max) < ($0["max_position_embeddings"]?.integer ?? 0)
  }
  static let otherHeadSize = Self(key: "head_dim") { $0.headSize != $0.quotient }
  /// SmolLM3's layers without rotation, which llama.cpp takes to be every fourth.
  static let otherRotation = Self(key: "no_rope_layers") { config in
    (config["no_rope_layers"]?.array ?? []).enumerated().contains { $1.integer != (($0 + 1) % 4 == 0 ? 0 : 1) }
  }
  /// Gemma 3's layers with a window, which llama.cpp takes to be all but every sixth, and the rotation there.
  static let otherLocalLayers: [Self] = [
    Self(key: "layer_types") { config in
      (config["layer_types"]?.array ?? []).enumerated().contains {
        ($1 == "sliding_attention") != (($0 + 1) % 6 != 0)
      }
    }, Self(key: "rope_local_base_freq", isRead: true) { $0["rope_local_base_freq"]?.double != 10000 },
    Self(key: "query_pre_attn_scalar") { $0["query_pre_attn_scalar"]?.double != Double($0.headSize) },
  ]

  /// Kinds of scaling that neither keys nor tensors of the file can say.
  static let otherScaling = Self(key: "rope_scaling") { config in
    guard let kind = config.ropeKind, let scaling = config["rope_scaling"] else { return false }
    switch kind {
    case "linear": return false
    case "yarn":
      return scaling["attention_factor"] != nil || scaling["mscale"] != nil || scaling["mscale_all_dim"] != nil
        || scaling["beta_fast"]?.double != 32 || scaling["beta_slow"]?.double != 1 || scaling["truncate"]?.bool == false
    default: return true
    }
  }
  /// The same for an architecture with a tensor of factors.
  static let otherScalingThanLlama3 = Self(key: "rope_scaling") { config in
    config.ropeKind != "llama3" && otherScaling.isWanted(config)
  }
}
