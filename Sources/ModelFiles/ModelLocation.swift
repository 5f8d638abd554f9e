import Checkpoints
import Files
import Glibc

/// The formats that a model can be read from.
package enum ModelFormat: Sendable {
  /// A `model.h5`, a step folder or a run folder.
  case checkpoint
  /// A folder as Hugging Face's libraries save it.
  case huggingFace
  /// An adapter as PEFT saves it.
  case peft
  /// A GGUF file.
  case gguf
  /// A model of llama2.c.
  case llama2C

  /// The format of the model at `path`, recognised by its contents.
  package init(of path: String) throws(Failure) {
    if Folder.exists(path) {
      let names = try Folder.names(in: path, area: .checkpoint)
      // An adapter may have the configuration of its base beside it: transformers loads the adapter then.
      self =
        names.contains(PEFTFolder.configurationName)
        ? .peft : names.contains(HuggingFaceFolder.configurationName) ? .huggingFace : .checkpoint
      return
    }
    if access(path, F_OK) != 0, errno == ENOENT { throw Self.missing(path) }
    let file = try ReadableFile(path, area: .checkpoint)
    let head = try file.read(min(32, file.count), at: 0)
    if head.starts(with: [0x89] + Array("HDF\r\n\u{1A}\n".utf8)) {
      self = .checkpoint
    } else if head.starts(with: Array("GGUF".utf8)) {
      self = .gguf
    } else if Llama2CModel.recognizes(head, count: file.count) {
      self = .llama2C
    } else {
      throw Failure(
        .checkpoint, "this is no model", at: path,
        notes: [
          "expected a run, a step folder, a model.h5, a Hugging Face folder, a GGUF file or a model of llama2.c"
        ])
    }
  }
}

extension ModelFormat {
  /// The failure of a path where nothing is, which may be the name of a model of the Hugging Face Hub.
  private static func missing(_ path: String) -> Failure {
    var failure = Failure.system(.checkpoint, "cannot open the file", at: path, ENOENT)
    if Path.withHome(path) != path {
      failure.notes.append("a shell replaces \"~\", and only where a word begins: \(Path.withHome(path))")
    }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let hasName = parts.count == 2 && parts[1].contains { $0.isUppercase || $0.isNumber }
    let isName = hasName && !["", "~", "checkpoints"].contains(parts[0]) && !Path.exists(String(parts[0]))
    if isName || path.contains("://") {
      failure.notes.append(
        "nothing is loaded over the network: hf download \(isName ? path : "ORGANISATION/NAME") --local-dir FOLDER, then name FOLDER"
      )
    }
    return failure
  }
}

extension StoredModel {
  /// What a user may name as a model, for the help of commands.
  package static let kinds =
    "CHECKPOINT is a run, a step folder, a model.h5, a Hugging Face folder, a GGUF file or a model of llama2.c."

  /// Opens the model that a user names, of whatever format it is.
  ///
  /// - Throws: `.checkpoint` for what is damaged or no model, `.model` or `.tokenizer` for contents that do not fit.
  package init(at path: String) throws(Failure) {
    switch try ModelFormat(of: path) {
    case .checkpoint: self = try ModelFile.open(path)
    case .huggingFace: self = try HuggingFaceFolder.open(path)
    case .peft: self = try PEFTFolder.open(path)
    case .gguf: self = try GGUFModel.open(path)
    case .llama2C: self = try Llama2CModel.open(path)
    }
  }
}
