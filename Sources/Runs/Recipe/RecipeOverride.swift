import Files
import Training

/// A change to a recipe given on the command line: `optimizer.learning_rate=3e-4`, or `~key` to remove one.
package struct RecipeOverride: Sendable, Equatable, CustomStringConvertible {
  /// The keys that lead to the value, joined by dots.
  package var path: String
  /// The new value; nil removes the key.
  package var value: JSONValue?

  /// Reads `path=value`, whose value is JSON if it parses as such and otherwise a string, or `~path`; nil when `text`
  /// has neither form.
  package init?(_ text: String) {
    let removes = text.hasPrefix("~")
    let parts = text.dropFirst(removes ? 1 : 0).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let isPath = parts[0].utf8.allSatisfy { byte in
      byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    guard isPath, !parts[0].isEmpty, parts.count == (removes ? 1 : 2) else { return nil }
    path = String(parts[0])
    if !removes { value = Self.value(parts[1]) }
  }

  private static func value(_ text: Substring) -> JSONValue {
    guard let parsed = try? JSONValue.parse(Array(text.utf8), source: "", area: .usage) else {
      return JSONValue(String(text))
    }
    return parsed.withoutPositions
  }

  package var description: String {
    value.map { "\(path)=\($0.string ?? $0.serialized())" } ?? "~\(path)"
  }

  /// Whether the change bears on the key at `path`, on one inside it or on one around it.
  func concerns(_ path: String) -> Bool {
    path == self.path || path.hasPrefix(self.path + ".") || self.path.hasPrefix(path + ".")
  }

  /// The recipe with this change made.
  package func applied(to document: JSONValue) throws(Failure) -> JSONValue {
    let keys = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if keys.contains("") {
      throw Failure(.usage, "\"\(self)\" is no path to a key", notes: ["as in optimizer.eps=1e-6"])
    }
    return try applied(to: document, keys[...])
  }

  private func applied(to value: JSONValue, _ keys: ArraySlice<String>) throws(Failure) -> JSONValue {
    guard let members = value.object else {
      throw Failure(.usage, "\"\(self)\" leads through a value that is no object", notes: ["found \(value.found)"])
    }
    guard let key = keys.first else { preconditionFailure("an override without keys") }
    var result = value
    if keys.count == 1 {
      if self.value == nil, value[key] == nil { throw missing(key, among: members) }
      result[key] = self.value
    } else if let inner = value[key] {
      result[key] = try applied(to: inner, keys.dropFirst())
    } else if self.value == nil {
      throw missing(key, among: members)
    } else {
      result[key] = try applied(to: [:], keys.dropFirst())
    }
    return result
  }

  private func missing(_ key: String, among members: [JSONMember]) -> Failure {
    let near = suggestion(for: key, among: members.map(\.key))
    return Failure(
      .usage, "\"\(self)\" removes a key that the recipe does not have",
      notes: near.map { ["did you mean \"\($0)\"?"] } ?? [])
  }
}

extension JSONValue {
  /// The value as if made in memory.
  fileprivate var withoutPositions: JSONValue {
    switch content {
    case .array(let elements): JSONValue(elements.map(\.withoutPositions))
    case .object(let members): JSONValue(members.map { JSONMember($0.key, $0.value.withoutPositions) })
    default: JSONValue(content)
    }
  }
}
