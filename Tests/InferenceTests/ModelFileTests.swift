import Checkpoints
import Files
import Foundation
import Inference
import ModelFiles
import Models
import Support
import Testing
import Tokenizers

@Suite struct ModelFileTests {
  /// The path of a file that is removed when `body` ends.
  private func withScratchFile<T>(_ body: (String) throws -> T) throws -> T {
    let folder = try ScratchFolder()
    return try body(folder("model.h5"))
  }

  /// The failure that reading the model of `contents` ends with.
  private func failure(_ contents: ArrayFileContents) throws -> Failure? {
    try withScratchFile { path in
      try contents.write(to: path)
      do {
        _ = try TextGenerator(at: path)
        return nil
      } catch let failure as Failure {
        return failure
      }
    }
  }

  private static func contents(_ configuration: String = TinyModel.llama) throws -> ArrayFileContents {
    let configuration = try TinyModel.configuration(configuration)
    return ModelFile.contents(
      configuration.makeModel(seed: 1), configuration, tokenizer: .bytes, chatTemplate: "", step: 12)
  }

  @Test(arguments: [TinyModel.llama, TinyModel.gpt2])
  func whatIsWrittenIsRead(_ text: String) throws {
    let configuration = try TinyModel.configuration(text, vocabulary: 258)
    let model = configuration.makeModel(seed: 1)
    let contents = ModelFile.contents(
      model, configuration, tokenizer: try Tokenizer.bytes.adding(special: ["<|user|>"]),
      chatTemplate: "{{ messages }}", endTokens: [256, 257], step: 12)
    try withScratchFile { path in
      try contents.write(to: path)
      let file = try ModelFile.open(path)
      #expect(file.step == 12)
      #expect(file.chatTemplate == "{{ messages }}")
      #expect(file.configuration.json == configuration.json)
      let generator = try TextGenerator(at: path)
      #expect(generator.endTokens == [256, 257])
      #expect(generator.tokenizer.encode("a<|user|>b", special: .parse) == [97, 257, 98])
      for (left, right) in zip(model.namedParameters, generator.model.namedParameters) {
        #expect(left.name == right.name)
        #expect(left.value.elements == right.value.elements)
      }
      #expect(generator.model.fullLogits([1, 2, 3]) == model.fullLogits([1, 2, 3]))
    }
  }

  @Test func aModelWithoutATokenizerCannotWrite() throws {
    let configuration = try TinyModel.configuration()
    let contents = ModelFile.contents(
      configuration.makeModel(seed: 1), configuration, tokenizer: nil, chatTemplate: "", step: 0)
    let failure = try #require(try failure(contents))
    #expect(failure.what == "the model has no tokenizer")
  }

  @Test func theFileIsAsTheContractHasIt() throws {
    try withScratchFile { path in
      try Self.contents().write(to: path)
      let file = try ArrayFile(path)
      #expect(file.attributes["format"]?.string == "train-model")
      #expect(file.attributes["format_version"]?.integer == 1)
      #expect(file.attributes["step"]?.integer == 12)
      #expect(file.attributes["chat_template"]?.string == "")
      let config = try JSONValue.parse(Array(file.attributes["config"]!.string!.utf8), source: "", area: .model)
      #expect(config["model_type"] == "llama")
      #expect(config["architectures"] == ["LlamaForCausalLM"])
      #expect(config["eos_token_id"] == 256)
      let names = Set(file.arrays(in: "model").map(\.name))
      #expect(names.contains("model.layers.1.self_attn.k_proj.weight"))
      #expect(names.contains("lm_head.weight"))
      #expect(file.array("model.layers.1.self_attn.k_proj.weight", in: "model")?.shape == [8, 16])
      #expect(names.count == 2 * 9 + 3)
    }
  }

  @Test func everyMismatchIsNamed() throws {
    let contents = try Self.contents()
    var arrays = contents.groups[0].arrays
    arrays.removeAll { $0.name == "model.norm.weight" }
    arrays.removeAll { $0.name == "model.layers.0.mlp.up_proj.weight" }
    arrays.append(
      NamedArray("model.layers.0.mlp.up_proj.weight", shape: [16, 24], values: [Float](repeating: 0, count: 384)))
    arrays.append(NamedArray("model.extra", shape: [2], values: [Float](repeating: 0, count: 2)))
    let failure = try #require(
      try failure(ArrayFileContents(attributes: contents.attributes, groups: [ArrayGroup("model", arrays)])))
    #expect(failure.exitCode == 5)
    #expect(failure.what == "the weights do not fit the model's configuration")
    #expect(
      failure.notes == [
        "model.layers.0.mlp.up_proj.weight: expected [24, 16], found [16, 24]",
        "model.norm.weight is missing: expected [16]",
        "model.extra is unknown: found [2]",
      ])
  }

  /// What is changed in the attributes, and the area and words of the failure.
  static let faults: [(name: String, value: AttributeValue?, area: Failure.Area, what: String)] = [
    ("format", .string("other"), .checkpoint, "not a model of train"),
    ("format_version", .integer(2), .checkpoint, "another format version"),
    ("config", nil, .checkpoint, "lacks its attribute"),
    ("step", .integer(-1), .checkpoint, "lacks its attribute"),
    ("config", .string("{"), .model, "expected"),
    ("config", .string("[]"), .model, "is an object"),
    ("config", .string("{}"), .model, "missing key"),
    ("tokenizer", .string("{}"), .tokenizer, "model is missing"),
  ]

  @Test(arguments: 0..<faults.count) func aDamagedHeaderIsNamed(_ number: Int) throws {
    let fault = Self.faults[number]
    var contents = try Self.contents()
    contents.attributes[fault.name] = fault.value
    let failure = try #require(try failure(contents))
    #expect(failure.area == fault.area, "\(failure)")
    #expect(failure.exitCode == 5)
    #expect(failure.what.contains(fault.what), "\(failure)")
  }

  private func configured(_ change: (inout JSONValue) -> Void) throws -> Failure? {
    var contents = try Self.contents()
    let text = contents.attributes["config"]!.string!
    var config = try JSONValue.parse(Array(text.utf8), source: "", area: .model)
    change(&config)
    contents.attributes["config"] = .string(config.serialized())
    return try failure(contents)
  }

  /// A configuration of a huge model is refused before memory is taken for it.
  @Test func aConfigurationThatIsTooLargeIsRefused() throws {
    for size in [100_000, 2_000_000_000] {
      let failure = try configured { config in
        config["hidden_size"] = JSONValue(size)
        config["intermediate_size"] = JSONValue(size)
        config["head_dim"] = JSONValue(size / 4)
      }
      #expect(failure?.what == "the configuration is that of another model")
    }
    let layers = try configured { $0["num_hidden_layers"] = 100_000 }
    #expect(layers?.what == "the configuration is that of another model")
  }

  @Test func theConfigurationIsReadStrictly() throws {
    let unknown = try configured { $0["hiden_size"] = 3 }
    #expect(unknown?.what == "unknown key \"hiden_size\"")
    #expect(unknown?.notes == ["did you mean \"hidden_size\"?"])
    let positions = try configured { $0["max_position_embeddings"] = 2_000_000_000 }
    #expect(positions?.what == "\"max_position_embeddings\" must be an integer from 1 to 1048576")
    let ends = try configured { $0["eos_token_id"] = 257 }
    #expect(ends?.what == "the end token 257 is no token of the model")
    let small = try configured { config in
      config["vocab_size"] = 200
      config["eos_token_id"] = 1
    }
    #expect(small?.area == .tokenizer)
  }
}
