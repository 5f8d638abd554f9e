import Checkpoints
import Files
import Foundation
import ModelFiles
import Support
import Tokenizers

/// Models in a folder of a test, each in a file of its own: HDF5 does not rewrite a file that is still open.
extension ScratchFolder {
  /// Opens a model that is made of the given contents.
  func opened(_ contents: ArrayFileContents) throws -> StoredModel {
    let path = try newModel()
    try contents.write(to: path)
    return try StoredModel(at: path)
  }

  /// A small model of a kind.
  func stored(
    _ kind: String, _ tokenizer: Tokenizer? = .bytes, template: String = "", ends: [Int32]? = nil
  ) throws -> StoredModel {
    let path = try newModel()
    _ = try TinyModel.write(kind, to: path, tokenizer: tokenizer, chatTemplate: template, endTokens: ends)
    return try StoredModel(at: path)
  }

  private func newModel() throws -> String {
    try Folder.create(self("models"))
    return self("models/\(UUID().uuidString).h5")
  }
}
