import Files

/// Which tokens of a conversation are trained.
package enum LossOn: String, Sendable, CaseIterable {
  /// All assistant turns and their end-of-turn tokens.
  case assistant
  /// The last assistant turn and its end-of-turn token.
  case completion
  /// Every token but the first.
  case all
}

/// How rows become examples.
package struct TuningSettings: Sendable, Equatable {
  /// What happens to an example with more tokens than `maximumLength`.
  package enum Overflow: String, Sendable, CaseIterable {
    case drop, truncate, error
  }

  /// The names that the files have for columns, by the names used here.
  package var fields: [String: String]
  package var lossOn: LossOn
  /// The most tokens of an example.
  package var maximumLength: Int
  package var onOverflow: Overflow
  package var onError: RowErrorPolicy
  /// What the files are; nil looks into them.
  package var format: CorpusFormat?

  package init(
    fields: [String: String] = [:], lossOn: LossOn = .assistant, maximumLength: Int, onOverflow: Overflow = .truncate,
    onError: RowErrorPolicy = .skip, format: CorpusFormat? = nil
  ) {
    precondition(maximumLength > 1, "examples of at most \(maximumLength) tokens")
    self.fields = fields
    self.lossOn = lossOn
    self.maximumLength = maximumLength
    self.onOverflow = onOverflow
    self.onError = onError
    self.format = format
  }

  /// Refuses names in `fields` that no column has.
  func check() throws(Failure) {
    for name in fields.keys.sorted() where !TuningRow.columns.contains(name) {
      var notes = ["the columns are \(TuningRow.columns.joined(separator: ", "))"]
      if let value = fields[name], TuningRow.columns.contains(value) {
        notes.insert("the name that the files have comes second: {\"\(value)\": \"\(name)\"}", at: 0)
      } else if let near = suggestion(for: name, among: TuningRow.columns) {
        notes.insert("did you mean \"\(near)\"?", at: 0)
      }
      throw Failure(.recipe, "data.fields has a column \"\(name)\" that is not known", notes: notes)
    }
  }

  /// What identifies the settings: everything that decides which tokens an example has.
  var identity: String {
    let names = fields.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return (names + [lossOn.rawValue, "\(maximumLength)", onOverflow.rawValue]).joined(separator: "\n")
  }
}
