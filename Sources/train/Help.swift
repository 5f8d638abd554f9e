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

      `train help COMMAND` explains one, `train help recipe` the keys of a recipe, `train help exit-codes` how it ends.
      Any key of a recipe can be given after it: optimizer.learning_rate=3e-4, or ~key to remove one.
      """
  }

  static func usage(of command: any Command.Type) -> String {
    [ProgramName.current, command.name, command.operands, command.options.isEmpty ? "" : "[OPTIONS]"]
      .filter { !$0.isEmpty }.joined(separator: " ")
  }

  static func text(of command: any Command.Type) -> String {
    var lines = command.examples.map { "  \(ProgramName.inExample($0))" }
    lines += ["", command.summary, "", "usage: \(usage(of: command))"]
    if !command.details.isEmpty { lines += [""] + command.details }
    if !command.options.isEmpty {
      let names = command.options.map { "--\($0.name)" + ($0.value.map { " \($0)" } ?? "") }
      let width = names.map(\.count).max() ?? 0
      lines += ["", "options:"]
      lines += zip(names, command.options).map { "  \($0.padded(to: width))  \($1.explanation)" }
    }
    return lines.joined(separator: "\n")
  }

  // MARK: Keys

  /// Every key of a recipe with what it may hold, its default and what it means.
  static var recipe: String { text(of: Recipe.reference) }

  /// The keys of one section of a recipe.
  ///
  /// - Throws: `.usage` where there is none of that name.
  static func recipe(section: String) throws(Failure) -> String {
    let keys = Recipe.reference.filter { $0.path == section || $0.path.hasPrefix("\(section).") }
    if !keys.isEmpty { return text(of: keys) }
    if let found = Self.keys(about: section) { return found }
    throw unknown(section)
  }

  /// The sections of a recipe.
  static var sections: [String] {
    var sections: [String] = []
    for key in Recipe.reference {
      let section = key.path.split(separator: ".").dropLast().joined(separator: ".")
      if !section.isEmpty, !sections.contains(section) { sections.append(section) }
    }
    return sections
  }

  /// What is known of a topic that is no command: a section of a recipe, a key, or what another program calls one; nil where that
  /// is nothing.
  static func keys(about topic: String) -> String? {
    let path = topic.replacing("-", with: "_")
    let found = Recipe.reference.filter {
      $0.path == path || $0.path.hasPrefix("\(path).") || $0.name == path || $0.path.hasSuffix(".\(path)")
    }
    if !found.isEmpty { return text(of: found) }
    guard let meaning = ForeignKeys.meaning(of: topic) else { return nil }
    let own = Recipe.reference.filter { $0.path == meaning.key }
    return "\(topic): \(meaning.note)" + (own.isEmpty ? "" : "\n\n\(text(of: own))")
  }

  static func unknown(_ topic: String) -> Failure {
    let words = Commands.all.map { $0.name } + Recipe.reference.flatMap { [$0.path, $0.name] }
    return Failure(
      .usage, "unknown command or key \"\(topic)\"",
      notes: (suggestion(for: topic, among: words).map { ["did you mean \"\($0)\"?"] } ?? [])
        + ["`train help` lists the commands, `train help recipe` the keys"])
  }

  private static func text(of keys: [SettingsKey]) -> String {
    keys.map { key in
      let fallback = key.isRequired ? "required" : key.defaultValue.map { "default \($0.serialized())" } ?? "optional"
      return "\(key.path)\n  \(key.expectation); \(fallback)\n  \(key.documentation)"
    }.joined(separator: "\n")
  }

  // MARK: Exit codes

  /// How a command ends, for scripts.
  static let exitCodes: [(code: Int32, meaning: String)] = [
    (0, "done"), (1, "an internal error: please report it"), (2, "usage: a command, an option or a path is wrong"),
    (3, "the recipe is invalid"), (4, "the data is missing, malformed or too small"),
    (5, "a checkpoint, model or tokenizer is damaged or does not fit"),
    (6, "resources: memory, disk, a library, or a run folder that another process uses"),
    (7, "numerics: the loss is not finite or has diverged"),
    (8, "a verification failed: what was written is not what was meant"),
    (130, "stopped by Ctrl-C (SIGINT), after a checkpoint was saved; a second one stops at once"),
    (143, "stopped by SIGTERM, in the same way"),
  ]

  static var exitCodeLines: [String] {
    exitCodes.map { code, meaning in "\("\(code)".padded(to: 4)) \(meaning)" }
  }
}

extension String {
  /// The string with spaces after it, so that it takes at least `width` columns.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
