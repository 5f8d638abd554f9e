import Files
import Foundation
import Inference
import ModelFiles
import Models
import Testing
import Tokenizers

@Suite struct TokenizerLocationTests {
  @Test func aTokenizerIsFoundWhereverItLies() throws {
    let folder = URL(filePath: NSTemporaryDirectory()).appending(path: "tokenizer-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let expected = try Tokenizer.bytes.adding(special: ["<|user|>"])
    var configuration = try TinyModel.configuration("llama")
    configuration.vocabularySize = 258
    let contents = ModelFile.contents(
      configuration.makeModel(seed: 1), configuration, tokenizer: expected, chatTemplate: "", step: 0)
    try contents.write(to: folder.appending(path: "model.h5").path)
    for place in ["", "/model.h5"] {
      #expect(try Tokenizer(at: folder.path + place).json() == expected.json())
    }
    try DurableFile.write(Tokenizer.bytes.json(), to: folder.path + "/tokenizer.json")
    #expect(try Tokenizer(at: folder.path).vocabularySize == 257)
    #expect(try Tokenizer(at: folder.path + "/tokenizer.json").vocabularySize == 257)
    #expect(try Tokenizer(at: "bytes").vocabularySize == 257)
    #expect { try Tokenizer(at: folder.path + "/none") } throws: { ($0 as? Failure)?.exitCode == 5 }
  }
}
