import Files
import Runs

/// The words after a command, sorted into operands and options by what the command declares.
///
/// `--name value` and `--name=value` are the same; after `--` everything is an operand. Options that a command has not
/// declared are refused at once, and values that these do not take; operands that it does not take by `finish`.
struct Arguments {
  private let command: any Command.Type
  private var operands: [String] = []
  private var values: [String: [String]] = [:]

  init(_ words: [String], of command: any Command.Type) throws(Failure) {
    self.command = command
    var words = words[...]
    while let word = words.popFirst() {
      if word == "--" {
        operands += words
        break
      }
      guard word.hasPrefix("--") else {
        operands.append(word)
        continue
      }
      let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let option = try option(String(parts[0]))
      if option.value == nil {
        if parts.count > 1 { throw failure("--\(option.name) takes no value") }
        values[option.name, default: []].append("")
      } else if parts.count > 1 {
        let taken = try checked(String(parts[1]), of: option)
        values[option.name, default: []].append(taken)
      } else if let value = words.first, !isOption(value) {
        let taken = try checked(value, of: option)
        values[option.name, default: []].append(taken)
        words.removeFirst()
      } else {
        throw failure(
          "--\(option.name) needs a value: \(option.value ?? "")",
          words.first.map { ["\"\($0)\" is an option; as a value it is given as --\(option.name)=\($0)"] } ?? [])
      }
    }
  }

  /// Whether a word is an option of the command, and no value that begins with dashes.
  private func isOption(_ word: String) -> Bool {
    word.hasPrefix("--") && command.options.contains { "--\($0.name)" == word.prefix { $0 != "=" } }
  }

  /// A value that the option takes.
  private func checked(_ value: String, of option: Option) throws(Failure) -> String {
    if option.takes(value) { return value }
    let words = option.choices.map(\.word)
    let near = suggestion(for: value, among: words)
    throw failure(
      "--\(option.name) must be one of \(words.joined(separator: ", ")), found \"\(value)\"",
      near.map { ["did you mean \"\($0)\"?"] } ?? [])
  }

  private func option(_ name: String) throws(Failure) -> Option {
    if let option = command.options.first(where: { $0.name == name }) { return option }
    let known = command.options.map(\.name)
    if let other = ForeignOptions.name(of: name), known.contains(other) {
      throw failure("unknown option \"--\(name)\"", ["here it is \"--\(other)\""])
    }
    if takesModel, ForeignOptions.isModel(name) { throw failure("unknown option \"--\(name)\"", [modelNote]) }
    if let near = suggestion(for: name, among: known) {
      throw failure("unknown option \"--\(name)\"", ["did you mean \"--\(near)\"?"])
    }
    throw failure("unknown option \"--\(name)\"", command.takesKeys ? Self.keyNotes(name) : [])
  }

  private var takesModel: Bool { command.operands.hasPrefix("CHECKPOINT") }

  private var modelNote: String { "the model stands without an option: train \(command.name) MODEL" }

  /// What to write in the place of an option that stands for a key of a recipe.
  private static func keyNotes(_ name: String) -> [String] {
    let path = name.replacing("-", with: "_")
    let own = Recipe.reference.filter { $0.path == path || $0.name == path }
    if own.count == 1 || own.first?.path == path {
      return ["keys of a recipe are given without dashes: \(own[0].path)=VALUE"]
    }
    guard let meaning = ForeignKeys.meaning(of: name) else {
      return ["keys of a recipe are given without dashes: KEY=VALUE"]
    }
    return [meaning.note] + (meaning.key.map { ["it is given without dashes: \($0)=VALUE"] } ?? [])
  }

  /// A mistake in using the command.
  func failure(_ what: String, _ notes: [String] = []) -> Failure {
    Failure(.usage, what, notes: notes + ["usage: \(Help.usage(of: command))"])
  }

  // MARK: Options

  func flag(_ name: String) -> Bool { !all(name).isEmpty }

  /// Every value given for the option, in their order.
  func all(_ name: String) -> [String] {
    precondition(command.options.contains { $0.name == name }, "\(command.name) does not declare --\(name)")
    return values[name] ?? []
  }

  /// The last value given for the option.
  func string(_ name: String) -> String? { all(name).last }

  /// The last value given for an option whose values are those of an enumeration.
  func choice<Choice: RawRepresentable>(_ name: String) -> Choice? where Choice.RawValue == String {
    guard let word = string(name) else { return nil }
    guard let choice = Choice(rawValue: word) else { preconditionFailure("--\(name) declares \(word), which is none") }
    return choice
  }

  /// - Parameter isLimit: whether there is no limit without the option, as other programs' -1 or 0 says.
  func integer(
    _ name: String, in range: ClosedRange<Int> = 0...Int(Int32.max), isLimit: Bool = false
  ) throws(Failure) -> Int? {
    guard let text = string(name) else { return nil }
    if let value = Int(text), range.contains(value) { return value }
    throw failure(
      "--\(name) must be an integer from \(range.lowerBound) to \(range.upperBound), found \"\(text)\"",
      isLimit && ["-1", "0", "all", "none", "inf"].contains(text.lowercased())
        ? ["without --\(name) there is no limit"] : []
    )
  }

  /// The integers of a list like `4,16`; none if the option is not given.
  func integers(_ name: String, in range: ClosedRange<Int>) throws(Failure) -> [Int] {
    guard let text = string(name) else { return [] }
    let values = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let valid = values.compactMap { $0 }.filter(range.contains)
    if valid.count == values.count { return valid }
    throw failure(
      "--\(name) must be integers from \(range.lowerBound) to \(range.upperBound) with commas between, found \"\(text)\""
    )
  }

  func number(_ name: String, in range: ClosedRange<Double>) throws(Failure) -> Double? {
    guard let text = string(name) else { return nil }
    if let value = Double(text), range.contains(value) { return value }
    throw failure("--\(name) must be a number from \(range.lowerBound) to \(range.upperBound), found \"\(text)\"")
  }

  // MARK: Operands

  /// The next operand, which must be there.
  mutating func operand(_ name: String) throws(Failure) -> String {
    guard let word = optionalOperand() else { throw failure("\(name) is missing") }
    if takesModel, word == "-m" { throw failure("unknown option \"-m\"", [modelNote]) }
    return word
  }

  /// The next operand, without taking it.
  var peek: String? { operands.first }

  /// The next operand.
  mutating func optionalOperand() -> String? { operands.isEmpty ? nil : operands.removeFirst() }

  /// The remaining operands.
  mutating func rest() -> [String] {
    defer { operands = [] }
    return operands
  }

  /// The changes to a recipe among the operands that are left: `key=value` and `~key`.
  mutating func overrides() -> [RecipeOverride] {
    let found = operands.compactMap(RecipeOverride.init)
    operands.removeAll { RecipeOverride($0) != nil }
    return found
  }

  /// The recipe that the next operand names, with the overrides that follow it, each of which is echoed.
  mutating func recipe() throws(Failure) -> Recipe {
    let word = try operand("RECIPE")
    let overrides = overrides()
    try finish()
    let path = BuiltInRecipe.path(for: word)
    if path != word { Output.log.line("recipe: \(path)") }
    let recipe = try Recipe.load(path, overrides: overrides)
    for override in overrides { Output.log.line("override: \(override)") }
    for line in recipe.replacements { Output.log.line("override: \(line)") }
    return recipe
  }

  /// What may have been meant by an operand that the command does not take.
  private func notes(onUnexpected word: String) -> [String] {
    if word.hasPrefix("-"), word.count == 2, let long = ForeignOptions.name(of: String(word.dropFirst())),
      command.options.contains(where: { $0.name == long })
    {
      return ["here it is \"--\(long)\""]
    }
    // A pattern that the shell has taken apart.
    let files = command.options.first { $0.value?.contains("FILE") == true && values[$0.name] != nil }
    if let files, Path.exists(word) {
      return [
        "a pattern stands in quotes, --\(files.name) '*.txt', or the option before each file: --\(files.name) \(word)"
      ]
    }
    if command.options.contains(where: { $0.name == "data" }), Path.exists(word), !Folder.exists(word) {
      return ["data is given with an option: --data \(word.shellWord)"]
    }
    guard command.takesKeys else { return [] }
    if Recipe.reference.contains(where: { $0.path == word }) {
      return ["a key and its value are one word, without blanks: \(word)=VALUE"]
    }
    if let first = word.first, "'\"".contains(first), RecipeOverride(String(word.dropFirst().dropLast())) != nil {
      return ["the quotes are part of the word here: leave them out"]
    }
    return Path.exists(word) ? ["data is given with its key: data.train=\(word)"] : []
  }

  /// Refuses operands that the command has not taken.
  func finish() throws(Failure) {
    guard let word = operands.first else { return }
    throw failure("unexpected argument \"\(word)\"", notes(onUnexpected: word))
  }
}
