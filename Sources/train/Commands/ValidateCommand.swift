import Files
import Runs

struct ValidateCommand: Command {
  static let name = "validate"
  static let summary = "Checks a recipe and names every problem it has"
  static let operands = "RECIPE [KEY=VALUE ...]"
  static let options = [Option.json]

  private let recipe: Recipe
  private let path: String
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    path = arguments.peek ?? ""
    recipe = try arguments.recipe()
    isJSON = arguments.flag("json")
  }

  func run() throws(Failure) {
    for warning in try recipe.checkData() { Output.log.line("warning: \(warning)") }
    if isJSON {
      let result: JSONValue = ["valid": true, "resolved": recipe.resolved]
      Output.results.line(result.serialized())
    } else {
      Output.results.line("\(path): valid")
    }
  }
}
