import Files
import Foundation
import ModelFiles
import Models
import Support
import Testing
import Tokenizers

@Suite struct TokenizerCommandTests {
  @Test func trainedEncodedDecoded() throws {
    let folder = try ScratchFolder()
    let text = String(repeating: "the cat sat on the mat, the dog sat on the log. ", count: 20)
    try Data(text.utf8).write(to: folder.url("text.txt"))
    let trained = try Binary.run(
      ["tokenizer", "train", "text.txt", "--vocab-size", "270", "--output", "t.json", "--special", "<|end|>"],
      in: folder)
    #expect(trained.code == 0, "\(trained.log)")
    #expect(trained.results == "t.json: 270 tokens\n")
    let encoded = try Binary.run(["tokenizer", "encode", "t.json", text], in: folder)
    let ids = encoded.results.split(whereSeparator: \.isWhitespace).map(String.init)
    #expect(ids.count < text.utf8.count / 2)
    let decoded = try Binary.run(["tokenizer", "decode", "t.json"] + ids, in: folder)
    #expect(decoded.results == text)
    let json = try Binary.run(["tokenizer", "encode", "t.json", "a<|end|>", "--parse-special", "--json"], in: folder)
    let values = try JSONValue.parse(Array(json.results.utf8), source: "", area: .data)["input_ids"]?.array
    #expect(values?.count == 2)
    #expect(values?.last == 0)
  }

  /// A tokenizer takes the place of an earlier one, and of nothing else: the text is not to be lost by a slip.
  @Test func aTextIsNotReplacedByItsTokenizer() throws {
    let folder = try ScratchFolder()
    let text = String(repeating: "the cat sat on the mat. ", count: 20)
    try folder.write(text, to: "text.txt")
    let arguments = ["tokenizer", "train", "text.txt", "--vocab-size", "270", "--output"]
    let refused = try Binary.run(arguments + ["text.txt"], in: folder)
    #expect(refused.code == 2 && refused.log.contains("no tokenizer"), "\(refused)")
    #expect(try folder.text(of: "text.txt") == text)
    for _ in 1...2 { #expect(try Binary.run(arguments + ["t.json"], in: folder).code == 0) }
    // mktemp makes an empty file.
    try folder.write("", to: "empty.json")
    #expect(try Binary.run(arguments + ["empty.json"], in: folder).code == 0)
  }

  /// A model has a tokenizer, too, and is more than that.
  @Test func aModelIsNotReplacedByATokenizer() throws {
    let folder = try ScratchFolder()
    let text = """
      { "model_type": "llama", "vocab_size": 257, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1,
        "num_attention_heads": 2, "max_position_embeddings": 16 }
      """
    let configuration = try ModelDescription(configuration: text, source: "").configuration(vocabularySize: 257)
    try ModelFile.contents(
      configuration.makeModel(seed: 1), configuration, tokenizer: .bytes, chatTemplate: "", endTokens: [0], step: 1
    ).write(to: folder("model.h5"))
    try folder.write("the cat sat on the mat. ", to: "text.txt")
    let model = try Data(contentsOf: folder.url("model.h5"))
    let arguments = ["tokenizer", "train", "text.txt", "--vocab-size", "260", "--output", "model.h5"]
    let refused = try Binary.run(arguments, in: folder)
    #expect(refused.code == 2 && refused.log.contains("no tokenizer.json"), "\(refused)")
    #expect(try Data(contentsOf: folder.url("model.h5")) == model)
  }

  /// Rows are read as a recipe reads them: neither their keys nor their escapes are text.
  @Test func rowsAreTextToTrainOn() throws {
    let folder = try ScratchFolder()
    let text = String(repeating: "the cät \"sat\" on the mat, the dog sat on the log. ", count: 20)
    try Data(text.utf8).write(to: folder.url("text.txt"))
    let row: JSONValue = ["id": 7, "text": JSONValue(text)]
    try Data((row.serialized().replacing("ä", with: "\\u00e4") + "\n").utf8).write(to: folder.url("rows.jsonl"))
    let files = try ["text.txt", "rows.jsonl"].map { name in
      let trained = try Binary.run(
        ["tokenizer", "train", name, "--vocab-size", "290", "--output", "\(name).json"], in: folder)
      #expect(trained.code == 0, "\(trained.log)")
      return try String(contentsOf: folder.url("\(name).json"), encoding: .utf8)
    }
    #expect(files[0] == files[1])
    try Data("{\"messages\": []}\n".utf8).write(to: folder.url("rows.jsonl"))
    let refused = try Binary.run(["tokenizer", "train", "rows.jsonl", "--vocab-size", "290"], in: folder)
    #expect(refused.code == 4, "\(refused.log)")
  }

  @Test func bytesNeedNoFile() throws {
    #expect(try Binary.run(["tokenizer", "encode", "bytes", "Aé"]).results == "65 195 169\n")
    #expect(try Binary.run(["tokenizer", "decode", "bytes", "65", "195", "169"]).results == "Aé")
    #expect(try Binary.run(["tokenizer", "decode", "bytes", "256", "65", "--skip-special"]).results == "A")
  }

  @Test(
    arguments: [
      (["tokenizer"], 2, "train, encode or decode is missing"),
      (["tokenizer", "encde", "bytes"], 2, "unknown action \"encde\""),
      (["tokenizer", "train", "x.txt"], 2, "--vocab-size is missing"),
      (["tokenizer", "train", "x.txt", "--vocab-size", "300", "--pattern", "gpt3"], 2, "--pattern must be one of"),
      (["tokenizer", "train", "/nonexistent/x.txt", "--vocab-size", "300"], 4, "no such file"),
      (["tokenizer", "encode", "/nonexistent/t.json", "x"], 5, "cannot open the file"),
      (["tokenizer", "decode", "bytes", "257"], 4, "257 is no token"),
      (["tokenizer", "decode", "bytes", "x"], 2, "\"x\" is no token id"),
    ] as [([String], Int32, String)])
  func aMistakeIsNamed(_ arguments: [String], _ code: Int32, _ message: String) throws {
    let outcome = try Binary.run(arguments)
    #expect(outcome.code == code, "\(outcome.log)")
    #expect(outcome.log.contains(message), "\(outcome.log)")
  }
}
