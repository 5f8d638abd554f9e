import Runs
import Testing

@Suite struct AnswerTextTests {
  private func answer(_ question: String, _ given: String) -> AnswerEvaluation.Answer {
    AnswerEvaluation.Answer(question: question, expected: "yes", given: given)
  }

  /// An answer stands under the question that it was given to, and under no other.
  @Test func answersStandUnderTheirQuestions() {
    let rows = AnswerText.rows([
      ("a", [answer("1", "a1"), answer("2", "a2"), answer("2", "again")]),
      ("b", [answer("2", "b2"), answer("3", "b3")]),
    ])
    #expect(rows.map(\.question) == ["1", "2", "2", "3"])
    #expect(rows.map { $0.given.map(\.text) } == [["a1"], ["a2", "b2"], ["again"], ["b3"]])
    #expect(rows[1].given.map(\.name) == ["a", "b"])
    #expect(rows[0].text(number: 1) == "\n--- 1\nquestion  1\nexpected  yes\na         a1")
  }

  /// A model beside itself, as two runs of one folder are.
  @Test func aModelMayBeThereTwice() {
    let rows = AnswerText.rows([("a", [answer("1", "x")]), ("a", [answer("1", "y")])])
    #expect(rows.map { $0.given.map(\.text) } == [["x", "y"]])
  }
}
