import Files

extension Tokenizer {
  /// Reads Hugging Face's `tokenizer.json` of a byte-level BPE tokenizer, or of a SentencePiece one that is a BPE with
  /// byte fallback.
  ///
  /// Everything in the file that affects ids is either done exactly or refused by its JSON path; `truncation` and
  /// `padding`, which are settings of a run, are ignored. The tokens that begin and end a text are recognised by
  /// their usual names; a model's configuration may name others, see `with(endOfText:beginningOfText:)`.
  ///
  /// - Throws: `Failure` naming the JSON path.
  public init(json bytes: [UInt8], source: String) throws(Failure) {
    let root = JSONPart(try JSONValue.parse(bytes, source: source, area: .tokenizer), path: "", source: source)
    _ = try root.members()
    try root.allow(
      "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder",
      "model")
    let model = try root.required("model")
    let alphabet = try Self.alphabet(of: model)
    let vocabulary = try model.required("vocab")
    let entries = try vocabulary.members()
    let added = try Self.addedTokens(root["added_tokens"])
    try Self.requireDistinct(added, source)
    let (normalization, preTokenizer) = try Self.cutting(root, alphabet)
    let prefix = try Self.prefix(root["post_processor"])

    var known = Set<[UInt8]>(added.map { Array($0.text.utf8) })
    for entry in entries { known.remove(Array(entry.key.utf8)) }
    let merges = try model.required("merges")
    let pairs = try merges.elements()
    var assembly = try VocabularyAssembly(
      count: entries.count + known.count, added: added, merges: pairs.count, alphabet: alphabet, source: source)
    // Paths are made for failures only: there are hundreds of thousands of entries.
    for entry in entries {
      let part = { JSONPart(entry.value, path: vocabulary.path(of: entry.key), source: source) }
      guard let id = entry.value.integer else { throw part().mismatch("an integer") }
      try assembly.add(entry.key, id: id, part().site)
    }
    for (index, pair) in pairs.enumerated() {
      let part = { JSONPart(pair, path: "\(merges.path)[\(index)]", source: source) }
      let (left, right) = try Self.merge(pair, part())
      try assembly.addMerge(left, right, part().site)
    }
    let takesWholePieces = try model["ignore_merges"]?.boolean() ?? false
    self.init(
      model: try assembly.model(takesWholePieces: takesWholePieces, source: source), addedTokens: added,
      preTokenizer: preTokenizer, normalization: normalization,
      beginningOfText: try Self.beginningOfText(prefix, added))
  }

  /// What happens to text before its symbols are merged.
  private static func cutting(
    _ root: JSONPart, _ alphabet: Alphabet
  ) throws(Failure) -> (Normalization, PreTokenizer) {
    switch alphabet {
    case .bytes:
      let decoder = try root.required("decoder")
      try decoder.required("type").require("ByteLevel", "a byte-level tokenizer")
      return (try normalization(root["normalizer"]), try preTokenizer(root.required("pre_tokenizer")))
    case .characters:
      try SpacePrefix.checkDecoder(root.required("decoder"))
      let prefix = try SpacePrefix(normalizer: root["normalizer"], preTokenizer: root["pre_tokenizer"])
      return (.sentencePiece(prefix), .none)
    }
  }

  private static func alphabet(of model: JSONPart) throws(Failure) -> Alphabet {
    if let type = model["type"] { try type.require("BPE", "a byte-pair tokenizer") }
    try model.allow(
      "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback",
      "ignore_merges", "vocab", "merges")
    if let dropout = model["dropout"], dropout.value.double != 0 { throw dropout.unsupported("only no dropout is") }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let affix = model[key], affix.value.string != "" { throw affix.unsupported("only an empty one is") }
    }
    return try model["byte_fallback"]?.boolean() ?? false ? .characters : .bytes
  }

  private static func merge(
    _ value: JSONValue, _ part: @autoclosure () -> JSONPart
  ) throws(Failure) -> (String, String) {
    if let text = value.string { return try mergePair(text, part().site) }
    guard let pair = value.array, pair.count == 2, let left = pair[0].string, let right = pair[1].string else {
      throw part().failure("is neither \"left right\" nor [\"left\", \"right\"]")
    }
    return (left, right)
  }

  private static func addedTokens(_ list: JSONPart?) throws(Failure) -> [AddedToken] {
    guard let list else { return [] }
    var added: [AddedToken] = []
    for part in try list.parts() {
      try part.allow("id", "content", "single_word", "lstrip", "rstrip", "normalized", "special")
      for key in ["single_word", "lstrip", "rstrip"] {
        if let flag = part[key], try flag.boolean() { throw flag.unsupported("only false is") }
      }
      let content = try part.required("content")
      let text = try content.string()
      if text.isEmpty { throw content.failure("is empty") }
      let number = try part.required("id")
      guard let id = Int32(exactly: try number.integer()), id >= 0 else {
        throw number.failure("is no id", notes: ["found \(try number.integer())"])
      }
      let isSpecial = try part["special"]?.boolean() ?? false
      let isNormalized = try part["normalized"]?.boolean() ?? !isSpecial
      added.append(AddedToken(text, id: id, isSpecial: isSpecial, isNormalized: isNormalized))
    }
    return added
  }

  private static func normalization(_ part: JSONPart?) throws(Failure) -> Normalization {
    guard let part else { return .none }
    let type = try part.required("type")
    switch try type.string() {
    case "NFC": return .nfc
    case "Sequence":
      let list = try part.required("normalizers")
      let steps = try list.elements()
      if steps.isEmpty { return .none }
      guard steps.count == 1 else { throw list.unsupported("only NFC by itself is") }
      return try normalization(JSONPart(steps[0], path: "\(list.path)[0]", source: list.source))
    default: throw type.unsupported("only NFC is")
    }
  }

  private static func beginningOfText(_ prefix: JSONPart?, _ added: [AddedToken]) throws(Failure) -> Int32? {
    guard let prefix else { return nil }
    let text = try prefix.string()
    if let token = added.first(where: { $0.text.hasSameBytes(as: text) }) { return token.id }
    throw prefix.failure("names \"\(text)\", which is no added token")
  }
}

extension Tokenizer {
  /// The pre-tokeniser that a `pre_tokenizer` means: its regular expression, alone or before `ByteLevel`.
  fileprivate static func preTokenizer(_ part: JSONPart) throws(Failure) -> PreTokenizer {
    var steps = [part]
    if case "Sequence" = try part.required("type").string() {
      let list = try part.required("pretokenizers")
      steps = try list.parts()
    }
    guard let byteLevel = steps.last else { throw part.failure("has no steps") }
    let type = try byteLevel.required("type")
    guard try type.string() == "ByteLevel" else { throw type.unsupported("the last step must be ByteLevel, but it") }
    if let prefix = byteLevel["add_prefix_space"], try prefix.boolean() { throw prefix.unsupported("only false is") }
    let usesPattern = try byteLevel["use_regex"]?.boolean() ?? true
    switch steps.count {
    case 1: return usesPattern ? .gpt2 : .none
    case 2: return try preTokenizer(first: steps[0], usesGPT2Pattern: usesPattern)
    default: throw part.unsupported("only one step before ByteLevel is")
    }
  }

  private static func preTokenizer(first: JSONPart, usesGPT2Pattern: Bool) throws(Failure) -> PreTokenizer {
    let type = try first.required("type")
    switch (try type.string(), usesGPT2Pattern) {
    case ("Digits", true):
      guard let single = first["individual_digits"], try single.boolean() else {
        throw first.unsupported("only single digits are")
      }
      return .gpt2Digits
    case ("Split", false):
      try first.required("behavior").require("Isolated", "a split into pieces")
      if let invert = first["invert"], try invert.boolean() { throw invert.unsupported("only false is") }
      let pattern = try first.required("pattern").required("Regex")
      let text = try pattern.string()
      for known in PreTokenizer.allCases where known != .gpt2Digits {
        if let expression = known.pattern, expression.hasSameBytes(as: text) { return known }
      }
      throw pattern.unsupported("only the patterns of GPT-2, Llama 3 (cl100k) and Qwen2 are")
    default: throw type.unsupported("only Split (ByteLevel with use_regex false) and Digits (true) are")
    }
  }

  /// The token that a template puts before a text.
  fileprivate static func prefix(_ part: JSONPart?) throws(Failure) -> JSONPart? {
    guard let part else { return nil }
    let type = try part.required("type")
    switch try type.string() {
    case "ByteLevel": return nil
    case "Sequence":
      let list = try part.required("processors")
      var found: JSONPart?
      for step in try list.parts() {
        guard let token = try prefix(step) else { continue }
        if found != nil { throw list.unsupported("only one template is") }
        found = token
      }
      return found
    case "TemplateProcessing":
      let single = try part.required("single")
      let items = try single.parts()
      if items.count == 1, items[0]["Sequence"] != nil { return nil }
      if items.count == 2, let token = items[0]["SpecialToken"], items[1]["Sequence"] != nil {
        return try token.required("id")
      }
      throw single.unsupported("only a text with one special token before it is")
    default: throw type.unsupported("only ByteLevel and TemplateProcessing are")
    }
  }
}
