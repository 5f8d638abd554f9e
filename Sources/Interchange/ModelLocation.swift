import Checkpoints
import Files
import Inference

/// The formats that a model can be read from.
package enum ModelFormat: Sendable {
  /// A `model.h5`, a step folder or a run folder.
  case checkpoint
  /// A folder as Hugging Face's libraries save it.
  case huggingFace

  /// The format of what lies at `path`, told by its contents.
  package init(of path: String) throws(Failure) {
    if Folder.exists(path) {
      let names = try Folder.names(in: path, area: .checkpoint)
      self = names.contains(HuggingFaceFolder.configurationName) ? .huggingFace : .checkpoint
      return
    }
    let file = try ReadableFile(path, area: .checkpoint)
    let head = try file.read(min(8, file.count), at: 0)
    if head == [0x89] + Array("HDF\r\n\u{1A}\n".utf8) {
      self = .checkpoint
    } else {
      throw Failure(
        .checkpoint, "this is no model", at: path,
        notes: ["expected a run, a step folder, a model.h5, or a Hugging Face folder"])
    }
  }
}

extension StoredModel {
  /// Opens the model that a user names, of whatever format it is.
  ///
  /// - Throws: `.checkpoint` for what is damaged or no model, `.model` or `.tokenizer` for contents that do not fit.
  package init(at path: String) throws(Failure) {
    switch try ModelFormat(of: path) {
    case .checkpoint: self = try ModelFile.open(path)
    case .huggingFace: self = try HuggingFaceFolder.open(path)
    }
  }
}
