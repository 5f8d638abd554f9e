import Corpus
import Files
import Tokenizers
import Training

/// A question of a suite with what a model makes of its answers, to be looked at.
package struct SuiteAnswer: Sendable {
  /// What the model reads before an answer, examples and all.
  package let question: String
  /// The answers with their log-likelihoods.
  package let answers: [(text: String, logLikelihood: Double)]
  /// The place of the right one.
  package let right: Int

  init(_ question: SuiteQuestion, _ scores: [SuiteEvaluation.AnswerScore], _ tokenizer: Tokenizer) {
    func text(_ tokens: [Int32]) -> String { String(decoding: tokenizer.decode(tokens), as: UTF8.self) }
    self.question = text(question.texts[0].context)
    answers = zip(question.texts.flatMap(\.continuations), scores).map { (text($0), $1.logLikelihood) }
    right = question.answer
  }

  /// A heading, the end of the question, and a line an answer, the right one marked.
  package func text(_ name: String, number: Int) -> String {
    let end = question.count > 400 ? "…\(question.suffix(400))" : question
    let lines = answers.enumerated().map { index, answer in
      "\(index == right ? "*" : " ") \(Progress.fixed(answer.logLikelihood, 2)) \(answer.text)"
    }
    return (["", "--- \(name) \(number)", end] + lines).joined(separator: "\n")
  }

  package var json: JSONValue {
    let choices = answers.map { answer -> JSONValue in
      ["text": JSONValue(answer.text), "logprob": JSONValue(measured: answer.logLikelihood)]
    }
    return ["question": JSONValue(question), "choices": JSONValue(choices), "answer": JSONValue(right)]
  }
}
