import Files

extension Cutting {
  /// What the `pre_tokenizer` of a byte-level tokenizer means, and whether it puts a space before text.
  static func read(_ part: JSONPart) throws(Failure) -> (cutting: Cutting, addsPrefixSpace: Bool) {
    var parts: [JSONPart] = []
    try flatten(part, into: &parts)
    guard parts.count <= 32 else { throw part.unsupported("only 32 steps are") }
    var steps: [PieceSteps.Step] = []
    var addsPrefixSpace = false
    for (index, step) in parts.enumerated() {
      let read = try PieceSteps.Step(step)
      if case .byteLevel = read, let prefix = step["add_prefix_space"], try prefix.boolean() {
        guard index == 0 else { throw prefix.unsupported("behind another step only false is") }
        addsPrefixSpace = true
      }
      steps.append(read)
    }
    let count = steps.count { if case .byteLevel = $0 { true } else { false } }
    guard count == 1 else { throw part.unsupported("only a pre-tokenizer with one ByteLevel step is") }
    return (Cutting(steps), addsPrefixSpace)
  }

  private static func flatten(_ part: JSONPart, into parts: inout [JSONPart]) throws(Failure) {
    guard case "Sequence" = try part.required("type").string() else { return parts.append(part) }
    for step in try part.required("pretokenizers").parts() { try flatten(step, into: &parts) }
  }

  /// The usual ways to cut have scanners of their own.
  private init(_ steps: [PieceSteps.Step]) {
    switch (steps.first, steps.count, steps.last) {
    case (.byteLevel(let usesPattern), 1, _): self = .named(usesPattern ? .gpt2 : .none)
    case (.cut(let cut), 2, .byteLevel(true)) where cut.kind == .digits(individual: true): self = .named(.gpt2Digits)
    case (.cut(let cut), 2, .byteLevel(false)) where cut.kind == .expression && cut.isPlain:
      let known = PreTokenizer.allCases.first { known in
        known != .gpt2Digits && known.pattern?.hasSameBytes(as: cut.pattern.source) == true
      }
      self = known.map(Cutting.named) ?? .steps(PieceSteps(steps: steps))
    default: self = .steps(PieceSteps(steps: steps))
    }
  }

  func json(addsPrefixSpace: Bool) -> JSONValue {
    let list: [JSONValue]
    switch self {
    case .named(let preTokenizer): list = preTokenizer.steps.map { $0.json(addsPrefixSpace: addsPrefixSpace) }
    case .steps(let steps): list = steps.steps.map { $0.json(addsPrefixSpace: addsPrefixSpace) }
    }
    return list.count == 1 ? list[0] : ["type": "Sequence", "pretokenizers": JSONValue(list)]
  }
}

extension PreTokenizer {
  fileprivate var steps: [PieceSteps.Step] {
    switch self {
    case .gpt2: [.byteLevel(usesPattern: true)]
    case .none: [.byteLevel(usesPattern: false)]
    case .gpt2Digits: [.cut(.digits(individual: true)), .byteLevel(usesPattern: true)]
    case .llama3, .qwen2: [.cut(.expression(pattern!)), .byteLevel(usesPattern: false)]
    }
  }
}

extension PieceSteps.Cut {
  /// Whether every match is a piece, and nothing is lost of a text that matches cover, as those of our own patterns do:
  /// OLMo 2's files remove what does not match.
  fileprivate var isPlain: Bool { behavior == .isolated || behavior == .removed && isInverted }

  fileprivate static func digits(individual: Bool) -> Self {
    var digits = ScalarSet()
    digits.insert { category, _, _ in (8...10).contains(category) }
    return Self(
      kind: .digits(individual: individual), pattern: Pattern(digits), behavior: individual ? .isolated : .contiguous)
  }

  fileprivate static func punctuation(_ behavior: PieceSteps.Behavior) -> Self {
    var punctuation = ScalarSet([0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E])
    punctuation.insert { category, _, _ in (18...24).contains(category) }
    return Self(kind: .punctuation, pattern: Pattern(punctuation), behavior: behavior)
  }

  fileprivate static var whitespace: Self {
    var spaces = ScalarSet()
    spaces.insert { _, isSpace, _ in isSpace }
    return Self(kind: .whitespace, pattern: Pattern(spaces), behavior: .removed)
  }

  /// One of our own patterns, which are supported.
  fileprivate static func expression(_ source: String) -> Self {
    // swift-format-ignore: NeverUseForceTry
    Self(kind: .expression, pattern: try! Pattern(source), behavior: .isolated)
  }
}

extension PieceSteps.Step {
  fileprivate init(_ part: JSONPart) throws(Failure) {
    let type = try part.required("type")
    switch try type.string() {
    case "ByteLevel":
      self = .byteLevel(usesPattern: try part["use_regex"]?.boolean() ?? true)
    case "Digits": self = .cut(.digits(individual: try part["individual_digits"]?.boolean() ?? false))
    case "Punctuation": self = .cut(.punctuation(try PieceSteps.Behavior(part["behavior"]) ?? .isolated))
    case "WhitespaceSplit": self = .cut(.whitespace)
    case "Split": self = .cut(try Self.split(part))
    default: throw type.unsupported("only ByteLevel, Split, Digits, Punctuation, WhitespaceSplit and Sequence are")
    }
  }

  private static func split(_ part: JSONPart) throws(Failure) -> PieceSteps.Cut {
    let expression = try part.required("pattern")
    guard let behavior = try PieceSteps.Behavior(part.required("behavior")) else {
      throw part.failure("has no behavior")
    }
    let isInverted = try part["invert"]?.boolean() ?? false
    if let text = expression["String"] {
      let content = try text.string()
      if content.isEmpty { throw text.failure("is empty") }
      return .init(
        kind: .text(content), pattern: Pattern(text: content), behavior: behavior, isInverted: isInverted)
    }
    let source = try expression.required("Regex")
    let text = try source.string()
    do throws(PatternError) {
      return .init(
        kind: .expression, pattern: try Pattern(text), behavior: behavior,
        isInverted: isInverted)
    } catch {
      throw source.failure("is not supported", notes: ["it has \(error.what)", "in \(text)"])
    }
  }

  fileprivate func json(addsPrefixSpace: Bool) -> JSONValue {
    switch self {
    case .byteLevel(let usesPattern):
      return [
        "type": "ByteLevel", "add_prefix_space": JSONValue(addsPrefixSpace), "trim_offsets": true,
        "use_regex": JSONValue(usesPattern),
      ]
    case .cut(let cut):
      let behavior = JSONValue(cut.behavior.rawValue)
      let pattern: JSONValue
      switch cut.kind {
      case .digits(let individual): return ["type": "Digits", "individual_digits": JSONValue(individual)]
      case .punctuation: return ["type": "Punctuation", "behavior": behavior]
      case .whitespace: return ["type": "WhitespaceSplit"]
      case .text(let text): pattern = ["String": JSONValue(text)]
      case .expression: pattern = ["Regex": JSONValue(cut.pattern.source)]
      }
      return [
        "type": "Split", "pattern": pattern, "behavior": behavior, "invert": JSONValue(cut.isInverted),
      ]
    }
  }
}

extension PieceSteps.Behavior {
  fileprivate init?(_ part: JSONPart?) throws(Failure) {
    guard let part else { return nil }
    guard let behavior = Self(rawValue: try part.string()) else {
      throw part.unsupported("only Removed, Isolated, Contiguous, MergedWithPrevious and MergedWithNext are")
    }
    self = behavior
  }
}
