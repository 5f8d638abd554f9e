import Files

extension Failure {
  /// Keys of a recipe that remedies name, and the options that stand for them in commands without a recipe.
  private static let options = [
    (key: "data.template", option: "template"), (key: "data.chat_template_kwargs", option: "chat-template-kwargs"),
    (key: "data.sequence_length", option: "sequence-length"),
  ]
  /// Those that no option stands for.
  private static let keysAlone = [
    "data.format", "data.on_error", "data.on_overflow", "data.fields", "tokenizer.from",
  ]

  /// The failure as `command` tells it: where it takes no keys of a recipe, remedies name its options in their place. What has none
  /// is no remedy there and is left out, with the clause of the note that names it.
  func told(by command: any Command.Type) -> Failure {
    if command.takesKeys { return self }
    let own = Self.options.filter { pair in command.options.contains { $0.name == pair.option } }
    let unknown = Self.keysAlone + Self.options.map(\.key)
    func named(_ text: String) -> String {
      own.reduce(text) { text, pair in text.replacing(pair.key, with: "--\(pair.option)") }
    }
    var failure = self
    failure.what = named(what)
    failure.notes = notes.compactMap { note in
      let clauses = named(note).split(separator: "; ")
      let left = clauses.filter { clause in !unknown.contains { clause.contains($0) } }
      return left.isEmpty ? nil : left.joined(separator: "; ")
    }
    failure.others = others.map { $0.told(by: command) }
    return failure
  }
}
