import Files
import Runs

struct HelpCommand: Command {
  static let name = "help"
  static let summary = "Explains a command, or the keys of a recipe"
  static let operands = "[COMMAND | recipe]"

  private let topic: String?

  init(_ arguments: inout Arguments) throws(Failure) { topic = arguments.optionalOperand() }

  func run() throws(Failure) {
    switch topic {
    case nil: Output.results.line(Help.overview)
    case "recipe": Output.results.line(Help.recipe)
    case let topic?: Output.results.line(Help.text(of: try Commands.named(topic)))
    }
  }
}
