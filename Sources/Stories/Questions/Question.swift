/// A question about a story that has exactly one true answer, and the answer follows from the text.
package struct Question: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    case who, what, place, howMany, feeling, why, color, yesOrNo
  }

  package let kind: Kind
  package let text: String
  package let answer: String
  /// Answers of the same form that are false, those that the story suggests first.
  package let falseAnswers: [String]
}

extension Story {
  /// Every question the story answers, in an order that depends on the story alone.
  package var questions: [Question] {
    var interview = Interview(of: self)
    return interview.questions()
  }
}

/// A question that events of some verbs answer.
///
/// It is asked about an event when all events of these verbs that agree with it in the roles of the text agree in the
/// answer, too.
struct QuestionPattern {
  /// A part that an event gives to somebody, a thing, a place or a number.
  enum Role: Character, CaseIterable {
    case a = "a"
    case b = "b"
    case x = "x"
    case y = "y"
    case place = "p"
    /// Where something was put or found: a corner or a container.
    case goal = "g"
    case count = "n"
  }

  let kind: Question.Kind
  let verbs: Set<Event.Verb>
  /// The question, with `{a}` for a role's words.
  let text: String
  let answer: Role
  let roles: [Role]

  init(_ kind: Question.Kind, _ verbs: Set<Event.Verb>, _ text: String, _ answer: Role) {
    self.kind = kind
    self.verbs = verbs
    self.text = text
    self.answer = answer
    roles = Role.allCases.filter { text.contains("{\($0.rawValue)}") }
  }

  /// Verbs by which a thing goes from the first person to the second.
  static let transfers: Set<Event.Verb> = [.give, .lend, .giveBack, .trade]

  static let all = [
    QuestionPattern(.who, transfers, "Who gave {x} to {b}?", .a),
    QuestionPattern(.who, transfers, "Who did {a} give {x} to?", .b),
    QuestionPattern(.what, transfers, "What did {a} give to {b}?", .x),
    QuestionPattern(.what, [.trade], "What did {b} get from {a}?", .x),
    QuestionPattern(.who, [.giveBack], "Who gave {x} back to {b}?", .a),
    QuestionPattern(.who, [.eat], "Who ate {x}?", .a),
    QuestionPattern(.who, [.damage], "Who broke {x}?", .a),
    QuestionPattern(.who, [.repair], "Who fixed {x}?", .a),
    QuestionPattern(.who, [.find], "Who found {x}?", .a),
    QuestionPattern(.place, [.find], "Where did {a} find {x}?", .goal),
    QuestionPattern(.place, [.find], "In which place did {a} find {x}?", .place),
    QuestionPattern(.place, [.putDown, .putIn], "Where did {a} put {x}?", .goal),
    QuestionPattern(.who, [.takeOut], "Who took {x} out of {y}?", .a),
    QuestionPattern(.place, [.hide], "Where did {a} hide?", .goal),
    QuestionPattern(.who, [.discover], "Who found {b}?", .a),
    QuestionPattern(.who, [.win], "Who won?", .a),
    QuestionPattern(.who, [.help], "Who helped {b}?", .a),
    QuestionPattern(.who, [.apologise], "Who said sorry to {b}?", .a),
    QuestionPattern(.who, [.befriend], "Who became a friend of {a}?", .b),
    QuestionPattern(.howMany, [.gather], "How many {x} did {a} find?", .count),
    QuestionPattern(.howMany, [.hand], "How many {x} did {a} give to {b}?", .count),
  ]
}

extension Event {
  /// What an event gives a role to, as text that differs where the role's players do; nil for none.
  func player(of role: QuestionPattern.Role) -> String? {
    switch role {
    case .a: a?.name
    case .b: b?.name
    case .x: x?.noun
    case .y: y?.noun
    case .place: (place ?? spot?.place).flatMap { $0.owner == nil ? "\($0.preposition) the \($0.noun)" : nil }
    case .goal: spot?.phrase ?? y.map { "in the \($0.full)" }
    case .count: count > 0 ? Lexicon.number(count) : nil
    }
  }
}
