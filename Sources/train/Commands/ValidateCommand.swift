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
    if recipe.schedule.warmupSteps > 0 { try checkLength() }
    try recipe.checkAdapter()
    try recipe.checkMemory()
    if isJSON {
      let result: JSONValue = ["valid": true, "resolved": recipe.resolved]
      Output.results.line(result.serialized())
    } else {
      Output.results.line("\(path): valid")
    }
  }

  /// Refuses a warm-up that is longer than the run, also where that takes counting the data. A recipe may be checked before the
  /// model that it starts with is there.
  private func checkLength() throws(Failure) {
    do throws(Failure) {
      _ = try recipe.countedSteps { Output.log.line($0) }
    } catch {
      if [.recipe, .data].contains(error.area) { throw error }
    }
  }
}
