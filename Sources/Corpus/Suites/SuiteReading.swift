import Files
import Jinja

/// Rows of files as questions.
extension SuiteFormat {
  /// The question that a row asks.
  ///
  /// - Parameter label: the answer that a file beside the rows gives it.
  /// - Throws: `.data` for a row that lacks something, its answer among it.
  func row(_ json: JSONValue, label: Int?, at place: String) throws(Failure) -> SuiteRow {
    var row = SuiteRow(text: "", choices: [], answer: 0, json: json, place: place)
    switch self {
    case .blimp:
      row.choices = [try json.text("sentence_good", at: place), try json.text("sentence_bad", at: place)]
    case .piqa:
      row.text = "Question: \(try json.text("goal", at: place))\nAnswer:"
      row.choices = [try json.text("sol1", at: place), try json.text("sol2", at: place)]
      if let label { row.answer = label } else { row.answer = try json.choice("label", of: 2, at: place) }
    case .lambada:
      let text = try json.text("text", at: place)
      let space = text.utf8.lastIndex(of: UInt8(ascii: " "))
      row.text = String(text[..<(space ?? text.startIndex)])
      row.choices = [space.map { String(text[$0...]) } ?? " \(text)"]
    case .hellaswag:
      let (start, rest) = (try json.text("ctx_a", at: place), try json.text("ctx_b", at: place))
      let activity = try json.text("activity_label", at: place)
      row.text = Self.withoutMarks("\(activity): \(start) \(rest.capitalizedAsInPython)")
      row.choices = try json.texts("endings", at: place).map(Self.withoutMarks)
      row.answer = try json.choice("label", of: row.choices.count, at: place)
    case .arc, .openbookqa: try readScience(json, at: place, &row)
    case .mmlu: try readLettered(json, at: place, &row)
    case .choices:
      row.text = try json.text("prompt", at: place)
      row.choices = try json.texts("choices", at: place)
      let named = json["answer"]?.string.flatMap { name in row.choices.firstIndex { $0.hasSameBytes(as: name) } }
      let count = row.choices.count
      if let named { row.answer = named } else { row.answer = try json.choice("answer", of: count, at: place) }
    }
    return row
  }

  /// HellaSwag's texts without what is left in them of WikiHow's markup.
  private static func withoutMarks(_ text: String) -> String {
    func replacing(_ pattern: Regex<Substring>, by other: String, in text: String) -> String {
      text.replacing(pattern.matchingSemantics(.unicodeScalar), with: other)
    }
    let titled = replacing(/[ ]\[title\]/, by: ". ", in: text.strippedAsInPython)
    return replacing(/[ ][ ]/, by: " ", in: replacing(/\[[^\n]*?\]/, by: "", in: titled))
  }

  /// A question of ARC or OpenBookQA: `choices` as Hugging Face has them, a list of texts and one of labels, or as the Allen
  /// Institute has, objects with both.
  private func readScience(_ json: JSONValue, at place: String, _ row: inout SuiteRow) throws(Failure) {
    let nested = json["question"]?["stem"] == nil ? nil : json["question"]
    let key = nested != nil ? "stem" : self == .arc ? "question" : "question_stem"
    let stem = try (nested ?? json).text(key, at: place)
    row.text = self == .arc ? "Question: \(stem)\nAnswer:" : stem
    guard let choices = nested?["choices"] ?? json["choices"] else {
      throw Failure(.data, "the row has no \"choices\"", at: place)
    }
    var labels: [String] = []
    if let items = choices.array {
      for item in items {
        row.choices.append(try item.text("text", at: place))
        labels.append(try item.text("label", at: place))
      }
    } else {
      row.choices = try choices.texts("text", at: place)
      labels = try choices.texts("label", at: place)
    }
    let label = try json.text("answerKey", at: place).strippedAsInPython
    guard labels.count == row.choices.count, let answer = labels.firstIndex(where: { $0.hasSameBytes(as: label) })
    else {
      throw Failure(
        .data, "the row's answer is none of its choices", at: place,
        notes: ["\"answerKey\" is \"\(label)\", the labels are \(labels.joined(separator: ", "))"])
    }
    row.answer = answer
  }

  /// A question whose answers have letters.
  private func readLettered(_ json: JSONValue, at place: String, _ row: inout SuiteRow) throws(Failure) {
    let answers = try json.texts("choices", at: place)
    guard answers.count <= 26 else {
      throw Failure(.data, "more answers than letters", at: place, notes: ["found \(answers.count)"])
    }
    row.choices = answers.indices.map { String(UnicodeScalar(UInt8(ascii: "A") + UInt8($0))) }
    let question = try json.text("question", at: place).strippedAsInPython
    let lines = zip(row.choices, answers).map { "\($0). \($1)" }
    row.text = ([question] + lines + ["Answer:"]).joined(separator: "\n")
    row.topic = json["subject"]?.string
    let letter = json["answer"]?.string.flatMap { row.choices.firstIndex(of: $0) }
    if let letter { row.answer = letter } else { row.answer = try json.choice("answer", of: answers.count, at: place) }
  }
}
