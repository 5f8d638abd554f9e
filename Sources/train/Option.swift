/// An option of a command.
struct Option {
  /// A value that an option names.
  struct Choice {
    let word: String
    /// What it stands for, in a few words; empty where the word says it.
    let meaning: String

    init(_ word: String, _ meaning: String = "") { (self.word, self.meaning) = (word, meaning) }
  }

  /// The name without its dashes.
  var name: String
  /// What stands for its value in the usage; nil for a flag.
  var value: String?
  var summary: String
  /// The values it names; none where it takes any.
  var choices: [Choice] = []
  /// What it takes besides them, as in "a file"; nil where it takes nothing else.
  var others: String?

  static func flag(_ name: String, _ summary: String) -> Option { Option(name: name, value: nil, summary: summary) }

  static func value(_ name: String, _ value: String, _ summary: String) -> Option {
    Option(name: name, value: value, summary: summary)
  }

  /// An option that takes one of a few values, or `others` besides. Help, completions and the refusal of another value name them.
  static func choice(
    _ name: String, _ value: String, among choices: [Choice], or others: String? = nil, _ summary: String
  ) -> Option {
    Option(name: name, value: value, summary: summary, choices: choices, others: others)
  }

  /// What it does, and its values.
  var explanation: String {
    let named = choices.map { $0.meaning.isEmpty ? $0.word : "\($0.word) (\($0.meaning))" }
    let all = named + (others.map { [$0] } ?? [])
    guard let last = all.last, !named.isEmpty else { return summary }
    return "\(summary): \(all.dropLast().joined(separator: ", "))\(all.count > 1 ? " or " : "")\(last)"
  }

  /// Whether it takes the value.
  func takes(_ word: String) -> Bool { choices.isEmpty || others != nil || choices.contains { $0.word == word } }

  /// Whether a value of it may be the name of a file.
  var takesFiles: Bool { choices.isEmpty || others != nil }

  static let mpi = flag("mpi", "start MPI although no launcher is known: mpirun and srun are")

  static let json = flag("json", "results as JSON")
}
