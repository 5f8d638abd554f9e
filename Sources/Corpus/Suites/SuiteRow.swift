import Files

/// A question of an evaluation suite as lm-evaluation-harness asks it: the text before the answers, and the answers.
struct SuiteRow: Sendable {
  /// What stands before an answer (the harness's `doc_to_text`).
  var text: String
  /// The answers to choose among (`doc_to_choice`); for a last word, that word alone.
  var choices: [String]
  /// The place of the right answer among them.
  var answer: Int
  /// The topic whose rows are examples for each other; nil where all are.
  var topic: String?
  /// The row itself: one that equals it is no example for it.
  var json: JSONValue
  /// The file and line that it is in.
  var place: String
}

extension JSONValue {
  /// The text under `key`.
  ///
  /// - Throws: `.data` if there is none.
  func text(_ key: String, at place: String) throws(Failure) -> String {
    guard let text = self[key]?.string else {
      throw Failure(.data, "\"\(key)\" is not a text", at: place, notes: ["found \(self[key]?.found ?? "nothing")"])
    }
    return text
  }

  /// The texts under `key`, at least one.
  ///
  /// - Throws: `.data` if there are none.
  func texts(_ key: String, at place: String) throws(Failure) -> [String] {
    let texts = self[key]?.array?.compactMap(\.string) ?? []
    guard !texts.isEmpty, texts.count == self[key]?.array?.count else {
      throw Failure(
        .data, "\"\(key)\" is not a list of texts", at: place, notes: ["found \(self[key]?.found ?? "nothing")"])
    }
    return texts
  }

  /// The place of the right answer among `count`: a number under `key`, or the digits of one.
  ///
  /// - Throws: `.data` if it is missing, as in the rows of a test without published answers, or is none of them.
  func choice(_ key: String, of count: Int, at place: String) throws(Failure) -> Int {
    guard let value = self[key], !value.isNull, value.string != "" else {
      throw Failure(
        .data, "the row has no answer", at: place,
        notes: ["\"\(key)\" is missing or empty", "test sets are often published without: take the validation set"])
    }
    guard let number = value.integer ?? value.string.flatMap(Int.init), 0..<count ~= number else {
      throw Failure(
        .data, "\"\(key)\" is none of the row's \(count) answers", at: place,
        notes: ["found \(value.found), expected a number from 0 to \(count - 1)"])
    }
    return number
  }
}
