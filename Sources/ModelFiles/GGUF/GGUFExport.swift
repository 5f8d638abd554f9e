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
    let scaling = stored.configuration.json["rope_scaling"]
    if let scaling, !names.naming.storesRopeFactors || !GGUFRopeFactors.canRepresent(scaling) {
      throw Failure(
        .model, "this rope_scaling cannot be written to GGUF", at: stored.path,
        notes: ["only Llama's with low_freq_factor 1, high_freq_factor 4 and 8192 original positions can"])
    }
  }

  func write(to path: String, as encoding: GGUFEncoding) throws(Failure) {
    let metadata = try general(encoding) + shape() + tokenizerMetadata()
    try GGUFFile.write(metadata: metadata, tensors(as: encoding), to: path)
  }

  // MARK: Metadata

  private typealias Entry = (key: String, value: GGUFValue)

  /// `general.file_type` is llama.cpp's number for how most weights are stored.
  private func general(_ encoding: GGUFEncoding) -> [Entry] {
    let type =
      switch encoding {
      case .float32: 0
      case .float16: 1
      case .q80: 7
      case .bfloat16: 32
      }
    return [
      ("general.architecture", .string(architecture)), ("general.type", .string("model")),
      ("general.name", .string("train-\(architecture)")), ("general.file_type", .integer(type)),
      ("general.quantization_version", .integer(2)),
    ]
  }

  private func shape() -> [Entry] {
    let config = stored.configuration.json
    var entries: [Entry] = names.naming.keys.compactMap { key in
      let value = config[key.config].flatMap { value in
        key.isFloat ? value.double.map { GGUFValue.float($0) } : value.integer.map { .integer($0) }
      }
      return value.map { ("\(architecture).\(key.gguf)", $0) }
    }
    entries.append(("\(architecture).vocab_size", .integer(model.vocabularySize)))
    if let headSize = config["head_dim"]?.integer {
      entries.append(("\(architecture).rope.dimension_count", .integer(headSize)))
    }
    return entries
  }

  private func tokenizerMetadata() throws(Failure) -> [Entry] {
    guard let tokenizer = stored.tokenizer else { return [("tokenizer.ggml.model", .string("none"))] }
    var entries = try kind(of: tokenizer)
    let count = tokenizer.vocabularySize
    let padding = (count..<max(count, model.vocabularySize)).map { "[PAD\($0)]" }
    entries += [
      ("tokenizer.ggml.tokens", .strings(tokenizer.texts + padding)),
      ("tokenizer.ggml.token_type", .integers(types(of: tokenizer) + padding.map { _ in TokenType.unused })),
      ("tokenizer.ggml.add_bos_token", .bool(tokenizer.addsBeginningOfText)),
      ("tokenizer.ggml.add_eos_token", .bool(false)),
    ]
    if let beginning = tokenizer.beginningOfText {
      entries.append(("tokenizer.ggml.bos_token_id", .integer(Int(beginning))))
    }
    let ends = stored.endTokens ?? tokenizer.endOfText.map { [$0] } ?? []
    for (key, id) in zip(["eos", "eot"], ends) {
      entries.append(("tokenizer.ggml.\(key)_token_id", .integer(Int(id))))
    }
    if tokenizer.isSentencePiece, let unknown = tokenizer.id(ofToken: "<unk>") {
      entries.append(("tokenizer.ggml.unknown_token_id", .integer(Int(unknown))))
    }
    if !stored.chatTemplate.isEmpty { entries.append(("tokenizer.chat_template", .string(stored.chatTemplate))) }
    return entries
  }

  private enum TokenType {
    static let normal = 1, unknown = 2, control = 3, userDefined = 4, unused = 5, byte = 6
  }

  /// What depends on the kind of tokenizer: merges and the pre-tokenizer, or scores.
  private func kind(of tokenizer: Tokenizer) throws(Failure) -> [Entry] {
    let count = max(tokenizer.vocabularySize, model.vocabularySize)
    if tokenizer.isSentencePiece {
      guard let addsPrefix = tokenizer.addsSpacePrefix else {
        throw failure("a space prefix of this kind", "only always and never can be written")
      }
      let scores = tokenizer.pieceScores + [Double](repeating: 0, count: count - tokenizer.vocabularySize)
      return [
        ("tokenizer.ggml.model", .string("llama")), ("tokenizer.ggml.pre", .string("default")),
        ("tokenizer.ggml.scores", .floats(scores)), ("tokenizer.ggml.add_space_prefix", .bool(addsPrefix)),
      ]
    }
    // Without merges every byte is a token, however text is cut.
    let name = tokenizer.mergeTexts.isEmpty ? PreTokenizer.gpt2.ggufName : tokenizer.preTokenizer?.ggufName
    guard let name else { throw failure("the pre-tokenizer \"none\"", "llama.cpp has no such one") }
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
    if let factors = stored.configuration.ropeFactors {
      let values = factors.map { Float($0) }
      tensors.append((NamedArray(GGUFRopeFactors.name, shape: [values.count], values: values), .float32))
    }
    return tensors
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
      layout.encode(source, into: buffer.baseAddress!, rows: tensor.shape[0], columns: tensor.shape[1])
      count = source.count
    }
    self.init(name, shape: layout.shape(of: tensor.shape.dimensions), values: values)
  }
}
