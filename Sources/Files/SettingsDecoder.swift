/// A key that a document may have, for a reference of all of them.
package struct SettingsKey: Sendable {
  package var path: String
  package var expectation: String
  package var defaultValue: JSONValue?
  package var isRequired: Bool
  package var documentation: String
  /// What it may hold, as JSON Schema.
  package var schema: JSONValue

  /// The words that it may hold; none where that is anything else.
  package var words: [String] { Self.choices(in: schema) }

  private static func choices(in schema: JSONValue) -> [String] {
    if schema["type"]?.string == "boolean" { return ["true", "false"] }
    let named = (schema["enum"]?.array ?? []) + (schema["const"].map { [$0] } ?? [])
    return named.compactMap(\.string) + (schema["anyOf"]?.array ?? []).flatMap { choices(in: $0) }
  }

  /// The last part of the path.
  package var name: String { path.split(separator: ".").last.map(String.init) ?? path }
}

/// Reads one JSON document strictly, and gathers every problem in one pass.
///
/// Its sections share it while they are read: the problems, the positions of the keys, and the known keys.
package final class SettingsDecoder {
  /// A key that no section has asked for.
  struct Unknown {
    var path: String
    var key: String
    var line: Int
    var siblings: [String]
    var isNull: Bool
    /// The keys of the object that it holds.
    var members: [String]
  }

  /// What is known about a key that no section has asked for.
  package struct Explanation: Sendable {
    /// What is wrong with it; nil for a key that is unknown.
    package var what: String?
    package var notes: [String]
    /// The path of the key that is meant.
    package var meant: String?

    package init(what: String? = nil, notes: [String], meant: String? = nil) {
      (self.what, self.notes, self.meant) = (what, notes, meant)
    }
  }

  /// A problem of some keys, the first of which it is located at.
  private struct Problem {
    var path: String
    var line: Int
    var failure: Failure
    /// The keys of which one must be there, where one was missed.
    var missed: [String] = []
  }

  /// What kind of document it is.
  let area: Failure.Area
  private let source: String
  private let origin: (String) -> String?
  private let explain: (_ path: String, _ members: [String]) -> Explanation?
  /// What is known about a value that its key does not take.
  let correct: (_ path: String, _ value: JSONValue) -> String?
  private var problems: [Problem] = []
  private var faulty: Set<String> = []
  /// The line of each key that the document has, 0 for one given on the command line.
  var lines: [String: Int] = [:]
  var unknown: [Unknown] = []
  /// What the document says that has no effect, a line each.
  package internal(set) var remarks: [String] = []
  package internal(set) var keys: [SettingsKey] = []

  /// A decoder of the document called `source` in messages. `origin` says where a key was given that is not in the document,
  /// `explain` what is known about a key that no section asks for, and `correct` about a value that a key does not take.
  package init(
    source: String, area: Failure.Area, origin: @escaping (String) -> String? = { _ in nil },
    explain: @escaping (_ path: String, _ members: [String]) -> Explanation? = { _, _ in nil },
    correct: @escaping (_ path: String, _ value: JSONValue) -> String? = { _, _ in nil }
  ) {
    self.source = source
    self.area = area
    self.origin = origin
    self.explain = explain
    self.correct = correct
  }

  /// The result of `read` on the document. Members that it does not ask for are problems too. Where there were
  /// problems the result holds placeholders: check `failure`.
  package func read<Value>(_ document: JSONValue, _ read: (inout SettingsSection) -> Value) -> Value {
    var section = SettingsSection(document, decoder: self)
    let value = read(&section)
    section.noteUnknownKeys()
    return value
  }

  /// Forgives the members that no section has asked for, as in a document that other programs write for themselves too, and
  /// returns their paths; those that are null are not worth one.
  package func forgiveUnknownKeys() -> [String] {
    defer { unknown = [] }
    return unknown.filter { !$0.isNull }.map(\.path)
  }

  /// Whether the key, or an object that contains it, has a problem.
  func isFaulty(_ path: String) -> Bool {
    faulty.contains(path) || path.indices.contains { path[$0] == "." && faulty.contains(String(path[..<$0])) }
  }

  func markFaulty(_ path: String) { faulty.insert(path) }

  func note(_ failure: Failure, path: String, line: Int, missed: [String] = []) {
    faulty.insert(path)
    problems.append(Problem(path: path, line: line, failure: failure, missed: missed))
  }

  /// Adds a note to the problem of `path`.
  func amend(_ path: String, note: String) {
    if let index = problems.firstIndex(where: { $0.path == path }) { problems[index].failure.notes.append(note) }
  }

  /// All problems as one failure, in the order of their lines; nil when there are none. A key that is missing because another
  /// stands in its place is not a problem of its own.
  package var failure: Failure? {
    let explained = unknown.map { (unknown: $0, explanation: explanation(of: $0)) }
    let meant = explained.compactMap(\.explanation.meant)
    let own = problems.filter { problem in !problem.missed.contains(where: meant.contains) }
    let all = (own + explained.map { Problem(path: $0.path, line: $0.line, failure: failure(of: $0, $1)) }).enumerated()
      .sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }
      .map { located($0.element.failure, path: $0.element.path, line: $0.element.line) }
    return Failure.all(all)
  }

  /// A wrong key in the document is the document's fault, one on the command line a usage error.
  private func failure(of unknown: Unknown, _ explanation: Explanation) -> Failure {
    Failure(
      unknown.line == 0 ? .usage : area, explanation.what ?? "unknown key \"\(unknown.path)\"",
      notes: explanation.notes)
  }

  private func explanation(of unknown: Unknown) -> Explanation {
    if let known = explain(unknown.path, unknown.members) { return known }
    if let near = suggestion(for: unknown.key, among: unknown.siblings) {
      let head = unknown.path.dropLast(unknown.key.count)
      return Explanation(notes: ["did you mean \"\(near)\"?"], meant: head + near)
    }
    guard let name = suggestion(for: unknown.key, among: keys.map(\.name)),
      let elsewhere = keys.first(where: { $0.name == name })
    else { return Explanation(notes: []) }
    return Explanation(notes: ["did you mean \"\(elsewhere.path)\"?"], meant: elsewhere.path)
  }

  private func located(_ failure: Failure, path: String, line: Int) -> Failure {
    var failure = failure
    failure.place = line == 0 ? origin(path) ?? source : "\(source):\(line)"
    return failure
  }
}
