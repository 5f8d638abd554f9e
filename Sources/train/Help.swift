import Files
import Runs

/// The help texts, generated from what the commands declare.
enum Help {
  static var overview: String {
    let width = Commands.all.map { $0.name.count }.max() ?? 0
    return """
      Trains small language models.

      usage: train COMMAND ...

      \(Commands.all.map { "  \($0.name.padded(to: width))  \($0.summary)" }.joined(separator: "\n"))

      `train help COMMAND` explains one, `train help recipe` the keys of a recipe.
      Any key of a recipe can be given after it: optimizer.learning_rate=3e-4, or ~key to remove one.
      """
  }

  static func usage(of command: any Command.Type) -> String {
    ["train", command.name, command.operands, command.options.isEmpty ? "" : "[OPTIONS]"]
      .filter { !$0.isEmpty }.joined(separator: " ")
  }

  static func text(of command: any Command.Type) -> String {
    var lines = ["usage: \(usage(of: command))", "", command.summary]
    if !command.details.isEmpty { lines += [""] + command.details }
    if !command.options.isEmpty {
      let names = command.options.map { "--\($0.name)" + ($0.value.map { " \($0)" } ?? "") }
      let width = names.map(\.count).max() ?? 0
      lines += ["", "options:"]
      lines += zip(names, command.options).map { "  \($0.padded(to: width))  \($1.summary)" }
    }
    return lines.joined(separator: "\n")
  }

  /// Every key of a recipe with what it may hold, its default and what it means.
  static var recipe: String {
    Recipe.reference.map { key in
      let fallback = key.isRequired ? "required" : key.defaultValue.map { "default \($0.serialized())" } ?? "optional"
      return "\(key.path)\n  \(key.expectation); \(fallback)\n  \(key.documentation)"
    }.joined(separator: "\n")
  }
}

extension String {
  /// The string with spaces after it, so that it takes at least `width` columns.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
