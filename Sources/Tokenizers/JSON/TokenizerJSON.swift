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
    let preparation = try TextPreparation(root, alphabet: alphabet)
    let beginning = try PostProcessor.beginningOfText(root["post_processor"], added)

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
    let unknown = try Self.unknown(of: model, entries, assembly.missesBytes)
    self.init(
      model: try assembly.model(takesWholePieces: takesWholePieces, unknown: unknown, source: source),
      addedTokens: added, preparation: preparation, beginningOfText: beginning)
  }

  /// What `unk_token` and `fuse_unk` say of symbols that are no tokens.
  private static func unknown(
    of model: JSONPart, _ entries: [JSONMember], _ missesBytes: Bool
  ) throws(Failure) -> BytePairModel.Unknown? {
    let isFused = try model["fuse_unk"]?.boolean() ?? false
    guard let part = model["unk_token"] else { return nil }
    let text = try part.string()
    if let id = entries.first(where: { $0.key.hasSameBytes(as: text) })?.value.integer {
      return BytePairModel.Unknown(id: Int32(id), isFused: isFused)
    }
    // Where every symbol is a token, none stands for what is not.
    if missesBytes { throw part.failure("is \"\(text)\", which is not in model.vocab") }
    return nil
  }

  private static func alphabet(of model: JSONPart) throws(Failure) -> Alphabet {
    if let type = model["type"] { try type.require("BPE", "a byte-pair tokenizer, the only kind that is supported,") }
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
      let number = try part.required("id")
      guard let id = Int32(exactly: try number.integer()), id >= 0 else {
        throw number.failure("is no id", notes: ["found \(try number.integer())"])
      }
      added.append(try AddedToken(part, id: id))
    }
    return added
  }
}
