import Files
import Runs

struct HelpCommand: Command {
  static let name = "help"
  static let summary = "Explains a command, the keys of a recipe, or how commands end"
  static let examples = ["train help generate", "train help recipe optimizer", "train help learning_rate"]
  static let operands = "[COMMAND | recipe [SECTION] | KEY | exit-codes | man]"
  static let details = [
    "KEY is a key of a recipe, or what another program calls it: lr, block_size, num_train_epochs.",
    "man is the manual page: train help man | man -l -",
  ]

  static var words: [String] {
    Commands.all.map { $0.name } + ["recipe", "exit-codes", "man"] + Recipe.reference.map(\.path)
  }

  static func words(after word: String) -> [String] { word == "recipe" ? Help.sections : [] }

  private let topic: String?
  private let section: String?

  init(_ arguments: inout Arguments) throws(Failure) {
    topic = arguments.optionalOperand()
    section = topic == "recipe" ? arguments.optionalOperand() : nil
  }

  func run() throws(Failure) { Output.results.line(try text()) }

  private func text() throws(Failure) -> String {
    guard let topic else { return Help.overview }
    if topic == "recipe" {
      return try section.map { (name) throws(Failure) in try Help.recipe(section: name) } ?? Help.recipe
    }
    if let command = Commands.all.first(where: { $0.name == topic }) { return Help.text(of: command) }
    if ["exit-codes", "exit", "exitcodes", "codes"].contains(topic) {
      return Help.exitCodeLines.joined(separator: "\n")
    }
    if topic == "man" { return ManualPage.text }
    if let keys = Help.keys(about: topic) { return keys }
    throw Help.unknown(topic)
  }
}
