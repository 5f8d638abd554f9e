import Files
import Runs

struct CompletionsCommand: Command {
  static let name = "completions"
  static let summary = "Prints what makes a shell complete commands, options, recipes and their keys"
  static let examples = [
    "source <(train completions bash)", "train completions fish > ~/.config/fish/completions/train.fish",
  ]
  static let operands = "bash | zsh | fish"
  static let words = Completions.Shell.allCases.map(\.rawValue)
  static let details = [
    "bash: the first line in ~/.bashrc. zsh: train completions zsh > DIR/_train, with DIR in fpath. fish: the second line once."
  ]

  private let shell: Completions.Shell

  init(_ arguments: inout Arguments) throws(Failure) {
    let word = try arguments.operand("SHELL")
    guard let shell = Completions.Shell(rawValue: word) else {
      throw arguments.failure("no completions for \"\(word)\"", ["there are \(Self.words.joined(separator: ", "))"])
    }
    self.shell = shell
  }

  func run() throws(Failure) { Output.results.line(Completions.script(for: shell)) }
}
