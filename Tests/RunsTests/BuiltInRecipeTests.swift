import Files
import Foundation
import Runs
import Support
import Testing

@Suite struct BuiltInRecipeTests {
  static let folder = Page.root.appending(path: "recipes").path
  static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
    .filter { $0.hasSuffix(".json") }.sorted()

  @Test(arguments: names) func isValid(_ name: String) throws {
    let recipe = try Recipe.load("\(Self.folder)/\(name)")
    #expect(recipe.run == "checkpoints/\(name.dropLast(5))")
  }

  @Test func theOnesThatAreSpokenOfAreThere() {
    let stems = ["tiny", "shakespeare-char", "stories-15m", "gpt2-124m", "bench-tiny", "bench-small", "bench-gpt2"]
    for stem in stems + ["bench-smol"] { #expect(Self.names.contains("\(stem).json")) }
  }

  @Test func thePageShowsARecipe() throws {
    let text = try #require(Page("recipes/README.md").code("json").first)
    let recipe = try Recipe(Array(text.utf8), source: "recipes/README.md")
    #expect(recipe.run == "checkpoints/example")
  }

  /// Parameters in millions, as the recipes' comments have them.
  @Test(arguments: [
    ("stories-15m", 15.7), ("gpt2-124m", 124.4), ("bench-tiny", 1.1), ("bench-small", 12.2), ("bench-gpt2", 124.0),
    ("bench-smol", 134.5),
  ])
  func hasTheSizeItsNameSays(_ name: String, _ millions: Double) throws {
    let recipe = try Recipe.load("\(Self.folder)/\(name).json")
    let model = try #require(recipe.model.description)
    let vocabulary = try #require(model.vocabularySize ?? recipe.tokenizer?.vocabularySize)
    let count = try #require(model.parameterCount(vocabularySize: vocabulary))
    #expect(abs(Double(count) / 1e6 - millions) < 0.1, "\(count)")
  }
}
