import Checkpoints
import Files
import Tokenizers

extension Tokenizer {
  /// The tokenizer that a user names: a `tokenizer.json`, a folder with one (a run, a Hugging Face folder), a checkpoint
  /// with its `model.h5`, or the word `bytes`.
  ///
  /// - Throws: `Failure` of the areas `.tokenizer` or `.checkpoint`.
  package init(at path: String) throws(Failure) {
    if path == "bytes" {
      self = .bytes
      return
    }
    if Folder.exists(path) {
      let hasTokenizer = try Folder.names(in: path, area: .tokenizer).contains("tokenizer.json")
      try self.init(file: hasTokenizer ? "\(path)/tokenizer.json" : CheckpointLocation(path).model)
    } else {
      try self.init(file: path)
    }
  }

  private init(file path: String) throws(Failure) {
    let hdf5: [UInt8] = [0x89, 0x48, 0x44, 0x46]
    let file = try ReadableFile(path, area: .tokenizer)
    if try file.read(min(4, file.count), at: 0) == hdf5 {
      guard let tokenizer = try ModelFile(path).tokenizer else {
        throw Failure(.tokenizer, "the model has no tokenizer", at: path)
      }
      self = tokenizer
    } else {
      try self.init(json: file.read(file.count, at: 0), source: path)
    }
  }
}
