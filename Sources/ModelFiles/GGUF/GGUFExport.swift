import Autograd
import Checkpoints
import Files
import Models
import Tokenizers

/// Writes a GGUF file that llama.cpp loads, tokenizer and template inside.
struct GGUFExport {
  private let stored: StoredModel
  private let model: any LanguageModel
  private let names: GGUFNames
  private var architecture: String { names.naming.architecture }

  /// An export of a model.
  ///
  /// - Throws: `.model` when GGUF cannot express the model.
  init(_ stored: StoredModel, _ model: any LanguageModel) throws(Failure) {
    self.stored = stored
    self.model = model
    names = try GGUFNames(stored.configuration, path: stored.path)
  }

  func write(to path: String, as encoding: GGUFEncoding) throws(Failure) {
    let metadata = try general(encoding) + shape() + tokenizerMetadata()
    try GGUFFile.write(metadata: metadata, tensors(as: encoding), to: path)
  }

  // MARK: Metadata

  private typealias Entry = (key: String, value: GGUFValue)

  /// The name says nothing of the architecture: where it contains "phi3", llama.cpp wants the special tokens of Microsoft's
  /// tokenizer and strips what follows them.
  private func general(_ encoding: GGUFEncoding) -> [Entry] {
    [
      ("general.architecture", .string(architecture)), ("general.type", .string("model")),
      ("general.name", .string("train")), ("general.file_type", .integer(encoding.fileType)),
      ("general.quantization_version", .integer(2)),
    ]
  }

  private func shape() -> [Entry] {
    let config = stored.configuration.json
    var entries: [Entry] = names.naming.keys.compactMap { key in
      let value = config[key.config].flatMap { value in
        Self.value(value, isFloat: key.isFloat)
      }
      return value.map { ("\(architecture).\(key.gguf)", $0) }
    }
    for key in names.naming.derived {
      guard let value = key.write(config).flatMap({ Self.value($0, isFloat: key.isFloat) }) else { continue }
      entries.append(("\(architecture).\(key.gguf)", value))
    }
    entries.append(("\(architecture).vocab_size", .integer(model.vocabularySize)))
    if let scaling = config["rope_scaling"], scaling["rope_type"] == "llama3" {
      entries.append((GGUFRopeFactors.key, .string(scaling.serialized())))
    }
    return entries
  }

  private static func value(_ value: JSONValue, isFloat: Bool) -> GGUFValue? {
    if isFloat { return value.double.map { .float($0) } }
    return value.integer.map { .integer($0) } ?? value.bool.map { .bool($0) } ?? value.string.map { .string($0) }
  }

  private func tokenizerMetadata() throws(Failure) -> [Entry] {
    guard let tokenizer = stored.tokenizer else { return [("tokenizer.ggml.model", .string("none"))] }
    var entries = try kind(of: tokenizer)
    let count = tokenizer.vocabularySize
    let padding = self.padding(count..<max(count, model.vocabularySize), beside: tokenizer)
    entries += [
      ("tokenizer.ggml.tokens", .strings(tokenizer.texts + padding)),
      ("tokenizer.ggml.token_type", .integers(types(of: tokenizer) + padding.map { _ in TokenType.unused })),
      ("tokenizer.ggml.add_bos_token", .bool(tokenizer.addsBeginningOfText)),
      ("tokenizer.ggml.add_eos_token", .bool(false)),
    ]
    // A beginning that is text, a newline say, is none to llama.cpp.
    if let beginning = tokenizer.beginningOfText
      ?? stored.beginningToken.flatMap({ tokenizer.isSpecial($0) ? $0 : nil })
    {
      entries.append(("tokenizer.ggml.bos_token_id", .integer(Int(beginning))))
    }
    for (key, id) in zip(["eos", "eot", "eom"], ends(tokenizer)) {
      entries.append(("tokenizer.ggml.\(key)_token_id", .integer(Int(id))))
    }
    let unknown =
      tokenizer.namedToken("unk_token") ?? (tokenizer.isSentencePiece ? tokenizer.id(ofToken: "<unk>") : nil)
    // As llama.cpp's converter, the tokenizer's before that of the configuration.
    let paddingToken =
      tokenizer.namedToken("pad_token").map { Int($0) } ?? stored.configuration.json["pad_token_id"]?.integer
    for (key, id) in [("unknown", unknown.map { Int($0) }), ("padding", paddingToken)] {
      if let id { entries.append(("tokenizer.ggml.\(key)_token_id", .integer(id))) }
    }
    if !stored.chatTemplate.isEmpty { entries.append(("tokenizer.chat_template", .string(stored.chatTemplate))) }
    return entries
  }

  /// The tokens that end a text, first the one that the tokenizer's files name: llama.cpp shows it to templates.
  private func ends(_ tokenizer: Tokenizer) -> [Int32] {
    let ends = stored.endTokens ?? tokenizer.endOfText.map { [$0] } ?? []
    guard let named = tokenizer.namedToken("eos_token"), ends.contains(named) else { return ends }
    return [named] + ends.filter { $0 != named }
  }

  /// Texts for rows of the embedding that are no tokens, none of them a token's.
  private func padding(_ ids: Range<Int>, beside tokenizer: Tokenizer) -> [String] {
    if ids.isEmpty { return [] }
    let known = Set(tokenizer.texts)
    return ids.map { id in
      var text = "[PAD\(id)]"
      while known.contains(text) { text += "_" }
      return text
    }
  }

  private enum TokenType {
    static let normal = 1, unknown = 2, control = 3, userDefined = 4, unused = 5, byte = 6
  }

  /// What depends on the kind of tokenizer: merges and the pre-tokenizer, or scores. Where GGUF has no words for what the
  /// tokenizer does, the nearest are written: whether it makes a difference is found by comparing.
  private func kind(of tokenizer: Tokenizer) throws(Failure) -> [Entry] {
    let count = max(tokenizer.vocabularySize, model.vocabularySize)
    if tokenizer.isSentencePiece {
      let addsPrefix = tokenizer.addsSpacePrefix ?? (tokenizer.token(tokenizer.encode("a").first ?? -1)?.first == 0x20)
      let scores = tokenizer.pieceScores + [Double](repeating: 0, count: count - tokenizer.vocabularySize)
      return [
        ("tokenizer.ggml.model", .string("llama")), ("tokenizer.ggml.pre", .string("default")),
        ("tokenizer.ggml.scores", .floats(scores)), ("tokenizer.ggml.add_space_prefix", .bool(addsPrefix)),
      ]
    }
    // Without merges every byte is a token, however text is cut.
    let name =
      tokenizer.mergeTexts.isEmpty
      ? PreTokenizer.gpt2.ggufName(ignoringMerges: false)
      : tokenizer.preTokenizer?.ggufName(ignoringMerges: tokenizer.takesWholePieces)
    guard let name else {
      throw failure(
        "the pre-tokenizer \(tokenizer.preTokenizer.map { "\"\($0.rawValue)\"" } ?? "of this tokenizer")",
        "llama.cpp has no such one")
    }
    return [
      ("tokenizer.ggml.model", .string("gpt2")), ("tokenizer.ggml.pre", .string(name)),
      ("tokenizer.ggml.merges", .strings(tokenizer.mergeTexts)),
    ]
  }

  private func failure(_ what: String, _ note: String) -> Failure {
    Failure(.tokenizer, "\(what) cannot be written to GGUF", at: stored.path, notes: [note])
  }

  private func types(of tokenizer: Tokenizer) -> [Int] {
    var types = [Int](repeating: TokenType.normal, count: tokenizer.vocabularySize)
    for id in tokenizer.byteTokens { types[Int(id)] = TokenType.byte }
    for token in tokenizer.addedTokens {
      let isUnknown = tokenizer.isSentencePiece && token.text == "<unk>"
      types[Int(token.id)] =
        isUnknown ? TokenType.unknown : token.isSpecial ? TokenType.control : TokenType.userDefined
    }
    return types
  }

  // MARK: Tensors

  /// The position embeddings, which llama.cpp reads as float32 only.
  private static let positions = "position_embd.weight"

  /// The tensors in the file's layout: vectors and positions as float32, as llama.cpp needs them, matrices as `encoding`
  /// where their rows fit.
  private func tensors(as encoding: GGUFEncoding) -> [(array: NamedArray, encoding: GGUFEncoding)] {
    var tensors = model.namedParameters.map { named -> (array: NamedArray, encoding: GGUFEncoding) in
      let value = named.value
      let array = NamedArray(names.gguf(of: named.name), value, layout: names.layout(of: named.name))
      let isMatrix = array.shape.count == 2 && array.name != Self.positions
      let fitting = encoding.fits(rowLength: array.shape.last!) ? encoding : .float16
      return (array, isMatrix ? fitting : .float32)
    }
    func append(_ name: String, _ factors: [Double]) {
      let values = factors.map { Float($0) }
      tensors.append((NamedArray(name, shape: [values.count], values: values), .float32))
    }
    let scaling = stored.configuration.json["rope_scaling"]
    if scaling?["rope_type"] == "llama3", let factors = stored.configuration.ropeFactors {
      append(GGUFRopeFactors.name, factors)
    }
    for (name, key) in zip(GGUFRopeFactors.longNames, ["long_factor", "short_factor"]) {
      if let factors = scaling?[key]?.array?.compactMap(\.double) { append(name, factors) }
    }
    return tensors
  }
}

extension GGUFEncoding {
  /// `general.file_type`, llama.cpp's number for how most weights are stored.
  var fileType: Int {
    switch self {
    case .float32: 0
    case .float16: 1
    case .q80: 7
    case .bfloat16: 32
    }
  }
}

extension NamedArray {
  /// A tensor under another name and in another layout.
  fileprivate init(_ name: String, _ tensor: Tensor, layout: TensorLayout) {
    guard layout != .same else {
      self.init(name, tensor)
      return
    }
    let source = tensor.elements
    let values = [Float](unsafeUninitializedCapacity: source.count) { buffer, count in
      let rows = tensor.shape[0]
      layout.encode(source, into: buffer.baseAddress!, rows: rows, columns: source.count / max(1, rows))
      count = source.count
    }
    self.init(name, shape: layout.shape(of: tensor.shape.dimensions), values: values)
  }
}
