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

  @Test func severalTextsAtOnce() throws {
    try withModel { folder in
      func objects(_ arguments: [String]) throws -> [JSONValue] {
        let outcome = try Binary.run(["generate", "model.h5", "--max-tokens", "12"] + arguments, in: folder)
        #expect(outcome.code == 0, "\(outcome.log)")
        return try outcome.results.split(separator: "\n").map {
          try JSONValue.parse(Array($0.utf8), source: "", area: .data)
        }
      }
      // A sample is the text of its seed.
      let samples = try objects(["--prompt", "Once", "--num-samples", "3", "--seed", "7", "--json"])
      #expect(samples.count == 3)
      for (index, sample) in samples.enumerated() {
        let alone = try objects(["--prompt", "Once", "--seed", "\(7 + index)", "--json"])[0]
        #expect(
          sample["text"] == alone["text"] && sample["seed"] == alone["seed"] && sample["tokens"] == alone["tokens"])
      }
      try Data("{\"prompt\": \"Once\", \"id\": 1}\n\n{\"prompt\": \"A \\\"b\\\"\\n\"}\r\n".utf8).write(
        to: folder.url("p.jsonl"))
      let rows = try objects(["--prompts", "p.jsonl", "--seed", "7"])
      #expect(rows.map { $0["prompt"]?.string } == ["Once", "A \"b\"\n"] && rows[0]["text"] == samples[0]["text"])
      #expect(rows.allSatisfy { $0.object?.map(\.key) == ["prompt", "text"] })
      try Data("Once\n{ no JSON\n".utf8).write(to: folder.url("p.txt"))
      #expect(try objects(["--prompts", "p.txt"]).map { $0["prompt"]?.string } == ["Once", "{ no JSON"])
      // What a name says is JSON is no text: strings, and an array of all prompts. Elsewhere a bracket begins a text.
      try Data("\"Once\"\n{\"prompt\": \"A\"}\n".utf8).write(to: folder.url("s.jsonl"))
      #expect(try objects(["--prompts", "s.jsonl"]).map { $0["prompt"]?.string } == ["Once", "A"])
      try Data("[\n{\"prompt\": \"Once\"},\n\"A\"]\n".utf8).write(to: folder.url("a.json"))
      #expect(try objects(["--prompts", "a.json"]).map { $0["prompt"]?.string } == ["Once", "A"])
      try Data("{\n  \"prompt\": \"Once\"\n}\n".utf8).write(to: folder.url("one.json"))
      #expect(try objects(["--prompts", "one.json"]).map { $0["prompt"]?.string } == ["Once"])
      try Data("  \n{\"prompt\": \"Once\"}\n \t\r\n{\"prompt\": \"A\"}\n".utf8).write(to: folder.url("blanks"))
      #expect(try objects(["--prompts", "blanks"]).map { $0["prompt"]?.string } == ["Once", "A"])
      try Data("[INST] Once\n".utf8).write(to: folder.url("turns"))
      #expect(try objects(["--prompts", "turns"]).map { $0["prompt"]?.string } == ["[INST] Once"])
      let shown = try Binary.run(
        ["generate", "model.h5", "--max-tokens", "5", "--prompt", "Once", "--num-samples", "2"], in: folder)
      #expect(shown.results.hasPrefix("--- 1 of 2\nOnce") && shown.results.contains("\n--- 2 of 2\nOnce"))
    }
  }

  @Test(arguments: [
    (["--num-samples", "2", "--greedy"], "no meaning"), (["--num-samples", "2", "--beams", "2"], "no meaning"),
    (["--num-samples", "0"], "must be an integer"), (["--prompts", "p", "--prompt", "x"], "no meaning"),
    (["--prompts", "missing"], "missing"), (["--prompts", "empty"], "no prompts"), (["--prompts", "bad"], "bad:2"),
    (["--prompts", "blank.jsonl"], "no prompts"),
    (["--prompts", "latin"], "not UTF-8"), (["--prompts", "p.csv"], "not as .csv"),
    (["--prompts", "text.json"], "text.json:2:1\n"), (["--prompts", "long"], "prompt 2 is too long"),
  ])
  func promptsThatAreNone(_ arguments: [String], _ words: String) throws {
    try withModel { folder in
      try Data("\n\r\n".utf8).write(to: folder.url("empty"))
      try Data(" \n".utf8).write(to: folder.url("blank.jsonl"))
      try Data("{\"prompt\": \"x\"}\n{\"text\": \"x\"}\n".utf8).write(to: folder.url("bad"))
      try Data([72, 0xFF, 10]).write(to: folder.url("latin"))
      try Data("prompt\nOnce\n".utf8).write(to: folder.url("p.csv"))
      try Data("Once\n\(String(repeating: "x", count: 1000))\n".utf8).write(to: folder.url("long"))
      try Data("\"x\"\nOnce\n".utf8).write(to: folder.url("text.json"))
      let outcome = try Binary.run(["generate", "model.h5"] + arguments, in: folder)
      #expect(outcome.code == 2 && outcome.results.isEmpty && outcome.log.contains(words), "\(outcome)")
    }
  }

  @Test func aPromptIsReadFromStandardInput() throws {
    try withModel { folder in
      let arguments = ["generate", "model.h5", "--greedy", "--max-tokens", "5", "--prompt"]
      let text = try Binary.run(arguments + ["-"], in: folder, input: "Once\n").results
      #expect(text == (try Binary.run(arguments + ["Once"], in: folder).results))
    }
  }

  @Test func theEndOfThePositionsIsNoted() throws {
    try withModel { folder in
      let prompt = String(repeating: "x", count: 48)
      let arguments = ["generate", ".", "--greedy", "--prompt", prompt, "--verbose"]
      let outcome = try Binary.run(arguments + ["--no-slide"], in: folder)
      #expect(outcome.code == 0)
      #expect(outcome.log.contains("no more than 48 positions"))
      #expect(outcome.log.contains("tokens/s"))
      try Data("\(prompt)\nx\n".utf8).write(to: folder.url("prompts.txt"))
      let many = ["generate", ".", "--greedy", "--no-slide", "--max-tokens", "3", "--prompts", "prompts.txt"]
      #expect(try Binary.run(many, in: folder).log.contains("note: 1 of 2 texts end because the model has no more"))
      // Unless it is told not to, the model goes on with the end of the text.
      let slid = try Binary.run(arguments + ["--json", "--max-tokens", "100"], in: folder)
      let json = try JSONValue.parse(Array(slid.results.utf8), source: "", area: .data)
      #expect(json["tokens"]?.array?.count == 100 || json["stop_reason"] == "end_of_text", "\(slid)")
    }
  }

  @Test func aPromptWithoutItsOptionIsNamed() throws {
    try withModel { folder in
      let outcome = try Binary.run(["generate", "model.h5", "One", "day"], in: folder)
      #expect(outcome.code == 2 && outcome.log.contains("--prompt \"One day\""), "\(outcome.log)")
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
      #expect(outcome.log.hasPrefix(fault.message) && outcome.results.isEmpty, "\(outcome)")
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
