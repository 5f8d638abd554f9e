import Training

extension Recipe {
  /// `task`: the user's word for what a run does. It says which kinds of example the objective may read; everything else
  /// depends on the kind.
  package enum Task: String, Sendable, CaseIterable {
    /// Learns the next token of text.
    case pretrain
    /// Learns the answers of conversations.
    case sft
    /// Learns preferences among answers.
    case dpo

    /// The task of objectives that read examples of `kind`.
    package init(reading kind: ExampleKind) {
      self =
        switch kind {
        case .windows: .pretrain
        case .conversations: .sft
        case .pairs, .unpaired: .dpo
        }
    }

    /// The kinds of example that its objectives may read.
    package var examples: [ExampleKind] { ExampleKind.allCases.filter { Task(reading: $0) == self } }

    /// Its objectives; the first is the one that is meant when a recipe names none.
    package var objectives: [any Objective.Type] { Registry.objectives.filter { Task(reading: $0.examples) == self } }
  }

  /// The kind of example that the run reads.
  package var examples: ExampleKind { type(of: objective).examples }
}
