import Files
import Tokenizers

/// A row of a file for tuning, with its columns by the names used here.
struct TuningRow {
  /// The columns that rows are read from; `data.fields` may give them other names.
  static let columns = [
    "messages", "conversations", "role", "content", "instruction", "input", "output", "system", "history", "prompt",
    "completion", "question", "answer", "text", "chosen", "rejected", "label", "tools", "documents",
    "chat_template_kwargs",
  ]

  /// The row's location: `file:line`.
  let place: String
  private let value: JSONValue
  private let fields: [String: String]
  /// The text between an instruction and its input.
  let inputSeparator: String

  init(_ value: JSONValue, at place: String, fields: [String: String], inputSeparator: String) throws(Failure) {
    self.place = place
    self.value = value
    self.fields = fields
    self.inputSeparator = inputSeparator
    guard let members = value.object else { throw unusable("the row is no JSON object", "found \(value.kind)") }
    if !members.isEmpty, members.allSatisfy({ $0.value.object?.first?.key == "0" }) {
      throw unusable(
        "the row is a table by columns, as pandas writes it by default",
        "write rows: .to_json(\"rows.jsonl\", orient=\"records\", lines=True)")
    }
  }

  /// What the row has in a column; null is as good as nothing. Names that are in use for the same column count, too.
  subscript(column: String) -> JSONValue? {
    if !fields.isEmpty, let field = fields[column] { return member(field) }
    return member(column) ?? Self.otherNames[column]?.lazy.compactMap(member).first
  }

  private static let otherNames = [
    "conversations": ["conversation"], "output": ["response"], "completion": ["response"], "label": ["kto_tag"],
    "role": ["from"], "content": ["value"],
    // Dolly's, torchtune's, and Stack Exchange's columns.
    "input": ["context"], "chosen": ["chosen_conversations", "response_j"],
    "rejected": ["rejected_conversations", "response_k"],
  ]

  func member(_ name: String) -> JSONValue? {
    guard let member = value[name], !member.isNull else { return nil }
    return member
  }

  func has(_ columns: String...) -> Bool { columns.allSatisfy { self[$0] != nil } }

  /// The text in a column, nil when the row has none.
  func optionalText(_ column: String) throws(Failure) -> String? {
    guard let value = self[column] else { return nil }
    if let text = value.string { return text }
    throw unusable("\"\(name(column))\" is no string", "found \(value.kind)", Self.quotingNote(name(column), value))
  }

  /// What to write in the place of a number or a boolean.
  static func quotingNote(_ column: String, _ value: JSONValue) -> String? {
    guard value.number != nil || value.bool != nil else { return nil }
    return "texts stand in quotes: \"\(column)\": \"\(value.serialized())\""
  }

  /// The text in a column, which must have some.
  func text(_ column: String) throws(Failure) -> String {
    guard let text = try optionalText(column) else { throw unusable("the row has no \"\(name(column))\"") }
    if text.isBlank { throw unusable("\"\(name(column))\" is empty") }
    return text
  }

  /// The name that the file has for a column.
  func name(_ column: String) -> String { fields.isEmpty ? column : fields[column] ?? column }

  /// Whether the row has the column under this name, or under the one that `data.fields` gives it.
  func hasOwn(_ column: String) -> Bool { member(name(column)) != nil }

  /// The names of all columns of the row, for messages.
  var foundColumns: String {
    let names = (value.object ?? []).prefix(12).map { "\"\($0.key)\"" }
    return names.isEmpty ? "no keys" : names.joined(separator: ", ")
  }

  /// An error of this row: rows are counted by `reason`, which therefore is the same for all rows of a kind.
  func unusable(_ reason: String, _ notes: String?...) -> Failure {
    Failure(.data, reason, at: place, notes: notes.compactMap(\.self))
  }
}

extension String {
  /// Whether there is nothing but white space.
  var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }
}
