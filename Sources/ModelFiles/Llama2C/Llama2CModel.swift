import Files
import Models
import Tokenizers

/// A model of llama2.c in its first format: seven integers, then the weights as floats (github.com/karpathy/llama2.c,
/// `legacy_export`). The tokenizer lies beside it as `tokenizer.bin`, or `tok512.bin` for a vocabulary of 512.
final class Llama2CModel: WeightSource {
  let path: String
  private let file: ReadableFile
  private let configuration: Llama.Configuration
  private let places: [String: Place]

  /// Where a tensor begins in the file, and what it looks like.
  private struct Place {
    var offset: Int
    var shape: [Int]
    /// The heads whose rows are in the order of pairs; nil for none.
    var heads: Int?
  }

  /// Whether a file of `count` bytes that begins with `head` is one: seven plausible numbers, and the size they add up to.
  static func recognizes(_ head: [UInt8], count: Int) -> Bool { Header(head).map { $0.size == count } ?? false }

  /// Opens the model in the file at `path`.
  static func open(_ path: String) throws(Failure) -> StoredModel {
    let model = try Llama2CModel(path)
    let tokenizer = try Llama2CTokenizer.beside(path, vocabularySize: model.configuration.vocabularySize)
    return try StoredModel(
      model.configuration, tokenizer: tokenizer, endTokens: tokenizer == nil ? nil : [2],
      notes: tokenizer == nil ? ["no tokenizer.bin lies beside the model: it has no tokenizer"] : [], weights: model)
  }

  private init(_ path: String) throws(Failure) {
    let file = try ReadableFile(path, area: .model)
    guard let header = Header(try file.read(min(Header.length, file.count), at: 0)), header.size == file.count else {
      throw Failure(.model, "this is no model of llama2.c", at: path)
    }
    let description = try ModelDescription(configuration: header.config.serialized(), source: "\(path):header")
    configuration = description.configuration(vocabularySize: description.vocabularySize!) as! Llama.Configuration
    self.path = path
    self.file = file
    places = Self.places(configuration, header)
  }

  // MARK: The header

  private struct Header {
    static let length = 28
    var dimension, hidden, layers, heads, keyHeads, vocabulary, positions: Int
    var tiesEmbeddings: Bool

    init?(_ bytes: [UInt8]) {
      guard bytes.count >= Self.length else { return nil }
      let numbers = (0..<7).map { index in
        Int(Int32(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[4 * index + $1]) << UInt32(8 * $1) }))
      }
      (dimension, hidden, layers, heads) = (numbers[0], numbers[1], numbers[2], numbers[3])
      (keyHeads, vocabulary, positions) = (numbers[4], abs(numbers[5]), numbers[6])
      tiesEmbeddings = numbers[5] > 0
      let sizes = [dimension, hidden, layers, heads, keyHeads, vocabulary, positions]
      guard sizes.allSatisfy({ $0 > 0 }), dimension % heads == 0, heads % keyHeads == 0, dimension / heads % 2 == 0
      else { return nil }
    }

    var keyWidth: Int { dimension / heads * keyHeads }

    /// The size of the file in bytes, nil when it overflows. Behind the weights stand two tables of rotary angles.
    var size: Int? {
      let floats = sumOfProducts([
        [tiesEmbeddings ? 1 : 2, vocabulary, dimension], [layers, 2, dimension], [layers, 2, dimension, dimension],
        [layers, 2, keyWidth, dimension], [layers, 3, hidden, dimension], [dimension],
        [positions, dimension / heads],
      ])
      return floats.flatMap { sumOfProducts([[4, $0], [Self.length]]) }
    }

    var config: JSONValue {
      [
        "model_type": "llama", "vocab_size": JSONValue(vocabulary), "hidden_size": JSONValue(dimension),
        "intermediate_size": JSONValue(hidden), "num_hidden_layers": JSONValue(layers),
        "num_attention_heads": JSONValue(heads), "num_key_value_heads": JSONValue(keyHeads),
        "max_position_embeddings": JSONValue(positions), "rope_theta": 10000, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": JSONValue(tiesEmbeddings),
      ]
    }
  }

  // MARK: Weights

  /// The tensors in the file's order: each kind for all layers, then the next.
  private static func places(_ c: Llama.Configuration, _ header: Header) -> [String: Place] {
    var places: [String: Place] = [:]
    var offset = Header.length
    func add(_ name: String, _ shape: [Int], heads: Int? = nil) {
      places[name] = Place(offset: offset, shape: shape, heads: heads)
      offset += 4 * shape.reduce(1, *)
    }
    func addLayers(_ name: String, _ shape: [Int], heads: Int? = nil) {
      for layer in 0..<c.layers { add("model.layers.\(layer).\(name).weight", shape, heads: heads) }
    }
    let (width, inner) = (c.hiddenSize, c.intermediateSize)
    add("model.embed_tokens.weight", [c.vocabularySize, width])
    addLayers("input_layernorm", [width])
    addLayers("self_attn.q_proj", [width, width], heads: c.heads)
    addLayers("self_attn.k_proj", [header.keyWidth, width], heads: c.keyValueHeads)
    addLayers("self_attn.v_proj", [header.keyWidth, width])
    addLayers("self_attn.o_proj", [width, width])
    addLayers("post_attention_layernorm", [width])
    addLayers("mlp.gate_proj", [inner, width])
    addLayers("mlp.down_proj", [width, inner])
    addLayers("mlp.up_proj", [inner, width])
    add("model.norm.weight", [width])
    offset += 4 * header.positions * (width / c.heads)
    if !c.tiesEmbeddings { add("lm_head.weight", [c.vocabularySize, width]) }
    return places
  }

  var shapes: [(name: String, shape: [Int]?)] {
    places.sorted { $0.key < $1.key }.map { ($0.key, $0.value.shape) }
  }

  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws(Failure) {
    let place = places[name]!
    guard let heads = place.heads else {
      return try file.read(into: UnsafeMutableRawBufferPointer(values), at: place.offset)
    }
    let stored = UnsafeMutableBufferPointer<Float>.allocate(capacity: values.count)
    defer { stored.deallocate() }
    try file.read(into: UnsafeMutableRawBufferPointer(stored), at: place.offset)
    RotaryRows.reorder(
      stored.baseAddress!, into: values.baseAddress!, rows: place.shape[0], columns: place.shape[1], heads: heads,
      toPairs: false)
  }
}

/// The tokenizer that llama2.c keeps beside a model: the longest token's length, then for each token its score, its length
/// and its bytes.
enum Llama2CTokenizer {
  /// The tokenizer in the model's folder, nil when there is none.
  static func beside(_ model: String, vocabularySize: Int) throws(Failure) -> Tokenizer? {
    let folder = Folder.parent(of: model)
    let names = try Folder.names(in: folder, area: .tokenizer)
    let name = ["tok\(vocabularySize).bin", "tokenizer.bin"].first(where: names.contains)
    guard let name else { return nil }
    return try read("\(folder)/\(name)", vocabularySize: vocabularySize)
  }

  static func read(_ path: String, vocabularySize: Int) throws(Failure) -> Tokenizer {
    let bytes = try ReadableFile.contents(of: path, area: .tokenizer, limit: 256 << 20)
    var position = 4
    func word() throws(Failure) -> UInt32 {
      guard bytes.count - position >= 4 else { throw cutOff(path, vocabularySize) }
      defer { position += 4 }
      return (0..<4).reduce(0) { $0 | UInt32(bytes[position + $1]) << UInt32(8 * $1) }
    }
    var (pieces, scores): ([String], [Double]) = ([], [])
    for id in 0..<vocabularySize {
      scores.append(Double(Float(bitPattern: try word())))
      let length = Int(try word())
      guard length <= bytes.count - position else { throw cutOff(path, vocabularySize) }
      let text = bytes[position..<position + length]
      guard text.withUnsafeBytes({ UTF8Bytes.firstInvalid(in: $0) }) == nil else {
        throw Failure(.tokenizer, "token \(id) is not UTF-8", at: "\(path), byte \(position)")
      }
      pieces.append(String(decoding: text, as: UTF8.self).replacing(" ", with: "\u{2581}"))
      position += length
    }
    guard position == bytes.count, vocabularySize > 2 else { throw cutOff(path, vocabularySize) }
    // The file has these three in the form in which llama2.c prints them.
    pieces.replaceSubrange(0..<3, with: ["<unk>", "<s>", "</s>"])
    let types: [Int32] = [2, 3, 3] + [Int32](repeating: 1, count: vocabularySize - 3)
    return try Tokenizer(
      pieces: pieces, scores: scores, tokenTypes: types, addsSpacePrefix: true, endOfText: 2, beginningOfText: 1,
      addsBeginningOfText: true, source: path)
  }

  private static func cutOff(_ path: String, _ size: Int) -> Failure {
    Failure(.tokenizer, "this is no tokenizer of llama2.c with \(size) tokens", at: path)
  }
}
