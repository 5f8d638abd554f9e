import Files
import Foundation
import Runs
import Support
import Testing

/// The JSON Schema of recipes: knows every key, and every recipe of the folder fits.
@Suite struct RecipeSchemaTests {
  private let schema = RecipeSchema.json

  /// The keys of a document that a schema does not have, and those that it wants and the document has not.
  private func problems(_ document: JSONValue, _ schema: JSONValue, at path: String = "") -> [String] {
    guard let members = document.object, let properties = schema["properties"] else { return [] }
    let unknown = schema["additionalProperties"]?.bool == false ? members.filter { properties[$0.key] == nil } : []
    let missing = (schema["required"]?.array ?? []).compactMap(\.string).filter { document[$0] == nil }
    return unknown.map { "\(path)\($0.key) is unknown" } + missing.map { "\(path)\($0) is missing" }
      + members.flatMap { member in
        properties[member.key].map { problems(member.value, $0, at: "\(path)\(member.key).") } ?? []
      }
  }

  @Test(arguments: BuiltInRecipeTests.names) func everyRecipeFits(_ name: String) throws {
    let path = "\(BuiltInRecipeTests.folder)/\(name)"
    let document = try JSONValue.parse(
      ReadableFile.contents(of: path, area: .recipe), source: name, area: .recipe, comments: true)
    #expect(problems(document, schema) == [])
    #expect(problems(try Recipe.load(path).resolved, schema) == [])
  }

  @Test func everyKeyHasAPlaceAndAnExplanation() {
    for key in Recipe.reference {
      var node = schema
      for name in key.path.split(separator: ".") { node = node["properties"]?[String(name)] ?? .null }
      #expect(node["description"]?.string == key.documentation, "\(key.path)")
      // A list whose length follows from another key has none here.
      #expect(key.schema["maxItems"]?.integer != 0, "\(key.path)")
      #expect(key.schema.object?.isEmpty == false, "\(key.path)")
    }
    #expect(problems(["optimizer": ["lr": 1]], schema).contains("optimizer.lr is unknown"))
    #expect(problems(["data": [:]], schema).contains("data.train is missing"))
    #expect(schema["properties"]?["training"]?["properties"]?["batch_size"]?["minimum"]?.integer == 1)
    let sources = schema["properties"]?["data"]?["properties"]?["train"]?["anyOf"]?.array?[0]["anyOf"]?.array
    let weight = sources?.last?["properties"]?["weight"]
    #expect(weight == ["type": "number", "minimum": 1e-6, "maximum": 1e9])
  }

  /// Null stands for a key that is left out, where one may be left out.
  @Test func nullIsTakenWhereARecipeTakesIt() throws {
    func kind(_ section: String, _ key: String) -> JSONValue? {
      schema["properties"]?[section]?["properties"]?[key]?["type"]
    }
    #expect(kind("adapter", "modules_to_save") == ["array", "null"] && kind("data", "template") == ["string", "null"])
    #expect(kind("optimizer", "learning_rate") == "number" && kind("training", "batch_size") == "integer")
    let sections = schema["properties"]
    #expect(sections?["schedule"]?["type"] == ["object", "null"] && sections?["optimizer"]?["type"] == "object")
    let nothing = RecipeFixture.text(
      replacing: #""schedule": { "name": "cosine", "warmup_steps": 5 }"#, with: #""schedule": null, "threads": null"#)
    #expect(try RecipeFixture.decode(nothing).threads == nil)
    #expect(RecipeFixture.failure(RecipeFixture.text, ["threads=65"])?.what.contains("from 1 to 64") == true)
  }

  /// What the recipes name is what `train schema` prints.
  @Test func theFileOfTheFolderIsUpToDate() throws {
    let text = try String(contentsOfFile: "\(BuiltInRecipeTests.folder)/schema/recipe.json", encoding: .utf8)
    #expect(text == schema.serialized(pretty: true) + "\n", "run: train schema > recipes/schema/recipe.json")
    for name in BuiltInRecipeTests.names {
      let recipe = try String(contentsOfFile: "\(BuiltInRecipeTests.folder)/\(name)", encoding: .utf8)
      #expect(recipe.contains(#""$schema": "./schema/recipe.json""#), "\(name)")
    }
  }

  /// A recipe may name its schema, which an editor reads.
  @Test func aRecipeMayNameItsSchema() throws {
    let text = RecipeFixture.text(replacing: #""task""#, with: #""$schema": "./recipe.schema.json", "task""#)
    #expect(try RecipeFixture.decode(text).resolved == RecipeFixture.decode().resolved)
  }
}
