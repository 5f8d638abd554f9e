import Files
import Runs

struct SchemaCommand: Command {
  static let name = "schema"
  static let summary = "Prints the JSON Schema of recipes, by which editors complete and check them"
  static let examples = ["train schema > schema/recipe.json"]
  static let details = ["A recipe names it by its first key: \"$schema\": \"./schema/recipe.json\"."]

  init(_ arguments: inout Arguments) throws(Failure) {}

  func run() throws(Failure) { Output.results.line(RecipeSchema.json.serialized(pretty: true)) }
}
