import Files

extension TextPreparation {
  /// What a tokenizer.json says of what happens to text besides its vocabulary, its merges and its added tokens.
  init(_ root: JSONPart, alphabet: Alphabet) throws(Failure) {
    normalization = try Normalization(root["normalizer"], alphabet: alphabet)
    let decoder = try root.required("decoder")
    switch alphabet {
    case .bytes:
      try Self.checkByteLevel(decoder)
      let (cutting, addsPrefixSpace) = try Cutting.read(root.required("pre_tokenizer"))
      self.cutting = cutting
      prefix = addsPrefixSpace ? .always : .never
    case .characters:
      stripping = try Self.stripping(decoder)
      if let part = root["pre_tokenizer"] { try readPieces(part) }
      guard isMetaspace || normalization.unmarksSpaces else {
        throw root.failure("does not write spaces as U+2581", notes: ["a Replace or a Metaspace step is expected"])
      }
    }
  }

  // MARK: SentencePiece's spaces

  private mutating func readPieces(_ part: JSONPart) throws(Failure) {
    let type = try part.required("type")
    switch try type.string() {
    case "Metaspace": try readMetaspace(part)
    case "Sequence":
      let steps = try part.required("pretokenizers").parts()
      guard steps.count <= 1 else { throw part.unsupported("only one step is") }
      if let step = steps.first { try readPieces(step) }
    case "Split":
      // A space that is none any more cuts nothing.
      if let invert = part["invert"], try invert.boolean() { throw invert.unsupported("only false is") }
      let pattern = try part.required("pattern")
      guard pattern["String"]?.value.string == " ", normalization.unmarksSpaces else {
        throw pattern.unsupported("only the String \" \" behind a Replace of spaces is")
      }
    default: throw type.unsupported("only Metaspace and Split are")
    }
  }

  private mutating func readMetaspace(_ part: JSONPart) throws(Failure) {
    try part.required("replacement").require(String(decoding: Normalization.mark, as: UTF8.self), "SentencePiece")
    isMetaspace = true
    splitsAtSpaces = try part["split"]?.boolean() ?? true
    prefix = try Self.prefix(part)
    if prefix == .first, !normalization.keepsBeginning {
      throw part.unsupported("behind a normalizer that takes text away, prepend_scheme first is not")
    }
  }

  private static func prefix(_ part: JSONPart) throws(Failure) -> SpacePrefix {
    guard let scheme = part["prepend_scheme"] else {
      if let older = part["add_prefix_space"], try !older.boolean() { throw older.unsupported("only true is") }
      return .always
    }
    guard let prefix = SpacePrefix(rawValue: try scheme.string()) else {
      throw scheme.unsupported("only always, first and never are")
    }
    return prefix
  }

  // MARK: Decoders

  private static func checkByteLevel(_ part: JSONPart) throws(Failure) {
    let type = try part.required("type")
    if try type.string() == "Sequence" {
      let steps = try part.required("decoders").parts()
      guard let first = steps.first else { throw part.failure("has no steps") }
      try checkByteLevel(first)
      for step in steps.dropFirst() {
        let type = try step.required("type")
        if try type.string() != "Fuse" { throw type.unsupported("behind ByteLevel only Fuse is") }
      }
      return
    }
    try type.require("ByteLevel", "a byte-level tokenizer")
  }

  /// What SentencePiece's decoder does to the spaces before a text. All its steps have to be there.
  private static func stripping(_ part: JSONPart) throws(Failure) -> SpaceStripping {
    try part.required("type").require("Sequence", "a SentencePiece tokenizer")
    let list = try part.required("decoders")
    var stripping = SpaceStripping.none
    var seen: [String] = []
    for step in try list.parts() {
      let type = try step.required("type")
      let name = try type.string()
      if seen.contains(name) { throw type.unsupported("each step is once") }
      switch name {
      case "ByteFallback", "Fuse": break
      case "Replace":
        let (pattern, content) = try Normalization.replacement(step)
        guard pattern == Normalization.mark, content == [0x20], !seen.contains("ByteFallback") else {
          throw type.unsupported("only U+2581 replaced by a space before ByteFallback is")
        }
      case "Metaspace": if try prefix(step) != .never { stripping = .firstToken }
      case "Strip":
        guard seen.contains("Fuse"), try step.required("content").string() == " ",
          try step.required("start").integer() == 1,
          try step.required("stop").integer() == 0
        else { throw type.unsupported("only one space before the text, behind Fuse, is") }
        stripping = .one
      default: throw type.unsupported("only Replace, ByteFallback, Fuse, Strip and Metaspace are")
      }
      seen.append(name)
    }
    guard seen.contains("ByteFallback"), seen.contains("Replace") != seen.contains("Metaspace") else {
      throw list.unsupported("only ByteFallback with either Replace or Metaspace is")
    }
    return stripping
  }

  // MARK: Writing

  func preTokenizerJSON(_ alphabet: Alphabet) -> JSONValue {
    guard alphabet == .characters else { return cutting.json(addsPrefixSpace: prefix == .always) }
    return isMetaspace ? metaspaceJSON : .null
  }

  private var metaspaceJSON: JSONValue {
    [
      "type": "Metaspace", "replacement": JSONValue(String(decoding: Normalization.mark, as: UTF8.self)),
      "prepend_scheme": JSONValue(prefix.rawValue), "split": JSONValue(splitsAtSpaces),
    ]
  }

  func decoderJSON(_ alphabet: Alphabet) -> JSONValue {
    guard alphabet == .characters else {
      return ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true]
    }
    let mark = JSONValue(String(decoding: Normalization.mark, as: UTF8.self))
    let spaces: JSONValue =
      stripping == .firstToken
      ? ["type": "Metaspace", "replacement": mark, "prepend_scheme": "always", "split": false]
      : ["type": "Replace", "pattern": ["String": mark], "content": " "]
    var steps: [JSONValue] = [spaces, ["type": "ByteFallback"], ["type": "Fuse"]]
    if stripping == .one { steps.append(["type": "Strip", "content": " ", "start": 1, "stop": 0]) }
    return ["type": "Sequence", "decoders": JSONValue(steps)]
  }
}
