import Glibc

/// What the program is called in the commands that it suggests: what it was started by, such as `./train`.
package enum ProgramName {
  package static let current: String = {
    guard let name = getenv("TRAIN_PROGRAM").map({ String(cString: $0) }), !name.isEmpty else { return "train" }
    return name
  }()

  /// A text with the commands in it, which begin with `train ` after a backquote, as they have to be typed.
  package static func inCommands(of text: String, as name: String = current) -> String {
    name == "train" ? text : text.replacing("`train ", with: "`\(name) ")
  }

  /// An example of a command, which begins with `train `.
  package static func inExample(_ command: String, as name: String = current) -> String {
    command.hasPrefix("train ") ? name + command.dropFirst("train".count) : command
  }
}
