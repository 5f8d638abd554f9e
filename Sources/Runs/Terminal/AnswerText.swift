import Files

/// A question with what one or several models answered, to be read.
package struct AnswerText {
  package var question: String
  package var expected: String
  package var rejected: String?
  /// The answers, each with whose it is.
  package var given: [(name: String, text: String)]

  /// Which of the models answered.
  private var models: Set<Int> = []

  /// The questions that models answered, each with the answers of those that were asked it, in the models' order. Not all are
  /// asked the same: where a tokenizer cuts a text, and for what a model has no positions, is its own.
  package static func rows(_ models: [(name: String, answers: [AnswerEvaluation.Answer])]) -> [AnswerText] {
    var rows: [AnswerText] = []
    for (number, model) in models.enumerated() {
      for answer in model.answers {
        let known = rows.firstIndex { $0.asks(answer) && !$0.models.contains(number) }
        if known == nil { rows.append(AnswerText(asking: answer)) }
        let place = known ?? rows.count - 1
        rows[place].given.append((model.name, answer.given))
        rows[place].models.insert(number)
      }
    }
    return rows
  }

  private init(asking answer: AnswerEvaluation.Answer) {
    (question, expected, rejected, given) = (answer.question, answer.expected, answer.rejected, [])
  }

  private func asks(_ answer: AnswerEvaluation.Answer) -> Bool {
    question == answer.question && expected == answer.expected && rejected == answer.rejected
  }

  /// A heading and a part below the other, the names in a column.
  package func text(number: Int) -> String {
    var parts = [("question", question), ("expected", expected)]
    if let rejected { parts.append(("rejected", rejected)) }
    parts += given.map { ($0.name, $0.text) }
    let width = parts.map(\.0.count).max() ?? 0
    let indent = String(repeating: " ", count: width + 2)
    let lines = parts.map { name, text in
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      return name + indent.dropFirst(name.count) + lines.joined(separator: "\n\(indent)")
    }
    return (["", "--- \(number)"] + lines).joined(separator: "\n")
  }

  package var json: JSONValue {
    var members = [JSONMember("question", JSONValue(question)), JSONMember("expected", JSONValue(expected))]
    if let rejected { members.append(JSONMember("rejected", JSONValue(rejected))) }
    let answers = given.map { JSONMember($0.name, JSONValue($0.text)) }
    return JSONValue(members + [JSONMember("answers", JSONValue(answers))])
  }
}
