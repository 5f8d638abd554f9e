import Foundation
import Support
import Testing

@Suite struct RecipeCommandTests {
  static let recipes = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "recipes")

  @Test func validateSaysValid() throws {
    let path = Self.recipes.appending(path: "tiny.json").path
    #expect(try Binary.run(["validate", path]).results == "\(path): valid\n")
    let outcome = try Binary.run(["validate", path, "optimizer.learning_rate=3e-4", "~seed", "--json"])
    #expect(outcome.code == 0)
    #expect(outcome.results.contains(#""learning_rate":0.0003"#))
    #expect(outcome.results.contains(#""seed":1337"#))
    #expect(outcome.log == "override: optimizer.learning_rate=3e-4\noverride: ~seed\n")
  }

  @Test func validateNamesEveryProblem() throws {
    let folder = try ScratchFolder()
    let text = try String(contentsOf: Self.recipes.appending(path: "tiny.json"), encoding: .utf8)
      .replacingOccurrences(of: "\"learning_rate\"", with: "\"learning_rat\"")
      .replacingOccurrences(of: "\"max_steps\": 2100", with: "\"max_steps\": \"2100\"")
    try text.write(to: folder.url("bad.json"), atomically: true, encoding: .utf8)
    let outcome = try Binary.run(["validate", "bad.json"], in: folder)
    #expect(outcome.code == 3)
    #expect(
      outcome.log == """
        error[recipe]: unknown key "optimizer.learning_rat"
          --> bad.json:20
          = did you mean "learning_rate"?
        error[recipe]: "training.max_steps" must be an integer >= 1
          --> bad.json:23
          = found the string "2100"
          = write the number without quotes

        """)
  }

  @Test func validateReadsTheTemplateAndTheData() throws {
    let folder = try ScratchFolder()
    try folder.write("a\n{{ x | }}", to: "t.jinja")
    try folder.write(
      """
      {"schema": 1, "task": "sft", "run": "r", "model": {"from": "m"}, "objective": {"name": "sft"},
       "data": {"train": "none.jsonl", "template": "t.jinja", "sequence_length": 8},
       "optimizer": {"name": "adamw", "learning_rate": 1e-3}, "training": {"batch_size": 1, "max_steps": 1}}
      """, to: "r.json")
    let outcome = try Binary.run(["validate", "r.json"], in: folder)
    #expect(outcome.log.contains("none.jsonl"))
    #expect(outcome.log.contains("the chat template cannot be read: expected a name, found the end of the tag"))
    #expect(outcome.log.contains("--> t.jinja, line 2, column 1"))
    try folder.write(#"{"text": "x"}"#, to: "none.jsonl")
    #expect(try Binary.run(["validate", "r.json"], in: folder).code == 3)
    try folder.write("a\n{{ x }}", to: "t.jinja")
    #expect(try Binary.run(["validate", "r.json"], in: folder).code == 0)
  }

  @Test func whatIsNotAFileIsAUsageErrorAndNeverHangs() throws {
    let folder = try ScratchFolder()
    mkfifo(folder("pipe"), 0o600)
    for path in ["pipe", ".", "missing.json", ""] {
      let outcome = try Binary.run(["validate", path], in: folder)
      #expect(outcome.code == 2, "\(path)")
      #expect(outcome.log.hasPrefix("error[usage]: "))
    }
  }

  @Test func recipesAreListedAndCopied() throws {
    let folder = try ScratchFolder()
    #expect(try Binary.run(["recipes"], in: folder).results.contains("tiny"))
    #expect(try Binary.run(["recipes", "copy", "tiny", "mine.json"], in: folder).code == 0)
    let copy = try Data(contentsOf: folder.url("mine.json"))
    #expect(copy == (try Data(contentsOf: Self.recipes.appending(path: "tiny.json"))))
    let again = try Binary.run(["recipes", "copy", "tiny", "mine.json"], in: folder)
    #expect(again.code == 2)
    #expect(again.log.hasPrefix("error[usage]: the file exists\n  --> mine.json\n"))
    let unknown = try Binary.run(["recipes", "copy", "tinny", "other.json"], in: folder)
    #expect(unknown.code == 2)
    #expect(unknown.log.contains("did you mean \"tiny\"?"))
  }

  @Test func inspectShowsTheResolvedRecipe() throws {
    let outcome = try Binary.run(["inspect", Self.recipes.appending(path: "tiny.json").path, "--resolved"])
    #expect(outcome.code == 0)
    #expect(outcome.results.contains("\"shuffle\": true"))
  }

  @Test func doctorKnowsTheMachine() throws {
    let outcome = try Binary.run(["doctor", "--json"])
    #expect(outcome.code == 0)
    #expect(outcome.results.contains("\"usable_cores\":"))
    #expect(try Binary.run(["doctor"]).results.contains("GiB"))
  }
}
