import Files

extension Tokenizer {
  /// What GGUF calls the type of a token.
  private enum TokenType {
    static let unknown: Int32 = 2
    static let control: Int32 = 3
    static let userDefined: Int32 = 4
  }

  /// A tokenizer from lists, as GGUF files hold them.
  ///
  /// - Parameters:
  ///   - tokens: the tokens by id, in the byte alphabet (`Ġthe`); control and user-defined ones as they are.
  ///   - merges: the merges by rank, each two tokens with a space between them.
  ///   - tokenTypes: GGUF's `tokenizer.ggml.token_type` (1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused); nil
  ///     when all are normal.
  ///   - takesWholePieces: whether a piece that is a token is taken whole (Llama 3).
  ///   - source: the name of the file, for messages.
  /// - Throws: `Failure` naming the token or the merge that is invalid.
  public init(
    tokens: [String], merges: [String], tokenTypes: [Int32]? = nil, preTokenizer: PreTokenizer,
    takesWholePieces: Bool = false, endOfText: Int32? = nil, beginningOfText: Int32? = nil,
    addsBeginningOfText: Bool = false, source: String = "tokenizer"
  ) throws(Failure) {
    let added = try Self.addedTokens(tokens, types: tokenTypes, source: source)
    var assembly = try VocabularyAssembly(count: tokens.count, added: added, merges: merges.count, source: source)
    for (id, token) in tokens.enumerated() {
      try assembly.add(token, id: id, .init(part: "token \(id), \"\(token)\",", place: source))
    }
    for (rank, merge) in merges.enumerated() {
      let site = { VocabularyAssembly.Site(part: "merge \(rank), \"\(merge)\",", place: source) }
      let (left, right) = try Self.mergePair(merge, site())
      try assembly.addMerge(left, right, site())
    }
    let plain = Tokenizer(
      model: try assembly.model(takesWholePieces: takesWholePieces, source: source), addedTokens: added,
      preparation: TextPreparation(cutting: .named(preTokenizer)),
      beginningOfText: addsBeginningOfText ? beginningOfText : nil)
    self = try plain.with(endOfText: endOfText, beginningOfText: beginningOfText)
  }

  /// The token for what is unknown among those of a GGUF file.
  static func unknown(_ types: [Int32]?) -> BytePairModel.Unknown? {
    types?.firstIndex(of: TokenType.unknown).map { BytePairModel.Unknown(id: Int32($0), isFused: true) }
  }

  /// The added tokens among those of a GGUF file: control, unknown and user-defined ones.
  static func addedTokens(_ tokens: [String], types: [Int32]?, source: String) throws(Failure) -> [AddedToken] {
    if let types, types.count != tokens.count {
      throw Failure(.tokenizer, "\(tokens.count) tokens have \(types.count) types", at: source)
    }
    var added: [AddedToken] = []
    for (id, type) in (types ?? []).enumerated() {
      let isSpecial = type == TokenType.control || type == TokenType.unknown
      guard isSpecial || type == TokenType.userDefined, !tokens[id].isEmpty else { continue }
      added.append(AddedToken(tokens[id], id: Int32(id), isSpecial: isSpecial))
    }
    try requireDistinct(added, source)
    return added
  }

  /// GPT-2's own files: the bytes of `encoder.json` (token text to id) and of `vocab.bpe` (a merge a line). Qwen2's and
  /// others are of the same form, but their text is prepared in other ways.
  ///
  /// - Throws: `Failure` with the line of the invalid entry.
  package init(
    gpt2Encoder encoder: [UInt8], merges: [UInt8], normalization: Normalization = Normalization([]),
    preTokenizer: PreTokenizer = .gpt2, source: String = "encoder.json", mergesSource: String = "vocab.bpe"
  ) throws(Failure) {
    let json = try JSONValue.parse(encoder, source: source, area: .tokenizer)
    guard let members = json.object else {
      throw Failure(.tokenizer, "\(json.kind) where the vocabulary is expected, an object of ids", at: source)
    }
    let name = Self.defaultSpecialTokens[0]
    var added: [AddedToken] = []
    if let id = json[name]?.integer, let id = Int32(exactly: id) { added.append(AddedToken(name, id: id)) }
    let lines = merges.split(separator: 0x0A, omittingEmptySubsequences: false)
    var assembly = try VocabularyAssembly(count: members.count, added: added, merges: lines.count, source: source)
    for member in members {
      let site = { VocabularyAssembly.Site(part: "token \"\(member.key)\"", place: "\(source):\(member.line)") }
      guard let id = member.value.integer else {
        throw Failure(.tokenizer, "\(site().part) has \(member.value.kind) for its id", at: site().place)
      }
      try assembly.add(member.key, id: id, site())
    }
    for (index, bytes) in lines.enumerated() where !bytes.isEmpty {
      let line = String(decoding: bytes.last == 0x0D ? bytes.dropLast() : bytes, as: UTF8.self)
      if line.isEmpty { continue }
      if index == 0, line.hasPrefix("#version") { continue }
      let site = { VocabularyAssembly.Site(part: "merge \"\(line)\"", place: "\(mergesSource):\(index + 1)") }
      let (left, right) = try Self.mergePair(line, site())
      try assembly.addMerge(left, right, site())
    }
    self.init(
      model: try assembly.model(takesWholePieces: false, source: source), addedTokens: added,
      preparation: TextPreparation(normalization: normalization, cutting: .named(preTokenizer)))
  }

  /// The two tokens of a merge written with a space between them.
  static func mergePair(
    _ text: String, _ site: @autoclosure () -> VocabularyAssembly.Site
  ) throws(Failure) -> (String, String) {
    let bytes = text.utf8
    if let space = bytes.firstIndex(of: 0x20), space == bytes.lastIndex(of: 0x20), space != bytes.startIndex,
      bytes.index(after: space) != bytes.endIndex
    {
      return (String(text[..<space]), String(text[bytes.index(after: space)...]))
    }
    throw Failure(.tokenizer, "\(site().part) is not two tokens with a space between them", at: site().place)
  }

  /// Refuses added tokens of the same text.
  static func requireDistinct(_ added: [AddedToken], _ source: String) throws(Failure) {
    var texts = ByteStringTable(minimumCapacity: added.count)
    for token in added {
      let (earlier, isNew) = texts.insert(Array(token.text.utf8))
      if isNew { continue }
      throw Failure(
        .tokenizer, "the added token \"\(token.text)\" has two ids", at: source,
        notes: ["\(added[earlier].id) and \(token.id)"])
    }
  }
}

extension Tokenizer {
  /// The merges by rank: the two tokens of each.
  package var mergePairs: [(left: Int32, right: Int32)] { (0..<model.merges.count).map { model.merges[$0] } }

  /// Whether a piece that is a token is taken whole, whatever the merges say.
  package var takesWholePieces: Bool { model.takesWholePieces }
}

extension PreTokenizer {
  /// What GGUF calls the pre-tokeniser in `tokenizer.ggml.pre`, and whether llama.cpp then takes a piece that is a token
  /// whole. The first name of several is the one that is written.
  private static let ggufNames: [(name: String, value: PreTokenizer, ignoresMerges: Bool)] = [
    ("gpt-2", .gpt2, false), ("llama-bpe", .llama3, true), ("llama-v3", .llama3, true), ("llama3", .llama3, true),
    ("dbrx", .llama3, false), ("smaug-bpe", .llama3, false), ("qwen2", .qwen2, false), ("smollm", .gpt2Digits, false),
    ("refact", .gpt2Digits, false), ("starcoder", .gpt2Digits, false), ("olmo", .gpt2, false), ("mpt", .gpt2, false),
  ]

  /// The pre-tokeniser that GGUF calls `name`, nil when it is not one of ours.
  package init?(ggufName name: String) {
    guard let known = Self.ggufNames.first(where: { $0.name == name }) else { return nil }
    self = known.value
  }

  /// Whether llama.cpp takes a piece that is a token whole with the pre-tokeniser that GGUF calls `name`.
  package static func ignoresMerges(ggufName name: String) -> Bool {
    ggufNames.first { $0.name == name }?.ignoresMerges ?? false
  }

  /// What GGUF calls this pre-tokeniser, nil where it has no name for it. Where the names differ in whether pieces are taken
  /// whole, it is one that does what `ignoringMerges` says.
  package func ggufName(ignoringMerges: Bool) -> String? {
    let names = Self.ggufNames.filter { $0.value == self }
    return (names.first { $0.ignoresMerges == ignoringMerges } ?? names.first)?.name
  }
}
