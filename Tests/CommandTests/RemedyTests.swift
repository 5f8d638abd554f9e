import Foundation
import Support
import Testing

/// Remedies name what the command takes that is told them: keys with a recipe, options without one.
@Suite struct RemedyTests {
  @Test(arguments: [
    ("object.json", "{\n  \"a\": 1\n}\n", "a row stands in a line", "data.format"),
    ("rows.jsonl", "{\"text\": \"a\"}\n{\"text\": \n", "= every line is one JSON value\n", "data.on_error"),
    ("words.jsonl", "{\"word\": \"a\"}\n", "= pretraining reads {\"text\": ...}\n", "data.fields"),
  ])
  func aCommandWithoutRecipeNamesNoKey(_ name: String, _ text: String, _ remedy: String, _ key: String) throws {
    let folder = try ScratchFolder()
    try folder.write(text, to: name)
    let refused = try Binary.run(["tokenizer", "train", name, "--vocab-size", "300"], in: folder)
    #expect(refused.code == 4 && refused.log.contains(remedy), "\(refused.log)")
    #expect(!refused.log.contains(key), "\(refused.log)")
    let recipe = try Binary.run(
      ["prepare", "tiny", "data.train=\(name)", "~data.validation", "data.validation_fraction=0.5"], in: folder)
    #expect(recipe.code == 4 && recipe.log.contains(key), "\(recipe.log)")
  }

  @Test func aTemplateOfAnOptionIsThatOption() throws {
    let tiny = try TinyRun()
    try tiny.train("pretrain", "tiny.json", "training.max_steps=1", "evaluation.prompts=[]")
    try tiny.write("{% if %}", to: "bad.jinja")
    let generate = ["generate", "runs/tiny", "--chat", "--prompt", "Hi", "--template"]
    let refused = try Binary.run(generate + ["bad.jinja"], in: tiny.folder)
    #expect(refused.code == 2 && refused.log.contains("the chat template cannot be read"), "\(refused.log)")
    #expect(refused.log.contains("another --template can take its place: chatml"), "\(refused.log)")
    #expect(!refused.log.contains("data.template"), "\(refused.log)")
    let unknown = try Binary.run(generate + ["chatnl"], in: tiny.folder)
    #expect(unknown.code == 2 && unknown.log.contains("error[usage]: no chat template \"chatnl\""), "\(unknown.log)")
    let long = try Binary.run(generate + ["llama3"], in: tiny.folder)
    #expect(long.code == 5 && long.log.contains("another --template may fit it"), "\(long.log)")
  }
}
