import Files
import Models

/// A model of llama2.c in its first format: seven integers, then the weights as floats (github.com/karpathy/llama2.c,
/// `legacy_export`). The tokenizer lies beside it as `tokenizer.bin`, or `tok512.bin` for a vocabulary of 512.
final class Llama2CModel: WeightSource {
  let path: String
  private let file: ReadableFile
  private let configuration: any ModelConfiguration
  private let tensors: [String: StoredTensor]

  /// Where a tensor begins in the file, and what it looks like.
  private struct StoredTensor {
    var offset: Int
    var shape: [Int]
    var layout: TensorLayout
  }

  /// Whether a file of `count` bytes that begins with `head` is one: seven plausible numbers, and the size they add up to.
  static func recognizes(_ head: [UInt8], count: Int) -> Bool { Header(head).map { $0.size == count } ?? false }

  /// Opens the model in the file at `path`.
  static func open(_ path: String) throws(Failure) -> StoredModel {
    let model = try Llama2CModel(path)
    let tokenizer = try Llama2CTokenizer.beside(path, vocabularySize: model.configuration.vocabularySize)
    // llama2.c stops at the token that begins a text; the one that ends it stands in its chats.
    return try StoredModel(
      model.configuration, tokenizer: tokenizer, endTokens: tokenizer == nil ? nil : [2, 1],
      notes: tokenizer == nil ? ["no tokenizer.bin lies beside the model: it has no tokenizer"] : [], weights: model)
  }

  private init(_ path: String) throws(Failure) {
    let file = try ReadableFile(path, area: .model)
    guard let header = Header(try file.read(min(Header.length, file.count), at: 0)), header.size == file.count else {
      throw Failure(.model, "this is no model of llama2.c", at: path)
    }
    let description = try ModelDescription(configuration: header.config.serialized(), source: "\(path):header")
    configuration = description.configuration(vocabularySize: description.vocabularySize!)
    self.path = path
    self.file = file
    tensors = Self.tensors(header)
  }

  // MARK: The header

  private struct Header {
    static let length = 28
    var dimension, hidden, layers, heads, keyHeads, vocabulary, positions: Int
    var tiesEmbeddings: Bool

    init?(_ bytes: [UInt8]) {
      guard bytes.count >= Self.length else { return nil }
      let numbers: [Int] = bytes.withUnsafeBytes { bytes in
        (0..<7).map { Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self))) }
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
  private static func tensors(_ header: Header) -> [String: StoredTensor] {
    var tensors: [String: StoredTensor] = [:]
    var offset = Header.length
    func add(_ name: String, _ shape: [Int], _ layout: TensorLayout = .same) {
      tensors[name] = StoredTensor(offset: offset, shape: shape, layout: layout)
      offset += 4 * shape.reduce(1, *)
    }
    func addLayers(_ name: String, _ shape: [Int], _ layout: TensorLayout = .same) {
      for layer in 0..<header.layers { add("model.layers.\(layer).\(name).weight", shape, layout) }
    }
    let (width, inner) = (header.dimension, header.hidden)
    add("model.embed_tokens.weight", [header.vocabulary, width])
    addLayers("input_layernorm", [width])
    addLayers("self_attn.q_proj", [width, width], .rotaryPairs(heads: header.heads))
    addLayers("self_attn.k_proj", [header.keyWidth, width], .rotaryPairs(heads: header.keyHeads))
    addLayers("self_attn.v_proj", [header.keyWidth, width])
    addLayers("self_attn.o_proj", [width, width])
    addLayers("post_attention_layernorm", [width])
    addLayers("mlp.gate_proj", [inner, width])
    addLayers("mlp.down_proj", [width, inner])
    addLayers("mlp.up_proj", [inner, width])
    add("model.norm.weight", [width])
    offset += 4 * header.positions * (width / header.heads)
    if !header.tiesEmbeddings { add("lm_head.weight", [header.vocabulary, width]) }
    return tensors
  }

  var shapes: [(name: String, shape: [Int]?)] {
    tensors.sorted { $0.key < $1.key }.map { ($0.key, $0.value.shape) }
  }

  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws(Failure) {
    let tensor = tensors[name]!
    guard tensor.layout != .same else {
      return try file.read(into: UnsafeMutableRawBufferPointer(values), at: tensor.offset)
    }
    let stored = UnsafeMutableBufferPointer<Float>.allocate(capacity: values.count)
    defer { stored.deallocate() }
    try file.read(into: UnsafeMutableRawBufferPointer(stored), at: tensor.offset)
    tensor.layout.decode(
      stored.baseAddress!, into: values.baseAddress!, rows: tensor.shape[0], columns: tensor.shape[1])
  }
}
