import Files
import Runs

/// The manual page `train(1)` in roff, generated from what the commands declare.
enum ManualPage {
  static var text: String {
    var lines = [
      ".TH TRAIN 1 \"\" \"train \(escaped(Build.version))\" \"User Commands\"", ".SH NAME",
      "train \\- train small language models", ".SH SYNOPSIS", ".B train", ".I COMMAND",
      "[\\fIOPERANDS\\fR] [\\fIOPTIONS\\fR]",
      ".SH DESCRIPTION", "A recipe, one JSON file, describes a complete run.",
      "Any of its keys can be changed after it: \\fBoptimizer.learning_rate=3e\\-4\\fR, or \\fB~key\\fR to remove one.",
      "\\fBtrain help recipe\\fR explains every key.", ".SH COMMANDS",
    ]
    for command in Commands.all { lines += section(command) }
    lines += [".SH EXIT STATUS"]
    for (code, meaning) in Help.exitCodes { lines += [".TP", ".B \(code)", escaped(meaning)] }
    lines += [
      ".SH ENVIRONMENT", ".TP", ".B NO_COLOR", "No colours on a terminal.", ".TP", ".B TRAIN_HOME",
      "The folder in which the folder recipes with the built\\-in recipes is.",
    ]
    return lines.joined(separator: "\n")
  }

  private static func section(_ command: any Command.Type) -> [String] {
    var lines = [".SS \(escaped(Help.usage(of: command)))", escaped(command.summary) + "."]
    if !command.details.isEmpty { lines += [".PP"] + command.details.map(escaped) }
    for option in command.options {
      let value = option.value.map { " \\fI\(escaped($0))\\fR" } ?? ""
      lines += [".TP", "\\fB\\-\\-\(escaped(option.name))\\fR\(value)", escaped(option.explanation)]
    }
    if !command.examples.isEmpty { lines += [".PP", "Examples:", ".nf"] + command.examples.map(escaped) + [".fi"] }
    return lines
  }

  /// The text without what roff would obey.
  private static func escaped(_ text: String) -> String {
    let plain = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
    return plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&\(plain)" : plain
  }
}
