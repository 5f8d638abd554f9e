import Files
import Foundation
import Inference
import ModelFiles
import Models
import Testing
import Tokenizers

/// `train import` and `train export`, and the other commands on what they make.
@Suite struct InterchangeCommandTests {
  private let run: TinyRun

  init() throws {
    run = try TinyRun()
    let text = """
      { "model_type": "llama", "vocab_size": 257, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 32, "initializer_range": 0.3 }
      """
    let configuration = try ModelDescription(configuration: text, source: "test").configuration(vocabularySize: 257)
    try ModelFile.contents(
      configuration.makeModel(seed: 4), configuration, tokenizer: .bytes, chatTemplate: "", step: 5
    ).write(to: run.path("model.h5"))
  }

  private func train(_ arguments: String...) throws -> Binary.Outcome { try Binary.run(arguments, in: run.folder) }

  private func tokens(_ model: String) throws -> JSONValue {
    let outcome = try train("generate", model, "--prompt", "the", "--greedy", "--max-tokens", "12", "--json")
    #expect(outcome.code == 0, "\(model): \(outcome.log)")
    return try JSONValue.parse(Array(outcome.results.utf8), source: model, area: .data)["tokens"] ?? .null
  }

  @Test func everyCommandTakesEveryFormat() throws {
    let expected = try tokens("model.h5")
    for (name, format) in [("folder", "hf"), ("model.gguf", "gguf")] {
      let exported = try train("export", "model.h5", name, "--to", format)
      #expect(exported.code == 0, "\(exported.log)")
      #expect(exported.results.hasPrefix("\(name): 21 tensors, read back and compared\n"))
      #expect(try tokens(name) == expected)
      let imported = try train("import", name, "from-\(format)")
      #expect(imported.code == 0 && imported.results == "from-\(format): 35040 parameters, a tokenizer of 257 tokens\n")
      #expect(try tokens("from-\(format)") == expected)
      let encoded = try train("tokenizer", "encode", name, "ab")
      #expect(encoded.results == "97 98\n", "\(encoded.log)")
      let evaluated = try train("eval", name, "--data", "text.txt", "--json")
      #expect(evaluated.code == 0, "\(evaluated.log)")
      let trained = try train(
        "pretrain", "tiny.json", "model={\"from\":\"\(name)\"}", "~tokenizer", "training.max_steps=2",
        "run=runs/\(format)")
      #expect(trained.code == 0, "\(trained.log)")
    }
    #expect(try train("export", "folder", "weights.safetensors", "--to", "safetensors", "--dtype", "bf16").code == 0)
    let json = try train("export", "folder", "q.gguf", "--to", "gguf", "--dtype", "q8_0", "--json")
    let result = try JSONValue.parse(Array(json.results.utf8), source: "", area: .data)
    #expect(result["tensors"] == 21 && result["weight_difference"]!.double! < 0.01)
  }

  @Test func mistakesHaveTheirCodes() throws {
    #expect(try train("export", "model.h5", "out", "--to", "gguf").code == 0)
    let cases: [(Int32, String, [String])] = [
      (2, "--to is missing", ["export", "model.h5", "new"]),
      (2, "--to must be one of hf, safetensors, gguf", ["export", "model.h5", "new", "--to", "ggml"]),
      (2, "--dtype must be one of", ["export", "model.h5", "new", "--to", "hf", "--dtype", "f8"]),
      (2, "hf has no q8_0 numbers", ["export", "model.h5", "new", "--to", "hf", "--dtype", "q8_0"]),
      (2, "there is something already", ["export", "model.h5", "out", "--to", "gguf"]),
      (2, "OUT is missing", ["import", "model.h5"]),
      (5, "this is no model", ["import", "text.txt", "new"]),
      (5, "cannot open the file", ["export", "none", "new", "--to", "hf"]),
    ]
    for (code, words, arguments) in cases {
      let outcome = try Binary.run(arguments, in: run.folder)
      #expect(outcome.code == code && outcome.log.contains(words), "\(arguments): \(outcome.code), \(outcome.log)")
    }
    #expect(!FileManager.default.fileExists(atPath: run.path("new")))
    #expect(try train("export", "model.h5", "out", "--to", "gguf", "--overwrite").code == 0)
  }
}
