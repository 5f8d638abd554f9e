import Files
import Tokenizers

/// The tokenizer of a Hugging Face folder, as transformers' `from_pretrained` puts it together from several files.
struct HuggingFaceTokenizer {
  private static let configName = "tokenizer_config.json"

  private let path: String
  private let names: [String]
  /// The contents of `tokenizer_config.json`, an empty object without it.
  private let config: JSONValue
  private let kind: HuggingFaceTokenizerClass?

  private init(_ path: String) throws(Failure) {
    self.path = path
    names = try Folder.names(in: path, area: .tokenizer)
    config = try HuggingFaceFolder.json(Self.configName, in: path, area: .tokenizer) ?? [:]
    kind = try HuggingFaceTokenizerClass(config, in: path)
  }

  /// The folder's tokenizer, nil when it has none: `tokenizer.json`, or `vocab.json` with `merges.txt`, or
  /// `tokenizer.model`; with what `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json` add to it.
  static func read(_ path: String) throws(Failure) -> Tokenizer? {
    let folder = try HuggingFaceTokenizer(path)
    guard let tokenizer = try folder.vocabulary() else { return nil }
    return try folder.completed(tokenizer)
  }

  private var configSource: String { "\(path)/\(Self.configName)" }

  private func contents(of name: String) throws(Failure) -> [UInt8] {
    try ReadableFile.contents(of: "\(path)/\(name)", area: .tokenizer, limit: HuggingFaceFolder.jsonLimit)
  }

  private func boolean(_ key: String) throws(Failure) -> Bool? {
    guard let value = config[key], !value.isNull else { return nil }
    if let flag = value.bool { return flag }
    throw failure(key, "is \(value.kind) where a boolean is expected")
  }

  private func failure(_ key: String, _ what: String, notes: [String] = []) -> Failure {
    Failure(.tokenizer, "\(key) \(what)", at: configSource, notes: notes)
  }

  // MARK: Vocabulary

  private func vocabulary() throws(Failure) -> Tokenizer? {
    if names.contains("tokenizer.json") {
      return try Tokenizer(json: contents(of: "tokenizer.json"), source: "\(path)/tokenizer.json")
    }
    if names.contains("vocab.json"), names.contains("merges.txt") {
      let (normalization, preTokenizer) = try (kind ?? .gpt2).byteLevelText(configSource)
      return try Tokenizer(
        gpt2Encoder: contents(of: "vocab.json"), merges: contents(of: "merges.txt"), normalization: normalization,
        preTokenizer: preTokenizer, source: "\(path)/vocab.json", mergesSource: "\(path)/merges.txt")
    }
    if names.contains("tokenizer.model") {
      try (kind ?? .llama).requireSentencePiece(configSource)
      let tokenizer = try Tokenizer(
        sentencePieceModel: contents(of: "tokenizer.model"), isLegacy: boolean("legacy") ?? true,
        addsPrefixSpace: boolean("add_prefix_space") ?? true, source: "\(path)/tokenizer.model")
      return tokenizer.addingBeginningOfText(true)
    }
    return nil
  }

  // MARK: What other files add

  private func completed(_ tokenizer: Tokenizer) throws(Failure) -> Tokenizer {
    if try boolean("split_special_tokens") == true {
      throw failure("split_special_tokens", "is not supported", notes: ["only false is"])
    }
    let naming = try namingFiles()
    let result = try withAddedTokens(tokenizer, special: tokens(in: naming, NamedTokens()).texts)
    let named = try tokens(in: naming, kind?.defaultTokens(of: result) ?? NamedTokens())
    return try bounded(spaced(result.naming(named)))
  }

  /// Whether transformers 5 wrote the folder: from there on tokenizer.json alone says what is put before a text.
  private var isWhole: Bool { config["backend"] != nil && names.contains("tokenizer.json") }

  private var hasAddedTokens: Bool { config["added_tokens_decoder"].map { !$0.isNull } ?? false }

  /// The files that name tokens; later ones count for more. Folders older than `added_tokens_decoder` have a file for it.
  private func namingFiles() throws(Failure) -> [(json: JSONValue, source: String)] {
    let name = "special_tokens_map.json"
    guard !hasAddedTokens, let map = try HuggingFaceFolder.json(name, in: path, area: .tokenizer) else {
      return [(config, configSource)]
    }
    return [(config, configSource), (map, "\(path)/\(name)")]
  }

  private func tokens(
    in files: [(json: JSONValue, source: String)], _ defaults: NamedTokens
  ) throws(Failure) -> NamedTokens {
    var named = defaults
    for (json, source) in files { try named.update(from: json, source: source) }
    return named
  }

  /// With the tokens of `added_tokens_decoder`, or of `added_tokens.json`, which is older.
  private func withAddedTokens(_ tokenizer: Tokenizer, special: [String]) throws(Failure) -> Tokenizer {
    if let decoder = config["added_tokens_decoder"], hasAddedTokens {
      return try tokenizer.adding(AddedToken.decoder(decoder, source: configSource), source: configSource)
    }
    let name = "added_tokens.json"
    guard let texts = try HuggingFaceFolder.json(name, in: path, area: .tokenizer) else { return tokenizer }
    let source = "\(path)/\(name)"
    let tokens = try AddedToken.texts(texts, special: special, source: source)
    // The flags in tokenizer.json count for more.
    let more = tokens.filter { token in !tokenizer.addedTokens.contains { $0.id == token.id } }
    return try tokenizer.adding(more, source: source)
  }

  /// With a space before text, or without, where the folder says so.
  private func spaced(_ tokenizer: Tokenizer) throws(Failure) -> Tokenizer {
    guard !tokenizer.isSentencePiece else { return tokenizer }
    // Of classes that have no default for it, transformers 5 keeps the key and passes over it.
    if isWhole, kind?.defaultPrefixSpace == nil { return tokenizer }
    guard let adds = try boolean("add_prefix_space") ?? kind?.defaultPrefixSpace else { return tokenizer }
    if adds, isWhole, let kind, kind.spacesPieces {
      throw failure(
        "add_prefix_space", "is not supported for a \(kind.name)",
        notes: ["transformers 5 puts a space before every piece of a text then, not before the text", "only false is"])
    }
    // On several pre-tokenizers it has no effect in transformers.
    return tokenizer.addingPrefixSpace(adds) ?? tokenizer
  }

  /// With the token before every text, or without it, where the folder says so. Nothing is put behind text: documents end
  /// with their token where the data ends them.
  private func bounded(_ tokenizer: Tokenizer) throws(Failure) -> Tokenizer {
    let (begins, ends) = (try boolean("add_bos_token"), try boolean("add_eos_token"))
    if ends == true {
      throw failure(
        "add_eos_token", "is not supported",
        notes: ["only false is: texts end where the data ends them, and get their end token there"])
    }
    if let begins { return tokenizer.addingBeginningOfText(begins) }
    if kind?.beginsTexts == true, !isWhole, tokenizer.namedTokens["bos_token"] != nil {
      return tokenizer.addingBeginningOfText(true)
    }
    return ends == nil || tokenizer.isSentencePiece ? tokenizer : tokenizer.addingBeginningOfText(false)
  }
}
