import Autograd
import Files
import Foundation
import Inference
import ModelFiles
import Models
import Support
import Testing
import Tokenizers

/// llama2.c's files, written as its `export.py` and `tokenizer.py` write them.
@Suite struct Llama2CModelTests {
  private let scratch = try! ScratchFolder()

  private static func little(_ value: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt32(bitPattern: Int32(value)).littleEndian, Array.init)
  }

  /// The rows of a matrix in the order of pairs: Hugging Face's permutation undone.
  private static func pairs(_ rows: [Float], heads: Int, columns: Int) -> [Float] {
    let size = rows.count / columns / heads
    return (0..<heads).flatMap { head in
      (0..<size / 2).flatMap { pair in
        (0..<2).flatMap { half in
          let row = head * size + half * size / 2 + pair
          return rows[row * columns..<(row + 1) * columns]
        }
      }
    }
  }

  static func file(_ model: any LanguageModel, _ c: Llama.Configuration) -> [UInt8] {
    let weights = Dictionary(uniqueKeysWithValues: model.namedParameters.map { ($0.name, $0.value.elements) })
    func layers(_ name: String, heads: Int? = nil) -> [Float] {
      (0..<c.layers).flatMap { layer in
        let rows = weights["model.layers.\(layer).\(name).weight"]!
        return heads.map { pairs(rows, heads: $0, columns: c.hiddenSize) } ?? rows
      }
    }
    var floats = weights["model.embed_tokens.weight"]! + layers("input_layernorm")
    floats += layers("self_attn.q_proj", heads: c.heads) + layers("self_attn.k_proj", heads: c.keyValueHeads)
    floats += layers("self_attn.v_proj") + layers("self_attn.o_proj") + layers("post_attention_layernorm")
    floats += layers("mlp.gate_proj") + layers("mlp.down_proj") + layers("mlp.up_proj")
    floats += weights["model.norm.weight"]!
    floats += [Float](repeating: 9, count: c.maximumPositions * (c.hiddenSize / c.heads))
    if !c.tiesEmbeddings { floats += weights["lm_head.weight"]! }
    let header = [
      c.hiddenSize, c.intermediateSize, c.layers, c.heads, c.keyValueHeads,
      c.tiesEmbeddings ? c.vocabularySize : -c.vocabularySize, c.maximumPositions,
    ]
    return header.flatMap(little) + floats.withUnsafeBytes(Array.init)
  }

  private func model(_ kind: String) throws -> (any LanguageModel, Llama.Configuration) {
    var configuration = try #require(try TinyModel.configuration(kind) as? Llama.Configuration)
    configuration.rmsNormEpsilon = 1e-5
    configuration.vocabularySize = 262
    return (configuration.makeModel(seed: 9), configuration)
  }

  /// A tokenizer.bin: the special tokens, the bytes, and three pieces.
  static let tokenizer: [UInt8] = {
    let pieces =
      ["<unk>", "\n<s>\n", "\n</s>\n"] + (0..<256).map { String(format: "<0x%02X>", $0) } + [" ", "a", " a"]
    return little(7)
      + pieces.enumerated().flatMap { id, piece in
        withUnsafeBytes(of: Float(-id), Array.init) + little(piece.utf8.count) + Array(piece.utf8)
      }
  }()

  @Test(arguments: ["llama", "llama-tied"]) func theModelIsTheSame(_ kind: String) throws {
    let (model, configuration) = try model(kind)
    try DurableFile.write(Self.file(model, configuration), to: scratch("m.bin"))
    let bare = try StoredModel(at: scratch("m.bin"))
    #expect(bare.tokenizer == nil && bare.endTokens == nil && bare.notes.count == 1)
    #expect(try bare.model().probe == model.probe)
    try DurableFile.write(Self.tokenizer, to: scratch("tok262.bin"))
    let stored = try StoredModel(at: scratch("m.bin"))
    #expect(stored.notes.isEmpty && stored.endTokens == [2, 1])
    #expect(stored.tokenizer?.encode("a a") == [261, 261])
    #expect(stored.tokenizer?.endOfText == 2 && stored.tokenizer?.beginningOfText == 1)
    #expect(stored.tokenizer?.decode([1, 261, 261, 2], skippingSpecial: true) == Array("a a".utf8))
  }

  @Test func sizesThatDoNotAddUpAreRefused() throws {
    let (model, configuration) = try model("llama-tied")
    let bytes = Self.file(model, configuration)
    func what(_ bytes: [UInt8]) throws -> String? {
      try DurableFile.write(bytes, to: scratch("m.bin"))
      return refusal { _ = try StoredModel(at: scratch("m.bin")).model() }?.what
    }
    #expect(try what(bytes) == nil)
    #expect(try what(bytes + [0]) == "this is no model")
    #expect(try what(Array(bytes.dropLast())) == "this is no model")
    #expect(try what(Array(bytes[..<27])) == "this is no model")
    for place in 0..<7 {
      for value in [0, -1, 1, 3, Int(Int32.max), Int(Int32.min)] {
        var changed = bytes
        changed.replaceSubrange(4 * place..<4 * place + 4, with: Self.little(value))
        #expect(try what(changed) != nil, "number \(place) is \(value)")
      }
    }
  }

  @Test func aTokenizerThatDoesNotFitIsRefused() throws {
    let (model, configuration) = try model("llama-tied")
    try DurableFile.write(Self.file(model, configuration), to: scratch("m.bin"))
    let name = scratch("tokenizer.bin")
    for bytes in [Self.tokenizer + [0], Array(Self.tokenizer.dropLast()), Array(Self.tokenizer[..<3]), []] {
      try DurableFile.write(bytes, to: name)
      #expect(refusal { _ = try StoredModel(at: scratch("m.bin")) }?.what.contains("no tokenizer of llama2.c") == true)
    }
    var length = Self.tokenizer
    length.replaceSubrange(8..<12, with: [255, 255, 255, 255])
    try DurableFile.write(length, to: name)
    #expect(refusal { _ = try StoredModel(at: scratch("m.bin")) }?.exitCode == 5)
  }
}
