import Files

extension Normalization {
  /// What a `normalizer` means.
  init(_ part: JSONPart?, alphabet: Alphabet) throws(Failure) {
    var steps: [Step] = []
    if let part {
      try Self.append(part, to: &steps)
      let growth = steps.reduce(1.0) { $0 * $1.growth }
      if growth > 1000 { throw part.unsupported("only what makes text at most a thousand times longer is") }
    }
    self.init(steps, alphabet: alphabet)
  }

  private static func append(_ part: JSONPart, to steps: inout [Step]) throws(Failure) {
    let type = try part.required("type")
    let name = try type.string()
    if let form = UnicodeForm(rawValue: name) { return steps.append(.form(form)) }
    switch name {
    case "Sequence": for step in try part.required("normalizers").parts() { try append(step, to: &steps) }
    case "Lowercase": steps.append(.lowercase)
    case "StripAccents": steps.append(.stripAccents)
    case "Strip":
      let left = try part.required("strip_left").boolean()
      steps.append(.strip(left: left, right: try part.required("strip_right").boolean()))
    case "Prepend": steps.append(.prepend(Array(try part.required("prepend").string().utf8)))
    case "Replace":
      let (pattern, content) = try replacement(part)
      steps.append(.replace(pattern, with: content))
    default:
      throw type.unsupported(
        "only NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Prepend, Replace and Sequence are")
    }
  }

  /// What a `Replace` replaces, and with what.
  static func replacement(_ part: JSONPart) throws(Failure) -> (pattern: [UInt8], content: [UInt8]) {
    let pattern = try part.required("pattern")
    guard let text = pattern["String"] else { throw pattern.unsupported("only a String is") }
    return (Array(try text.string().utf8), Array(try part.required("content").string().utf8))
  }

  /// Whether text keeps its first scalar, so that what begins a text is known afterwards.
  var keepsBeginning: Bool {
    steps.allSatisfy { step in
      switch step {
      case .strip, .stripAccents: false
      case .replace(_, let content): !content.isEmpty
      default: true
      }
    }
  }

  var json: JSONValue {
    let list = steps.map(\.json)
    if list.isEmpty { return .null }
    return list.count == 1 ? list[0] : ["type": "Sequence", "normalizers": JSONValue(list)]
  }
}

extension Normalization.Step {
  /// How many times longer it may make text. That which is put before text counts as if it were long.
  fileprivate var growth: Double {
    switch self {
    case .replace(let pattern, let content): max(1, Double(content.count) / Double(max(pattern.count, 1)))
    case .prepend(let prefix): 1 + Double(prefix.count) / 100
    case .form(.nfkc), .form(.nfkd): 11
    case .form, .lowercase: 3
    case .strip, .stripAccents: 1
    }
  }

  fileprivate var json: JSONValue {
    func text(_ bytes: [UInt8]) -> JSONValue { JSONValue(String(decoding: bytes, as: UTF8.self)) }
    return switch self {
    case .form(let form): ["type": JSONValue(form.rawValue)]
    case .lowercase: ["type": "Lowercase"]
    case .stripAccents: ["type": "StripAccents"]
    case .strip(let left, let right):
      ["type": "Strip", "strip_left": JSONValue(left), "strip_right": JSONValue(right)]
    case .prepend(let prefix): ["type": "Prepend", "prepend": text(prefix)]
    case .replace(let pattern, let content):
      ["type": "Replace", "pattern": ["String": text(pattern)], "content": text(content)]
    }
  }
}
