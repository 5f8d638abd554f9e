import Files
import Runs

/// The words after a command, sorted into operands and options by what the command declares.
///
/// `--name value` and `--name=value` are the same; after `--` everything is an operand. Options that a command has not
/// declared are refused at once, operands that it does not take by `finish`.
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
        values[option.name, default: []].append(String(parts[1]))
      } else if let value = words.popFirst() {
        values[option.name, default: []].append(value)
      } else {
        throw failure("--\(option.name) needs a value: \(option.value ?? "")")
      }
    }
  }

  private func option(_ name: String) throws(Failure) -> Option {
    if let option = command.options.first(where: { $0.name == name }) { return option }
    let near = suggestion(for: name, among: command.options.map(\.name))
    throw failure("unknown option \"--\(name)\"", near.map { ["did you mean \"--\($0)\"?"] } ?? [])
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

  func integer(_ name: String, in range: ClosedRange<Int> = 0...Int(Int32.max)) throws(Failure) -> Int? {
    guard let text = string(name) else { return nil }
    if let value = Int(text), range.contains(value) { return value }
    throw failure("--\(name) must be an integer from \(range.lowerBound) to \(range.upperBound), found \"\(text)\"")
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
    let path = try operand("RECIPE")
    let overrides = overrides()
    try finish()
    let recipe = try Recipe.load(path, overrides: overrides)
    for override in overrides { Output.log.line("override: \(override)") }
    return recipe
  }

  /// Refuses operands that the command has not taken.
  func finish() throws(Failure) {
    guard let word = operands.first else { return }
    throw failure("unexpected argument \"\(word)\"")
  }
}
