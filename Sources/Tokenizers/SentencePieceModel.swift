import Files

/// SentencePiece's own file, `tokenizer.model`: a protocol buffer `ModelProto`
/// (github.com/google/sentencepiece, `sentencepiece_model.proto`).
struct SentencePieceModel {
  /// The numbers of the kinds in `TrainerSpec.model_type`.
  private static let kinds: [UInt64: String] = [1: "Unigram", 2: "BPE", 3: "Word", 4: "Char"]

  private(set) var pieces: [String] = []
  private(set) var scores: [Double] = []
  /// As in GGUF, which has them from here.
  private(set) var types: [Int32] = []
  private var kind: UInt64 = 1

  /// - Throws: `Failure` for a file that is damaged or of another kind than BPE.
  init(_ bytes: [UInt8], source: String) throws(Failure) {
    var message = ProtocolBuffer(bytes[...], source: source)
    while let field = try message.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let piece)): try read(piece: piece, source)
      case (2, .bytes(let trainer)):
        var message = ProtocolBuffer(trainer, source: source)
        while let field = try message.next() {
          if field.number == 3, case .integer(let value) = field.value { kind = value }
        }
      default: break
      }
    }
    guard kind == 2 else {
      let name = Self.kinds[kind] ?? "\(kind)"
      throw Failure(
        .tokenizer, "a SentencePiece model of the kind \(name) is not supported", at: source, notes: ["only BPE is"])
    }
    if pieces.isEmpty { throw Failure(.tokenizer, "the model has no pieces", at: source) }
  }

  private mutating func read(piece: ArraySlice<UInt8>, _ source: String) throws(Failure) {
    var (text, score, type): (String?, Float, Int32) = ("", 0, 1)
    var message = ProtocolBuffer(piece, source: source)
    while let field = try message.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let bytes)): text = String(validating: bytes, as: UTF8.self)
      case (2, .word(let word)): score = Float(bitPattern: word)
      case (3, .integer(let value)): type = Int32(truncatingIfNeeded: min(value, 100))
      default: break
      }
    }
    guard let text, score.isFinite else {
      throw Failure(.tokenizer, "piece \(pieces.count) is no text with a score", at: source)
    }
    pieces.append(text)
    scores.append(Double(score))
    types.append(type)
  }
}

/// The fields of a message of Google's protocol buffers.
private struct ProtocolBuffer {
  enum Value {
    case integer(UInt64)
    case word(UInt32)
    case bytes(ArraySlice<UInt8>)
    case long
  }

  private var rest: ArraySlice<UInt8>
  private let source: String

  init(_ bytes: ArraySlice<UInt8>, source: String) {
    rest = bytes
    self.source = source
  }

  /// The next field, nil at the end.
  mutating func next() throws(Failure) -> (number: UInt64, value: Value)? {
    if rest.isEmpty { return nil }
    let key = try integer()
    switch key & 7 {
    case 0: return (key >> 3, .integer(try integer()))
    case 1:
      _ = try take(8)
      return (key >> 3, .long)
    case 2: return (key >> 3, .bytes(try take(integer())))
    case 5: return (key >> 3, .word(try take(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }))
    default: throw damaged
    }
  }

  private var damaged: Failure {
    Failure(.tokenizer, "this is no SentencePiece model, or it is damaged", at: "\(source), byte \(rest.startIndex)")
  }

  private mutating func integer() throws(Failure) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte = rest.popFirst() else { throw damaged }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw damaged
  }

  private mutating func take(_ count: UInt64) throws(Failure) -> ArraySlice<UInt8> {
    guard count <= UInt64(rest.count) else { throw damaged }
    defer { rest = rest.dropFirst(Int(count)) }
    return rest.prefix(Int(count))
  }
}

extension Tokenizer {
  /// SentencePiece's own `tokenizer.model` as transformers' `LlamaTokenizerFast` takes it.
  ///
  /// - Parameters:
  ///   - isLegacy: whether a space is put before every stretch between special tokens, as until 2023, and not only before
  ///     the text.
  ///   - addsPrefixSpace: whether a space is put before text at all.
  /// - Throws: `Failure` for a file that is damaged, or of another kind than BPE with byte fallback.
  package init(
    sentencePieceModel bytes: [UInt8], isLegacy: Bool = true, addsPrefixSpace: Bool = true,
    source: String = "tokenizer.model"
  ) throws(Failure) {
    let file = try SentencePieceModel(bytes, source: source)
    let added = try Self.addedTokens(file.pieces, types: file.types, source: source)
    var assembly = try VocabularyAssembly(
      count: file.pieces.count, added: added, merges: file.pieces.count, alphabet: .characters, source: source)
    for (id, piece) in file.pieces.enumerated() {
      try assembly.add(piece, id: id, .init(part: "piece \(id), \"\(piece)\",", place: source))
    }
    try assembly.addMergesInTransformersOrder(scores: assembly.ids.map { file.scores[Int($0)] }, source: source)
    var preparation = TextPreparation(stripping: addsPrefixSpace ? .one : .none)
    if isLegacy {
      let prefix: [Normalization.Step] = addsPrefixSpace ? [.prepend(Normalization.mark)] : []
      preparation.normalization = Normalization(prefix + [Normalization.markingSpaces], alphabet: .characters)
    } else {
      preparation.isMetaspace = true
      preparation.prefix = addsPrefixSpace ? .first : .never
    }
    self.init(
      model: try assembly.model(takesWholePieces: false, unknown: Self.unknown(file.types), source: source),
      addedTokens: added, preparation: preparation)
  }
}
