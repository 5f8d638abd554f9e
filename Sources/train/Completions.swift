import Files
import Runs

/// Scripts that complete command lines, generated from what the commands declare.
enum Completions {
  enum Shell: String, CaseIterable {
    case bash, zsh, fish
  }

  static func script(for shell: Shell) -> String {
    switch shell {
    case .bash: bash
    case .zsh: zsh
    case .fish: fish
    }
  }

  private static var recipes: [String] { ((try? BuiltInRecipe.all()) ?? []).map(\.name) }
  private static var keys: [String] { Recipe.reference.filter { $0.expectation != "an object" }.map { "\($0.path)=" } }

  private static func takesRecipe(_ command: any Command.Type) -> Bool { command.operands.hasPrefix("RECIPE") }
  private static func takesKeys(_ command: any Command.Type) -> Bool { command.operands.contains("KEY=VALUE") }

  /// The words that a command may be followed by, beside files.
  private static func words(after command: any Command.Type) -> [String] {
    if takesRecipe(command) { return recipes }
    switch command.name {
    case HelpCommand.name: return Commands.all.map { $0.name } + ["recipe", "exit-codes", "man"]
    case CompletionsCommand.name: return Shell.allCases.map(\.rawValue)
    case RecipesCommand.name: return ["copy"] + recipes
    case TokenizerCommand.name: return ["train", "encode", "decode"]
    default: return []
    }
  }

  // MARK: Shells

  private static var bash: String {
    let cases = Commands.all.map { command in
      let words = (command.options.map { "--\($0.name)" } + ["--help"] + words(after: command)).joined(separator: " ")
      return "    \(command.name)) words=\"\(words)\(takesKeys(command) ? " $keys" : "")\" ;;"
    }
    return """
      # Completions of train for bash.
      _train() {
        local current="${COMP_WORDS[COMP_CWORD]}" words keys
        COMPREPLY=()
        if [ "$COMP_CWORD" -eq 1 ]; then
          COMPREPLY=($(compgen -W "\(Commands.all.map { $0.name }.joined(separator: " "))" -- "$current"))
          return
        fi
        keys="\(keys.joined(separator: " "))"
        case "${COMP_WORDS[1]}" in
      \(cases.joined(separator: "\n"))
        esac
        COMPREPLY=($(compgen -W "$words" -- "$current"))
        [[ ${#COMPREPLY[@]} -gt 0 && "${COMPREPLY[0]}" == *= ]] && compopt -o nospace
        if [ ${#COMPREPLY[@]} -eq 0 ]; then
          # What follows the = of a key is a word of its own. Names alone are quoted, and may have blanks.
          compopt -o filenames
          mapfile -t COMPREPLY < <(compgen -f -- "${current#=}")
        fi
      }
      complete -F _train train ./train
      """
  }

  private static var zsh: String {
    func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "'\\''"))'" }
    func described(_ name: String, _ summary: String) -> String {
      quoted("\(name):\(summary.replacing(":", with: "\\:"))")
    }
    let commands = Commands.all.map { "    \(described($0.name, $0.summary))" }.joined(separator: "\n")
    let cases = Commands.all.map { command in
      let options = command.options.map { described("--\($0.name)", $0.summary) } + [described("--help", "explains it")]
      let words = words(after: command).map(quoted)
      return """
            \(command.name))
              options=(\(options.joined(separator: " ")))
              choices=(\(words.joined(separator: " "))\(takesKeys(command) ? " $keys" : ""))
              ;;
        """
    }
    return """
      #compdef train
      # Completions of train for zsh.
      _train() {
        local -a commands options choices keys
        commands=(
      \(commands)
        )
        if (( CURRENT == 2 )); then
          _describe -t commands command commands
          return
        fi
        keys=(\(keys.map(quoted).joined(separator: " ")))
        case "$words[2]" in
      \(cases.joined(separator: "\n"))
        esac
        [[ "$PREFIX" == --* ]] && { _describe -t options option options; return }
        compadd -S '' -- ${(M)choices:#*=}
        compadd -- ${choices:#*=}
        _files
      }
      _train "$@"
      """
  }

  private static var fish: String {
    func quoted(_ text: String) -> String { "'\(text.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'" }
    var lines = ["# Completions of train for fish."]
    lines += Commands.all.map {
      "complete -c train -n __fish_use_subcommand -f -a \($0.name) -d \(quoted($0.summary))"
    }
    for command in Commands.all {
      let condition = quoted("__fish_seen_subcommand_from \(command.name)")
      lines += command.options.map { option in
        "complete -c train -n \(condition) -l \(option.name)\(option.value == nil ? "" : " -r") -d \(quoted(option.summary))"
      }
      let words = words(after: command) + (takesKeys(command) ? keys : [])
      if !words.isEmpty {
        lines.append("complete -c train -n \(condition) -a \(quoted(words.joined(separator: " ")))")
      }
    }
    return lines.joined(separator: "\n")
  }
}
