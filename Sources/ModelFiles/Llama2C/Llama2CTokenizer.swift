import Files
import Tokenizers

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
