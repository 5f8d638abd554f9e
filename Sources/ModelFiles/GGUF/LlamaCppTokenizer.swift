import Checkpoints
import Files
import Tokenizers

/// What llama.cpp makes of a text with the tokenizer in a GGUF file (`llama_vocab::impl::tokenize` in `src/llama-vocab.cpp`):
/// its algorithms by themselves, over the texts in the file, so that an export is not compared with its own reader.
///
/// How text is cut into pieces is taken over from `PieceScanner`, which has llama.cpp's patterns.
package struct LlamaCppTokenizer {
  package let tokens: LlamaCppTokens
  /// Whether a text begins with the token `tokens.beginning`.
  package let addsBeginning: Bool

  private let ids: [[UInt8]: Int32]
  private let searched: (all: [Int], shown: [Int])
  private let kind: Kind

  private enum Kind {
    /// Merges by rank, over pieces in the alphabet of bytes; a whole piece that is a token may come first.
    case bytePairs(ranks: [[UInt8]: Int], PreTokenizer, ignoresMerges: Bool)
    /// Any neighbours that make a token merge, by its score.
    case sentencePiece(scores: [Double], addsSpacePrefix: Bool)
  }

  /// Reads the tokenizer of a file as llama.cpp does, nil when it has none.
  ///
  /// - Throws: `.verification` for a file that llama.cpp refuses.
  package init?(_ file: GGUFFile) throws(Failure) {
    guard let model = try file.string("tokenizer.ggml.model"), model != "none" else { return nil }
    tokens = try LlamaCppTokens(file, model: model)
    var ids: [[UInt8]: Int32] = [:]
    for (id, text) in tokens.texts.enumerated() {
      if let earlier = ids.updateValue(Int32(id), forKey: Array(text.utf8)) {
        throw Failure(
          .verification, "llama.cpp would refuse the file: two tokens are spelled \(text.debugDescription)",
          at: file.path, notes: ["their ids are \(earlier) and \(id)"])
      }
    }
    self.ids = ids
    searched = (tokens.searched(parsesSpecial: true), tokens.searched(parsesSpecial: false))
    let name = try file.string("tokenizer.ggml.pre")
    let usesWholePieces = name.map(PreTokenizer.ignoresMerges(ggufName:)) ?? false
    addsBeginning = try file.bool("tokenizer.ggml.add_bos_token") ?? (model == "llama" || usesWholePieces)
    if model == "llama" {
      kind = .sentencePiece(
        scores: file["tokenizer.ggml.scores"]?.floats ?? [Double](repeating: 0, count: tokens.texts.count),
        addsSpacePrefix: try file.bool("tokenizer.ggml.add_space_prefix") ?? true)
    } else {
      var ranks: [[UInt8]: Int] = [:]
      for (rank, merge) in (file["tokenizer.ggml.merges"]?.strings ?? []).enumerated() {
        if ranks[Array(merge.utf8)] == nil { ranks[Array(merge.utf8)] = rank }
      }
      kind = .bytePairs(
        ranks: ranks, name.flatMap { PreTokenizer(ggufName: $0) } ?? .gpt2, ignoresMerges: usesWholePieces)
    }
  }

  /// The ids of a text. One of -1 stands where llama.cpp would fail for want of a byte.
  package func encode(_ text: String, parsesSpecial: Bool) -> [Int32] {
    var output: [Int32] = []
    var followsToken = true
    for part in parts(of: Array(text.utf8), parsesSpecial: parsesSpecial) {
      switch part {
      case .token(let id): output.append(id)
      case .text(let bytes): append(bytes, followsToken: followsToken, to: &output)
      }
      if case .token = part { followsToken = true } else { followsToken = false }
    }
    return output
  }

  private func append(_ bytes: [UInt8], followsToken: Bool, to output: inout [Int32]) {
    switch kind {
    case .bytePairs(let ranks, let preTokenizer, let ignoresMerges):
      for piece in Self.pieces(of: bytes, preTokenizer) {
        if ignoresMerges, let id = ids[piece] {
          output.append(id)
          continue
        }
        for symbol in merged(piece, rank: { ranks[$0 + [0x20] + $1].map(Double.init) }) {
          // In the alphabet of bytes a character that is no token has no bytes that are tokens either.
          if let id = ids[symbol] { output.append(id) }
        }
      }
    case .sentencePiece(let scores, let addsSpacePrefix):
      let spaced = (addsSpacePrefix && followsToken ? [0x20] : []) + bytes
      let escaped = spaced.flatMap { $0 == 0x20 ? [0xE2, 0x96, 0x81] : [$0] }
      for symbol in merged(escaped, rank: { left, right in ids[left + right].map { -scores[Int($0)] } }) {
        if let id = ids[symbol] {
          output.append(id)
        } else {
          output += symbol.map { ids[Array(Self.text(ofByte: $0).utf8)] ?? ids[[$0]] ?? -1 }
        }
      }
    }
  }

  private static func text(ofByte byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return "<0x\(digits.count == 1 ? "0" : "")\(digits)>"
  }

  // MARK: Parts

  private enum Part {
    case token(Int32)
    case text([UInt8])
  }

  /// The text cut at tokens: first at every occurrence of the longest, then what is left at the next.
  private func parts(of text: [UInt8], parsesSpecial: Bool) -> [Part] {
    var parts: [Part] = text.isEmpty ? [] : [.text(text)]
    for id in parsesSpecial ? searched.all : searched.shown {
      let token = Array(tokens.texts[id].utf8)
      parts = parts.flatMap { part in
        guard case .text(let bytes) = part else { return [part] }
        return Self.cut(bytes, at: token, Int32(id))
      }
    }
    return parts
  }

  private static func cut(_ bytes: [UInt8], at token: [UInt8], _ id: Int32) -> [Part] {
    var parts: [Part] = []
    var (start, index) = (0, 0)
    while index + token.count <= bytes.count {
      guard bytes[index] == token[0], bytes[index..<index + token.count].elementsEqual(token) else {
        index += 1
        continue
      }
      if index > start { parts.append(.text(Array(bytes[start..<index]))) }
      parts.append(.token(id))
      index += token.count
      start = index
    }
    if start < bytes.count { parts.append(.text(Array(bytes[start...]))) }
    return parts
  }

  // MARK: Merging

  /// The pieces of a text in the alphabet of bytes.
  private static func pieces(of bytes: [UInt8], _ preTokenizer: PreTokenizer) -> [[UInt8]] {
    bytes.withUnsafeBufferPointer { buffer in
      var scanner = PieceScanner(buffer, preTokenizer)
      var pieces: [[UInt8]] = []
      while let range = scanner.next() { pieces.append(buffer[range].flatMap { spelled[Int($0)] }) }
      return pieces
    }
  }

  /// How each byte is spelled: as itself where it can be seen, else as one of the characters from U+0100 on (GPT-2,
  /// `bytes_to_unicode`).
  private static let spelled: [[UInt8]] = {
    var next: UInt32 = 0x100
    return (UInt32(0)..<256).map { byte in
      let isSeen = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte)
      let scalar = isSeen ? byte : next
      if !isSeen { next += 1 }
      return Array(String(Unicode.Scalar(scalar)!).utf8)
    }
  }()

  /// The symbols that are left of a text's characters: of all neighbours that may merge those of the lowest rank do, the
  /// leftmost first, until none may.
  private func merged(_ text: [UInt8], rank: (_ left: [UInt8], _ right: [UInt8]) -> Double?) -> [[UInt8]] {
    var symbols: [[UInt8]] = []
    var index = 0
    while index < text.count {
      let length = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4][Int(text[index] >> 4)]
      let end = min(text.count, index + length)
      symbols.append(Array(text[index..<end]))
      index = end
    }
    var ranks = symbols.indices.dropLast().map { rank(symbols[$0], symbols[$0 + 1]) }
    while let place = ranks.indices.filter({ ranks[$0] != nil }).min(by: { ranks[$0]! < ranks[$1]! }) {
      symbols[place] += symbols.remove(at: place + 1)
      ranks.remove(at: place)
      if place < ranks.count { ranks[place] = rank(symbols[place], symbols[place + 1]) }
      if place > 0 { ranks[place - 1] = rank(symbols[place - 1], symbols[place]) }
    }
    return symbols
  }
}
