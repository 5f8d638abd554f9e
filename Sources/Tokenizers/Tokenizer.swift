import Files

/// Byte-pair encoding: text to token ids and back. Merges begin with bytes or, in SentencePiece's way, with characters.
///
/// A text is cut at the added tokens, normalised, cut into pieces by the `PreTokenizer`, and the bytes of each piece are
/// merged in the order the merges were learned. Every byte is a token, so any bytes can be encoded, UTF-8 or not, and
/// decoding gives exactly those bytes back; only some tokenizers of other programs do not promise that, as they normalise
/// text (Qwen2), lack bytes (`missingBytes`) or take U+2581 for a space (SentencePiece).
///
/// Copies share their tables.
public struct Tokenizer: Sendable {
  /// How special tokens (`<|endoftext|>`) that a text spells out are treated.
  public enum SpecialTokens: Sendable {
    /// Their text is ordinary text: for all input from outside.
    case none
    /// Each becomes its id.
    case parse
  }

  /// The token that ends a document, nil when the vocabulary has none.
  public internal(set) var endOfText: Int32?
  /// The token that begins a document, nil when the vocabulary has none.
  public internal(set) var beginningOfText: Int32?
  /// Whether documents are meant to begin with `beginningOfText`; `encode` leaves that to the caller.
  public internal(set) var addsBeginningOfText: Bool

  /// The tokens that the files of the tokenizer name.
  package internal(set) var namedTokens = NamedTokens()

  /// The tokens outside the merges, in the order of their ids.
  package let addedTokens: [AddedToken]

  /// What happens to text before its bytes are merged.
  let preparation: TextPreparation
  let model: BytePairModel
  let matchers: AddedTokenMatchers
  /// The text of each of `addedTokens`, with spaces for the marks that SentencePiece has for them.
  private let decodedAddedTokens: [[UInt8]]
  /// What each id stands for.
  private let slots: [Slot]

  /// A token's meaning in four bytes: the number of its string in the model's vocabulary, the complement of its place in
  /// `addedTokens`, or `Int32.min` and the byte that it stands for.
  private struct Slot: Sendable {
    private let number: Int32

    static func string(_ index: Int) -> Slot { Slot(number: Int32(index)) }
    static func added(_ index: Int) -> Slot { Slot(number: ~Int32(index)) }
    static func byte(_ byte: Int) -> Slot { Slot(number: .min + Int32(byte)) }

    var string: Int? { number >= 0 ? Int(number) : nil }
    var byte: UInt8? { number < .min + 256 ? UInt8(truncatingIfNeeded: number) : nil }
    var added: Int? { string == nil && byte == nil ? Int(~number) : nil }
  }

  /// A tokenizer of checked parts: the ids of `model` and `addedTokens` together are 0..<n.
  init(
    model: BytePairModel, addedTokens: [AddedToken], preparation: TextPreparation,
    beginningOfText: Int32? = nil
  ) {
    self.model = model
    self.preparation = preparation
    self.addedTokens = addedTokens.sorted { $0.id < $1.id }
    matchers = AddedTokenMatchers(addedTokens, preparation.normalization)
    decodedAddedTokens = self.addedTokens.map { token in
      let text = Array(token.text.utf8)
      return model.alphabet == .bytes
        ? text : Normalization.Step.replace(Normalization.mark, with: [0x20]).applied(to: text) ?? text
    }
    let count = max(model.ids.max() ?? -1, model.byteIDs.max() ?? -1, self.addedTokens.last?.id ?? -1) + 1
    var slots = [Slot](repeating: .string(0), count: Int(count))
    for (byte, id) in model.byteIDs.enumerated() where id >= 0 { slots[Int(id)] = .byte(byte) }
    for (index, id) in model.ids.enumerated() { slots[Int(id)] = .string(index) }
    for (index, token) in self.addedTokens.enumerated() { slots[Int(token.id)] = .added(index) }
    self.slots = slots
    addsBeginningOfText = beginningOfText != nil
    self.beginningOfText = beginningOfText ?? Self.first(of: Self.beginnings, in: addedTokens)
    endOfText = Self.first(of: Self.endings, in: addedTokens)
  }

  /// `tokenizer.json` does not say which token ends a text; these are the names in use, for where no other file says.
  private static let endings = ["<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>"]
  private static let beginnings = ["<|begin_of_text|>", "<s>", "<bos>"]

  private static func first(of names: [String], in added: [AddedToken]) -> Int32? {
    names.lazy.compactMap { name in added.first { $0.text.hasSameBytes(as: name) }?.id }.first
  }
}

extension Tokenizer {
  /// How text is cut into pieces, nil when it is not in one of the usual ways.
  public var preTokenizer: PreTokenizer? {
    if case .named(let preTokenizer) = preparation.cutting { preTokenizer } else { nil }
  }

  package var normalization: Normalization { preparation.normalization }

  /// One more than the largest id.
  public var vocabularySize: Int { slots.count }

  /// The bytes that no token stands for. `encode` leaves them out unless there is a token for what is unknown, as Hugging
  /// Face's tokenizers do; GPT-NeoX, for one, lacks bytes that never occur in UTF-8.
  public var missingBytes: [UInt8] { (UInt8.min ... .max).filter { model.byteIDs[Int($0)] < 0 } }

  /// The bytes of token `id`, nil when there is no such token.
  public func token(_ id: Int32) -> [UInt8]? {
    guard id >= 0, id < slots.count else { return nil }
    var bytes: [UInt8] = []
    append(id, skippingSpecial: false, to: &bytes)
    return bytes
  }

  /// The id of the token with exactly this text; added tokens come before those of the merges.
  public func id(ofToken text: String) -> Int32? {
    addedTokens.first { $0.text.hasSameBytes(as: text) }?.id ?? id(ofToken: Array(text.utf8))
  }

  /// The id of the token of the merges with exactly these bytes.
  public func id(ofToken bytes: [UInt8]) -> Int32? { bytes.withUnsafeBufferPointer { model.id(of: $0) } }

  /// Whether `id` is a control token, which stands for no text.
  public func isSpecial(_ id: Int32) -> Bool {
    guard id >= 0, id < slots.count else { return false }
    return slots[Int(id)].added.map { addedTokens[$0].isSpecial } ?? false
  }

  /// The ids of `text`.
  public func encode(_ text: String, special: SpecialTokens = .none) -> [Int32] {
    var text = text
    return text.withUTF8 { encode($0, special: special) }
  }

  /// The ids of a text given as bytes, which need not be UTF-8.
  public func encode(_ bytes: [UInt8], special: SpecialTokens = .none) -> [Int32] {
    bytes.withUnsafeBufferPointer { encode($0, special: special) }
  }

  private func encode(_ bytes: UnsafeBufferPointer<UInt8>, special: SpecialTokens) -> [Int32] {
    var encoder = Encoder(self)
    var ids: [Int32] = []
    encoder.append(bytes, special: special, to: &ids)
    return ids
  }

  /// The bytes of the tokens, one after the other. An id outside the vocabulary (a model's output layer may be wider)
  /// stands for no bytes; nor do special tokens when `skippingSpecial`. The space that SentencePiece puts before a text is
  /// left out.
  public func decode(_ ids: [Int32], skippingSpecial: Bool = false) -> [UInt8] {
    var bytes: [UInt8] = []
    var awaitsSpaces = preparation.stripping != .none
    for id in ids {
      append(id, skippingSpecial: skippingSpecial, to: &bytes)
      if awaitsSpaces, !bytes.isEmpty {
        strip(&bytes)
        awaitsSpaces = false
      }
    }
    return bytes
  }

  /// Removes the spaces before a text from the bytes of its first token.
  func strip(_ bytes: inout [UInt8]) {
    switch preparation.stripping {
    case .none: break
    case .one: if bytes.first == 0x20 { bytes.removeFirst() }
    case .firstToken: bytes.removeAll { $0 == 0x20 }
    }
  }

  @inline(__always)
  func append(_ id: Int32, skippingSpecial: Bool, to bytes: inout [UInt8]) {
    guard id >= 0, id < slots.count else { return }
    let slot = slots[Int(id)]
    if let index = slot.string {
      model.vocabulary.append(index, to: &bytes)
    } else if let byte = slot.byte {
      bytes.append(byte)
    } else if let index = slot.added, !skippingSpecial || !addedTokens[index].isSpecial {
      bytes.append(contentsOf: decodedAddedTokens[index])
    }
  }
}

extension Tokenizer {
  /// The bytes as tokens: ids 0...255 are the bytes, 256 is `<|endoftext|>`.
  public static let bytes: Tokenizer = {
    var vocabulary = ByteStringTable(minimumCapacity: 256)
    for byte in UInt8.min ... .max { _ = vocabulary.insert([byte]) }
    let ids = Array(Int32(0)..<256)
    let model = BytePairModel(
      vocabulary: vocabulary, ids: ids, merges: PairTable(), results: [], byteIDs: ids, takesWholePieces: false)
    return Tokenizer(model: model, addedTokens: [AddedToken("<|endoftext|>", id: 256)], preparation: TextPreparation())
  }()
}
