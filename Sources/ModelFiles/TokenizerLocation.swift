import Checkpoints
import Files
import Tokenizers

extension Tokenizer {
  /// The tokenizer that a user names: a `tokenizer.json`, a folder with one (a run, a Hugging Face folder), SentencePiece's
  /// `tokenizer.model`, any model that has one, or the word `bytes`.
  ///
  /// - Throws: `Failure` of the areas `.tokenizer`, `.checkpoint` or `.model`.
  package init(at path: String) throws(Failure) {
    if path == "bytes" {
      self = .bytes
    } else if Folder.exists(path) {
      if let tokenizer = try HuggingFaceTokenizer.read(path) {
        self = tokenizer.namedTokens.isEmpty ? tokenizer.named(byModelAt: path) : tokenizer
      } else {
        try self.init(ofModel: path)
      }
    } else {
      let file = try ReadableFile(path, area: .tokenizer)
      if path.hasSuffix(".model") {
        try self.init(sentencePieceModel: file.read(file.count, at: 0), source: path)
        self = addingBeginningOfText(true)
        return
      }
      let first = try file.read(min(64, file.count), at: 0).first { !$0.isJSONSpace }
      if first == UInt8(ascii: "{") {
        try self.init(json: file.read(file.count, at: 0), source: path)
      } else {
        try self.init(ofModel: path)
      }
    }
  }

  /// This tokenizer with the tokens by name that a checkpoint of ours beside it has, which `tokenizer.json` lacks.
  private func named(byModelAt path: String) -> Tokenizer {
    guard let beside = (try? ModelFile.open(path))?.tokenizer, beside.json() == json() else { return self }
    return beside
  }

  private init(ofModel path: String) throws(Failure) {
    guard let tokenizer = try StoredModel(at: path).tokenizer else {
      throw Failure(.tokenizer, "the model has no tokenizer", at: path)
    }
    self = tokenizer
  }
}

extension ChatTemplate {
  /// The text of the template that comes with the tokenizer that a user names, as it does in transformers; empty where none
  /// does.
  package static func text(withTokenizerAt path: String) throws(Failure) -> String {
    if path == "bytes" { return "" }
    if Folder.exists(path) {
      let text = try HuggingFaceFolder.chatTemplate(in: path).text
      if !text.isEmpty { return text }
    }
    return (try? StoredModel(at: path))?.chatTemplate ?? ""
  }
}

extension UInt8 {
  fileprivate var isJSONSpace: Bool { self == 0x20 || (0x09...0x0A).contains(self) || self == 0x0D }
}
