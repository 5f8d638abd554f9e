import Files

/// A question with what one or several models answered, to be read.
package struct AnswerText {
  package var question: String
  package var expected: String
  package var rejected: String?
  /// The answers, each with whose it is.
  package var given: [(name: String, text: String)]

  /// The questions that models answered, each with the answers of all of them, in the models' order.
  package static func rows(_ models: [(name: String, answers: [AnswerEvaluation.Answer])]) -> [AnswerText] {
    (0..<(models.map(\.answers.count).min() ?? 0)).map { index in
      let first = models[0].answers[index]
      return AnswerText(
        question: first.question, expected: first.expected, rejected: first.rejected,
        given: models.map { ($0.name, $0.answers[index].given) })
    }
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
