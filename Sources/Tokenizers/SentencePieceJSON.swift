import Files

// What a tokenizer.json says about a SentencePiece tokenizer besides its vocabulary and its merges. Two spellings are in
// use: a normalizer that prepends and replaces, and the pre-tokenizer Metaspace.

extension SpacePrefix {
  private static let space = "\u{2581}"

  /// What `normalizer` and `pre_tokenizer` mean together.
  init(normalizer: JSONPart?, preTokenizer: JSONPart?) throws(Failure) {
    if let preTokenizer {
      if let normalizer { throw normalizer.unsupported("beside Metaspace only none is") }
      try self.init(metaspace: preTokenizer)
      return
    }
    guard let normalizer else {
      self = .never
      return
    }
    var steps = [normalizer]
    if case "Sequence" = try normalizer.required("type").string() {
      steps = try normalizer.required("normalizers").parts()
    }
    self = .never
    if try steps.first?.required("type").string() == "Prepend" {
      try steps.removeFirst().required("prepend").require(Self.space, "SentencePiece")
      self = .prepended
    }
    guard steps.count == 1 else { throw normalizer.unsupported("only Prepend and Replace are") }
    try steps[0].required("type").require("Replace", "SentencePiece")
    try steps[0].required("pattern").required("String").require(" ", "SentencePiece")
    try steps[0].required("content").require(Self.space, "SentencePiece")
  }

  private init(metaspace part: JSONPart) throws(Failure) {
    try part.required("type").require("Metaspace", "a SentencePiece tokenizer")
    try part.required("replacement").require(Self.space, "SentencePiece")
    let split = try part.required("split")
    if try split.boolean() { throw split.unsupported("only false is") }
    let scheme = try part.required("prepend_scheme")
    guard let prefix = Self(rawValue: try scheme.string()), prefix != .prepended else {
      throw scheme.unsupported("only always, first and never are")
    }
    self = prefix
  }

  var normalizerJSON: JSONValue {
    guard self == .prepended else { return .null }
    let steps: JSONValue = [
      ["type": "Prepend", "prepend": JSONValue(Self.space)],
      ["type": "Replace", "pattern": ["String": " "], "content": JSONValue(Self.space)],
    ]
    return ["type": "Sequence", "normalizers": steps]
  }

  var preTokenizerJSON: JSONValue {
    if self == .prepended { return .null }
    return [
      "type": "Metaspace", "replacement": JSONValue(Self.space), "prepend_scheme": JSONValue(rawValue), "split": false,
    ]
  }

  var decoderJSON: JSONValue {
    var steps: [JSONValue] = [
      ["type": "Replace", "pattern": ["String": JSONValue(Self.space)], "content": " "], ["type": "ByteFallback"],
      ["type": "Fuse"],
    ]
    if self != .never { steps.append(["type": "Strip", "content": " ", "start": 1, "stop": 0]) }
    return ["type": "Sequence", "decoders": JSONValue(steps)]
  }

  /// Refuses a decoder that is not SentencePiece's.
  static func checkDecoder(_ part: JSONPart) throws(Failure) {
    try part.required("type").require("Sequence", "a SentencePiece tokenizer")
    for step in try part.required("decoders").parts() {
      let type = try step.required("type")
      if !["Replace", "ByteFallback", "Fuse", "Strip", "Metaspace"].contains(try type.string()) {
        throw type.unsupported("only the steps of SentencePiece's decoder are")
      }
    }
  }
}
