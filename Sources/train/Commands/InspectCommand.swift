import Files
import Training

struct InspectCommand: Command {
  static let name = "inspect"
  static let summary = "Shows what a recipe says, with every default filled in"
  static let operands = "RECIPE [KEY=VALUE ...]"
  static let options = [Option.json]

  private let recipe: Recipe
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    recipe = try arguments.recipe()
    isJSON = arguments.flag("json")
  }

  func run() throws(Failure) { Output.results.line(recipe.resolved.serialized(pretty: !isJSON)) }
}
