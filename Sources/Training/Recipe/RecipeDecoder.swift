import Files

/// A key that recipes may have, for the reference that `train help recipe` prints.
package struct RecipeKey: Sendable {
  package var path: String
  package var expectation: String
  package var defaultValue: JSONValue?
  package var isRequired: Bool
  package var documentation: String

  /// The last part of the path.
  package var name: String { path.split(separator: ".").last.map(String.init) ?? path }
}

/// What the sections of one recipe share while they are read: the problems, where the keys stand, and what is known.
package final class RecipeDecoder {
  /// A key that no section has asked for.
  struct Unknown {
    var path: String
    var key: String
    var line: Int
    var siblings: [String]
  }

  private let source: String
  private let overrides: [RecipeOverride]
  private var problems: [(path: String, line: Int, failure: Failure)] = []
  private var faulty: Set<String> = []
  /// The line of each key that the recipe has, 0 for one given on the command line.
  var lines: [String: Int] = [:]
  var unknown: [Unknown] = []
  package internal(set) var keys: [RecipeKey] = []

  init(source: String, overrides: [RecipeOverride]) {
    self.source = source
    self.overrides = overrides
  }

  func isFaulty(_ path: String) -> Bool { faulty.contains(path) }

  func markFaulty(_ path: String) { faulty.insert(path) }

  func note(_ failure: Failure, path: String, line: Int) {
    faulty.insert(path)
    problems.append((path, line, failure))
  }

  /// Adds a note to the problem of `path`.
  func amend(_ path: String, note: String) {
    if let index = problems.firstIndex(where: { $0.path == path }) { problems[index].failure.notes.append(note) }
  }

  /// All problems as one failure, in the order of their lines; nil when there are none.
  func failure() -> Failure? {
    let all = (problems + unknown.map { ($0.path, $0.line, failure(of: $0)) }).enumerated()
      .sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }
      .map { located($0.element.failure, path: $0.element.path, line: $0.element.line) }
    guard var first = all.first else { return nil }
    first.others = Array(all.dropFirst())
    return first
  }

  /// A key of the recipe is the recipe's mistake, one of the command line a mistake in using it.
  private func failure(of unknown: Unknown) -> Failure {
    var notes: [String] = []
    if let near = suggestion(for: unknown.key, among: unknown.siblings) {
      notes.append("did you mean \"\(near)\"?")
    } else if let name = suggestion(for: unknown.key, among: keys.map(\.name)),
      let elsewhere = keys.first(where: { $0.name == name })
    {
      notes.append("did you mean \"\(elsewhere.path)\"?")
    }
    return Failure(unknown.line == 0 ? .usage : .recipe, "unknown key \"\(unknown.path)\"", notes: notes)
  }

  private func located(_ failure: Failure, path: String, line: Int) -> Failure {
    var failure = failure
    let given = overrides.last { path == $0.path || path.hasPrefix($0.path + ".") || $0.path.hasPrefix(path + ".") }
    failure.place = line == 0 ? given.map { "command line: \($0)" } ?? source : "\(source):\(line)"
    return failure
  }
}
