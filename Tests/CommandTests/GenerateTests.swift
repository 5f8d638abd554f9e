import Files
import Foundation
import Inference
import ModelFiles
import Models
import Support
import Testing
import Tokenizers

@Suite struct GenerateTests {
  /// A folder with a small model that has bytes as tokens.
  private func withModel<T>(_ body: (ScratchFolder) throws -> T) throws -> T {
    let folder = try ScratchFolder()
    let text = """
      { "model_type": "llama", "vocab_size": 257, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1,
        "num_attention_heads": 2, "max_position_embeddings": 48, "initializer_range": 0.4 }
      """
    let configuration = try ModelDescription(configuration: text, source: "").configuration(vocabularySize: 257)
    let contents = ModelFile.contents(
      configuration.makeModel(seed: 1), configuration, tokenizer: .bytes, chatTemplate: "", step: 3)
    try contents.write(to: folder("model.h5"))
    return try body(folder)
  }

  @Test func textFollowsThePrompt() throws {
    try withModel { folder in
      let arguments = ["generate", "model.h5", "--prompt", "Once", "--max-tokens", "20", "--seed", "4"]
      let outcome = try Binary.run(arguments, in: folder)
      #expect(outcome.code == 0, "\(outcome.log)")
      #expect(outcome.results.hasPrefix("Once"))
      #expect(try Binary.run(arguments, in: folder).results == outcome.results)
      let bare = try Binary.run(arguments + ["--no-echo"], in: folder)
      #expect("Once" + bare.results == outcome.results)
      let json = try JSONValue.parse(
        Array(try Binary.run(arguments + ["--json"], in: folder).results.utf8), source: "", area: .data)
      #expect("Once" + json["text"]!.string! + "\n" == outcome.results)
      #expect(json["stop_reason"] == "max_tokens")
      #expect(json["prompt_tokens"] == 4)
      #expect(json["tokens"]?.array?.count == 20 && json["logprobs"]?.array?.count == 20)
      #expect(json["step"] == 3)
    }
  }

  @Test func aPromptIsReadFromStandardInput() throws {
    try withModel { folder in
      let process = Process()
      process.executableURL = URL(filePath: "/bin/sh")
      process.arguments = [
        "-c", "printf 'Once\\n' | \(Binary.url.path) generate model.h5 --greedy --max-tokens 5 --prompt -",
      ]
      process.currentDirectoryURL = folder.url("")
      let results = Pipe()
      process.standardOutput = results
      try process.run()
      let text = String(decoding: results.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      let arguments = ["generate", "model.h5", "--greedy", "--max-tokens", "5", "--prompt", "Once"]
      #expect(text == (try Binary.run(arguments, in: folder).results))
    }
  }

  @Test func theEndOfThePositionsIsNoted() throws {
    try withModel { folder in
      let prompt = String(repeating: "x", count: 48)
      let outcome = try Binary.run(["generate", ".", "--greedy", "--prompt", prompt, "--verbose"], in: folder)
      #expect(outcome.code == 0)
      #expect(outcome.log.contains("no more than 48 positions"))
      #expect(outcome.log.contains("tokens/s"))
    }
  }

  /// Arguments after the model, the exit code, and the beginning of the message.
  static let faults: [(arguments: [String], code: Int32, message: String)] = [
    (["--temperature", "warm"], 2, "error[usage]: --temperature must be a number"),
    (["--top-p", "1.5"], 2, "error[usage]: --top-p must be a number"),
    (["--beams", "2", "--top-k", "3"], 2, "error[usage]: --beams draws nothing"),
    (["--greedy", "--temperature", "1"], 2, "error[usage]: --greedy draws nothing"),
    (["--stop", ""], 2, "error[usage]: --stop needs a text"),
    (["--prompt", String(repeating: "x", count: 49)], 2, "error[usage]: the prompt is too long"),
  ]

  @Test(arguments: 0..<faults.count) func aMistakeIsAUsageError(_ number: Int) throws {
    let fault = Self.faults[number]
    try withModel { folder in
      let outcome = try Binary.run(["generate", "model.h5"] + fault.arguments, in: folder)
      #expect(outcome.code == fault.code)
      #expect(outcome.log.hasPrefix(fault.message), "\(outcome.log)")
    }
  }

  @Test func aFileThatIsNotAModelIsACheckpointError() throws {
    try withModel { folder in
      try Data("no model".utf8).write(to: folder.url("other.h5"))
      for path in ["other.h5", "missing.h5"] {
        let outcome = try Binary.run(["generate", path], in: folder)
        #expect(outcome.code == 5)
        #expect(outcome.log.hasPrefix("error[checkpoint]"), "\(outcome.log)")
        #expect(outcome.results == "")
      }
      var bytes = try Data(contentsOf: folder.url("model.h5"))
      bytes.removeLast(bytes.count / 3)
      try bytes.write(to: folder.url("model.h5"))
      #expect(try Binary.run(["generate", "model.h5"], in: folder).code == 5)
    }
  }
}
