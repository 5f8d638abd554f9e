import Checkpoints
import Files
import Tokenizers

/// Makes a checkpoint folder, which every command takes, from a model of any format.
package enum Import {
  /// The tokenizer by itself, for other programs; `model.h5` has it too.
  private static let tokenizerName = "tokenizer.json"

  /// Writes the model to the folder `path`, which appears whole or not at all: `model.h5`, its manifest, and the tokenizer.
  package static func write(_ stored: StoredModel, to path: String, overwrite: Bool) throws(Failure) {
    let model = try stored.model()
    try model.mergeAdapters()
    let contents = ModelFile.contents(
      model, stored.configuration, tokenizer: stored.tokenizer, chatTemplate: stored.chatTemplate,
      endTokens: stored.endTokens, beginningToken: stored.beginningToken, step: stored.step)
    let names = [ModelFile.name, tokenizerName, Checkpoint.manifestName]
    try StagedOutput.write(path, overwrite: overwrite, contents: names) { (folder) throws(Failure) in
      try contents.write(to: "\(folder)/\(ModelFile.name)")
      if let tokenizer = stored.tokenizer {
        try DurableFile.write(tokenizer.json() + "\n", to: "\(folder)/\(tokenizerName)")
      }
      try Checkpoint.writeManifest(in: folder, step: stored.step, files: [(ModelFile.name, contents)], extra: [])
    }
  }
}
