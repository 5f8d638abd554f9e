import Files
import Inference
import ModelFiles
import Models
import Support
import Testing
import Tokenizers

@Suite struct TokenizerLocationTests {
  @Test func aTokenizerIsFoundWhereverItIs() throws {
    let folder = try ScratchFolder()
    let expected = try Tokenizer.bytes.adding(special: ["<|user|>"])
    var configuration = try TinyModel.configuration("llama")
    configuration.vocabularySize = 258
    let contents = ModelFile.contents(
      configuration.makeModel(seed: 1), configuration, tokenizer: expected, chatTemplate: "", step: 0)
    try contents.write(to: folder("model.h5"))
    for place in ["", "/model.h5"] {
      #expect(try Tokenizer(at: folder.path + place).json() == expected.json())
    }
    try DurableFile.write(Tokenizer.bytes.json(), to: folder.path + "/tokenizer.json")
    #expect(try Tokenizer(at: folder.path).vocabularySize == 257)
    #expect(try Tokenizer(at: folder.path + "/tokenizer.json").vocabularySize == 257)
    #expect(try Tokenizer(at: "bytes").vocabularySize == 257)
    #expect { try Tokenizer(at: folder.path + "/none") } throws: { ($0 as? Failure)?.exitCode == 5 }
  }

  /// A tokenizer brings its chat template, as in transformers.
  @Test func aTemplateComesWithItsTokenizer() throws {
    let folder = try ScratchFolder()
    _ = try TinyModel.write("llama", to: folder("model.h5"), chatTemplate: "{{ a }}")
    #expect(try ChatTemplate.text(withTokenizerAt: folder("model.h5")) == "{{ a }}")
    #expect(try ChatTemplate.text(withTokenizerAt: folder.path) == "{{ a }}")
    try folder.write("{{ b }}", to: "chat_template.jinja")
    #expect(try ChatTemplate.text(withTokenizerAt: folder.path) == "{{ b }}")
    try folder.write(Tokenizer.bytes.json(), to: "tokenizer.json")
    #expect(try ChatTemplate.text(withTokenizerAt: folder("tokenizer.json")) == "")
    #expect(try ChatTemplate.text(withTokenizerAt: "bytes") == "")
  }
}
