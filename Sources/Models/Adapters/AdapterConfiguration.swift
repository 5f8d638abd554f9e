import Files

/// What low-rank adapters a model has (Hu et al. 2021, "LoRA"), with the keys of PEFT's adapter_config.json.
package struct AdapterConfiguration: Equatable, Sendable {
  /// Which linear layers are adapted.
  package enum Targets: Equatable, Sendable {
    /// All but the head.
    case allLinear
    /// Those whose name is one of these, or ends with a dot and one of these.
    case names([String])
    /// Those whose whole name matches a regular expression.
    case pattern(String)
  }

  /// What the matrices are before the first step.
  package enum Start: Equatable, Sendable {
    /// A uniform in +-1 / sqrt(inputs) (Kaiming with a = sqrt(5)), B zero.
    case uniform
    /// A normal with a deviation of 1 / r, B zero.
    case gaussian
    /// The principal part of the weight, which is taken out of the base (Meng et al. 2024, "PiSSA"). PEFT computes it exactly, or
    /// draws an approximation in some iterations; here it is exact.
    case principal(iterations: Int? = nil)

    /// Of another kind, which leaves the base as it is: trained weights are read, none are begun.
    case foreign(String)

    /// The kinds of starts that PEFT has besides and that leave the base as it is.
    static let foreignWords = ["false", "eva", "orthogonal"]

    /// Whether the base is another one than the model without the updates.
    package var isPrincipal: Bool { if case .principal = self { true } else { false } }
  }

  /// r, the rank of the updates.
  package var rank = 8
  /// The numerator of the scale that updates are multiplied by.
  package var alpha = 8.0
  /// The probability by which an input of A is zero in a training step.
  package var dropout = 0.0
  package var targets = Targets.allLinear
  /// Whether the scale is alpha / sqrt(r) instead of alpha / r (Kalajdzievski 2023, "rsLoRA").
  package var isRankStabilized = false
  /// Whether a magnitude is learnt for each output and the update changes the direction alone (Liu et al. 2024, "DoRA").
  package var learnsMagnitudes = false
  /// Modules that are trained as a whole, named as targets are.
  package var savedModules: [String] = []
  /// Whether an embedding among them that is the head, too, stays it.
  package var tiesSavedModules = false
  /// Other ranks and alphas of some layers.
  package var ranks: [LayerPattern<Int>] = []
  package var alphas: [LayerPattern<Double>] = []
  /// Layers that are not adapted although they are targets.
  package var excluded = Targets.names([])
  /// The numbers of the only blocks whose layers are adapted; nil for all.
  package var blocks: [Int]?
  /// What numbers of blocks stand behind in the names of layers, as regular expressions; empty for anything.
  package var blockNames: [String] = []
  package var start = Start.uniform

  package init() {}

  /// - Throws: `.model` for a start that is read and never begun with.
  package func checkStart() throws(Failure) {
    if case .foreign(let word) = start {
      throw Failure(
        .model, "no adapter begins with init_lora_weights \(word): trained ones are read", notes: ["leave it out"])
    }
  }

  /// r of the layer at `path`.
  package func rank(at path: String) -> Int { ranks.first { $0.matches(path) }?.value ?? rank }

  /// s, what B A of the layer at `path` is multiplied by.
  package func scale(at path: String) -> Double {
    let (rank, alpha) = (Double(rank(at: path)), alphas.first { $0.matches(path) }?.value ?? alpha)
    return alpha / (isRankStabilized ? rank.squareRoot() : rank)
  }

  /// The same of layers of which no pattern says anything.
  package var scale: Double { alpha / (isRankStabilized ? Double(rank).squareRoot() : Double(rank)) }

  /// That of updates whose base is the model without them: of twice the rank and the same scale, where these are others.
  package var plain: AdapterConfiguration {
    guard start.isPrincipal else { return self }
    var plain = self
    let factor = isRankStabilized ? 2.0.squareRoot() : 2
    (plain.rank, plain.alpha, plain.start) = (2 * rank, factor * alpha, .uniform)
    plain.ranks = ranks.map { LayerPattern($0.pattern, 2 * $0.value) }
    plain.alphas = alphas.map { LayerPattern($0.pattern, factor * $0.value) }
    return plain
  }
}

extension AdapterConfiguration {
  /// Reads the keys of an adapter_config.json, strictly: what changes nothing is accepted, what is not supported is refused by
  /// name.
  package init(from section: inout SettingsSection) {
    rank = section.value("r", .integer(), default: rank, "Rank of the updates")
    alpha = section.value(
      "lora_alpha", .number(above: 0, to: 1e30), default: alpha, "Updates are scaled by lora_alpha / r")
    dropout = section.value(
      "lora_dropout", .number(from: 0, below: 1), default: 0, "Probability by which an input of an update is zero")
    targets = section.value(
      "target_modules", .targets, default: .allLinear,
      "Linear layers to adapt: ends of their names, or a regular expression for whole names")
    isRankStabilized = section.value("use_rslora", .boolean, default: false, "Scale by lora_alpha / sqrt(r)")
    learnsMagnitudes = section.value("use_dora", .boolean, default: false, "Learn magnitudes apart from directions")
    savedModules = section.value(
      "modules_to_save", .list(of: .string), default: [], "Modules that are trained whole, by the ends of their names")
    tiesSavedModules = section.value(
      "ensure_weight_tying", .boolean, default: false, "Train an embedding that is the head, too, as the one it is")
    start = section.value(
      "init_lora_weights", .start, default: .uniform, "What the matrices are before the first step")
    readPatterns(&section)
    acceptWhatChangesNothing(&section)
  }

  /// Keys of other kinds of adapters, at the values that leave these as they are.
  private func acceptWhatChangesNothing(_ section: inout SettingsSection) {
    // Every version of PEFT adds options, and writes all of them.
    section.ignoreNulls()
    section.ignore([
      "auto_mapping", "base_model_name_or_path", "inference_mode", "peft_version", "revision",
      // What the matrices began as.
      "eva_config",
      // Conv1D's layout, which the model knows.
      "fan_in_fan_out",
    ])
    section.accept("peft_type", only: ["LORA"], because: "adapters are low-rank updates")
    section.accept("task_type", only: [.null, "CAUSAL_LM"], because: "models predict the next token")
    section.accept("bias", only: ["none"], because: "biases are not trained")
    for key in ["lora_bias", "use_qalora"] {
      section.accept(key, only: [false], because: "updates are B A alone")
    }
    section.accept("loftq_config", only: [.null, [:]], because: "no base is rounded to fit its updates")
    for key in ["layer_replication", "target_parameters", "trainable_token_indices"] {
      section.accept(key, only: [.null], because: "adapters are low-rank updates of linear layers")
    }
    section.accept("merge_weights", only: [false], because: "an adapter is beside its base until it is merged")
    section.accept("megatron_core", only: [.null, "megatron.core"], because: "there is no Megatron")
    section.accept("qalora_group_size", only: [.null, 16], because: "updates are B A alone")
  }

  /// The adapter_config.json that PEFT reads; `base` names the base model there.
  package func json(base: String) -> JSONValue {
    let modules = savedModules.isEmpty ? JSONValue.null : JSONValue(savedModules.map { JSONValue($0) })
    return JSONValue(
      [
        JSONMember("peft_type", "LORA"), JSONMember("task_type", "CAUSAL_LM"),
        JSONMember("base_model_name_or_path", JSONValue(base)), JSONMember("r", JSONValue(rank)),
        JSONMember("lora_alpha", SettingsType<Double>.number().write(alpha)),
        JSONMember("lora_dropout", SettingsType<Double>.number().write(dropout)),
        JSONMember("target_modules", SettingsType<Targets>.targets.write(targets)),
        JSONMember("use_rslora", JSONValue(isRankStabilized)), JSONMember("use_dora", JSONValue(learnsMagnitudes)),
        JSONMember("modules_to_save", modules), JSONMember("bias", "none"),
        JSONMember("init_lora_weights", SettingsType<Start>.start.write(start)), JSONMember("inference_mode", true),
      ] + patternMembers)
  }
}

extension SettingsType where Value == AdapterConfiguration.Targets {
  fileprivate static var targets: Self {
    Self(
      "\"all-linear\", a regular expression or a list of names", placeholder: .allLinear,
      schema: SettingsType<[String]>.oneOrMore(.string).schema,
      read: { value in
        if let word = value.string {
          return word.isEmpty ? nil : word.lowercased() == "all-linear" ? .allLinear : .pattern(word)
        }
        guard let names = value.array?.map(\.string), !names.isEmpty, names.allSatisfy({ $0?.isEmpty == false }) else {
          return nil
        }
        return .names(names.map { $0! })
      },
      write: { targets in
        switch targets {
        case .allLinear: "all-linear"
        case .names(let names): JSONValue(names.map { JSONValue($0) })
        case .pattern(let pattern): JSONValue(pattern)
        }
      })
  }
}

extension SettingsType where Value == AdapterConfiguration.Start {
  fileprivate static var start: Self {
    Self(
      "true, \"gaussian\", \"pissa\" or \"pissa_niter_N\"", placeholder: .uniform,
      schema: [
        "anyOf": [["enum": [true, "gaussian", "pissa"]], ["type": "string", "pattern": "^pissa_niter_[0-9]+$"]]
      ],
      read: { value in
        if let flag = value.bool { return flag ? .uniform : .foreign("false") }
        switch value.string {
        case "gaussian": return .gaussian
        case "pissa": return .principal()
        case let word? where AdapterConfiguration.Start.foreignWords.contains(word): return .foreign(word)
        case let word?:
          guard word.hasPrefix("pissa_niter_"), let count = Int(word.dropFirst(12)), count >= 0 else { return nil }
          return .principal(iterations: count)
        default: return nil
        }
      },
      write: { start in
        switch start {
        case .uniform: true
        case .gaussian: "gaussian"
        case .foreign(let word): word == "false" ? false : JSONValue(word)
        case .principal(let iterations): JSONValue("pissa" + (iterations.map { "_niter_\($0)" } ?? ""))
        }
      })
  }
}
