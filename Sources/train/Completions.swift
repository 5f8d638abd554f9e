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

  private static var keys: [SettingsKey] { Recipe.reference.filter { $0.expectation != "an object" } }
  private static var keyWords: [String] { keys.map { "\($0.path)=" } }

  private static func takesRecipe(_ command: any Command.Type) -> Bool { command.operands.hasPrefix("RECIPE") }

  /// The words that a command may be followed by, beside files.
  private static func words(of command: any Command.Type) -> [String] {
    takesRecipe(command) ? BuiltInRecipe.names : command.words
  }

  // MARK: What one word leads to

  /// The words that may follow an option, a key or another word.
  private struct Continuation {
    /// The command and the word, in the `case` of bash and zsh; a = of its own belongs to the word before it.
    let pattern: String
    let choices: [Option.Choice]
    /// Whether other words are as good, such as the name of a file.
    var isOpen = false
  }

  private static var continuations: [Continuation] {
    let values = keys.filter { !$0.words.isEmpty }.map { key in
      Continuation(pattern: "*\" \(key.path)=\"", choices: key.words.map { Option.Choice($0) })
    }
    return Commands.all.flatMap { declared(by: $0) } + values
  }

  private static func declared(by command: any Command.Type) -> [Continuation] {
    let options = command.options.filter { !$0.choices.isEmpty }.map { option in
      let words = "\(command.name) --\(option.name)"
      return Continuation(
        pattern: "\"\(words)\"|\"\(words)=\"", choices: option.choices, isOpen: option.others != nil)
    }
    let words = command.words.map { word in
      Continuation(
        pattern: "\"\(command.name) \(word)\"", choices: command.words(after: word).map { Option.Choice($0) })
    }
    return options + words.filter { !$0.choices.isEmpty }
  }

  // MARK: Shells

  private static var bash: String {
    let values = continuations.map { continuation in
      "    \(continuation.pattern)) words=\"\(continuation.choices.map(\.word).joined(separator: " "))\" ;;"
    }
    let cases = Commands.all.map { command in
      let words = (command.options.map { "--\($0.name)" } + ["--help"] + words(of: command)).joined(separator: " ")
      return "        \(command.name)) words=\"\(words)\(command.takesKeys ? " $keys" : "")\" ;;"
    }
    return """
      # Completions of train for bash.
      _train() {
        local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" words keys
        COMPREPLY=()
        if [ "$COMP_CWORD" -eq 1 ]; then
          COMPREPLY=($(compgen -W "\(Commands.all.map { $0.name }.joined(separator: " "))" -- "$current"))
          return
        fi
        # The = of a key or an option is a word of its own.
        if [ "$current" = "=" ]; then
          previous="$previous="
          current=""
        elif [ "$previous" = "=" ]; then
          previous="${COMP_WORDS[COMP_CWORD-2]}="
        fi
        keys="\(keyWords.joined(separator: " "))"
        case "${COMP_WORDS[1]} $previous" in
      \(values.joined(separator: "\n"))
          *=) ;;
          *)
            case "${COMP_WORDS[1]}" in
      \(cases.joined(separator: "\n"))
            esac ;;
        esac
        COMPREPLY=($(compgen -W "$words" -- "$current"))
        [[ ${#COMPREPLY[@]} -gt 0 && "${COMPREPLY[0]}" == *= ]] && compopt -o nospace
        if [ ${#COMPREPLY[@]} -eq 0 ]; then
          # Names alone are quoted, and may have blanks.
          compopt -o filenames
          mapfile -t COMPREPLY < <(compgen -f -- "$current")
        fi
      }
      complete -F _train train ./train
      """
  }

  private static var zsh: String {
    func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "'\\''"))'" }
    func described(_ name: String, _ summary: String) -> String {
      quoted(summary.isEmpty ? name : "\(name):\(summary.replacing(":", with: "\\:"))")
    }
    let commands = Commands.all.map { "    \(described($0.name, $0.summary))" }.joined(separator: "\n")
    let values = continuations.map { continuation in
      let choices = continuation.choices.map { described($0.word, $0.meaning) }.joined(separator: " ")
      return "    \(continuation.pattern)) values=(\(choices))\(continuation.isOpen ? "; _files" : "") ;;"
    }
    let cases = Commands.all.map { command in
      let options = command.options.map { described("--\($0.name)", $0.summary) } + [described("--help", "explains it")]
      let words = words(of: command).map(quoted)
      return """
            \(command.name))
              options=(\(options.joined(separator: " ")))
              choices=(\(words.joined(separator: " "))\(command.takesKeys ? " $keys" : ""))
              ;;
        """
    }
    return """
      #compdef train
      # Completions of train for zsh.
      _train() {
        local -a commands options choices keys values
        local previous="$words[CURRENT-1]"
        commands=(
      \(commands)
        )
        if (( CURRENT == 2 )); then
          _describe -t commands command commands
          return
        fi
        # What stands before the = of a key or an option decides what may stand after it.
        if [[ "$PREFIX" == *=* ]]; then
          previous="${PREFIX%%=*}="
          compset -P 1 '*='
        fi
        case "$words[2] $previous" in
      \(values.joined(separator: "\n"))
          *=) _files; return ;;
        esac
        if (( $#values )); then
          _describe -t values value values
          return
        fi
        keys=(\(keyWords.map(quoted).joined(separator: " ")))
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
    func isGiven(_ command: String) -> String { quoted("__train_has \(command)") }
    func isLast(_ words: String...) -> String { quoted("__train_ends_with \(words.joined(separator: " "))") }
    let beginning = """
      # Completions of train for fish.
      function __train_has
        set -l words (commandline -opc)
        test "$words[2]" = $argv[1]
      end
      function __train_ends_with
        set -l words (commandline -opc)
        test "$words[2..-1]" = "$argv"
      end
      """
    var lines = [beginning]
    lines += Commands.all.map {
      "complete -c train -n __fish_use_subcommand -f -a \($0.name) -d \(quoted($0.summary))"
    }
    // Here a key and its value are one word.
    let pairs = keys.flatMap { key in ["\(key.path)="] + key.words.map { "\(key.path)=\($0)" } }
    for command in Commands.all {
      lines += command.options.map { option -> String in
        let values = option.choices.map(\.word).joined(separator: " ")
        let takes = option.value == nil ? "" : option.takesFiles ? " -r" : " -x"
        return "complete -c train -n \(isGiven(command.name)) -l \(option.name)\(takes)"
          + (values.isEmpty ? "" : " -a \(quoted(values))") + " -d \(quoted(option.summary))"
      }
      let recipesAndKeys = (takesRecipe(command) ? BuiltInRecipe.names : []) + (command.takesKeys ? pairs : [])
      let choices =
        [
          (isGiven(command.name), recipesAndKeys), (isLast(command.name), command.words),
        ] + command.words.map { (isLast(command.name, $0), command.words(after: $0)) }
      lines += choices.filter { !$1.isEmpty }.map { condition, words in
        "complete -c train -n \(condition) -a \(quoted(words.joined(separator: " ")))"
      }
    }
    return lines.joined(separator: "\n")
  }
}
