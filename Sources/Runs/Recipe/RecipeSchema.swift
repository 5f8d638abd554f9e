import Files

/// The JSON Schema (draft 7) of recipes, built from the same declarations as `train help recipe`.
///
/// It says what a key may hold, and which keys there are; what depends on several keys is left to `train validate`.
package enum RecipeSchema {
  package static var json: JSONValue {
    let root = Node(keys: Recipe.reference)
    let head: JSONValue = [
      "$schema": "http://json-schema.org/draft-07/schema#", "title": "A recipe of train",
      "description": "A complete training run; `train help recipe` explains the keys",
    ]
    var schema = JSONValue((head.object ?? []) + (root.schema(at: "").object ?? []))
    schema["properties"]?["$schema"] = ["type": "string", "description": "Where this schema is"]
    return schema
  }

  /// A key, or a section with its keys.
  private struct Node {
    var key: SettingsKey?
    private var names: [String] = []
    private var children: [String: Node] = [:]

    init(keys: [SettingsKey]) {
      for key in keys { insert(key, key.path.split(separator: ".").map(String.init)[...]) }
    }

    private init() {}

    private mutating func insert(_ key: SettingsKey, _ path: ArraySlice<String>) {
      guard let name = path.first else {
        self.key = self.key ?? key
        return
      }
      if children[name] == nil { names.append(name) }
      children[name, default: Node()].insert(key, path.dropFirst())
    }

    private var isRequired: Bool { key?.isRequired == true || children.values.contains(where: \.isRequired) }

    /// The schema of the node at `path`. Configurations of models and adapters may be pasted in, with keys that have no effect.
    func schema(at path: String) -> JSONValue {
      var members = names.isEmpty ? key?.schema.object ?? [] : [JSONMember("type", "object")]
      if let text = key?.documentation { members.append(JSONMember("description", JSONValue(text))) }
      if let value = key?.defaultValue { members.append(JSONMember("default", value)) }
      if mayBeNull(at: path) { members = Self.orNull(members) }
      guard !names.isEmpty else { return JSONValue(members) }
      let properties = names.map { JSONMember($0, children[$0]!.schema(at: path.isEmpty ? $0 : "\(path).\($0)")) }
      members.append(JSONMember("properties", JSONValue(properties)))
      if !Self.isPasted(path) { members.append(JSONMember("additionalProperties", false)) }
      let required =
        Self.isChosen(path)
        ? [] : names.filter { children[$0]!.isRequired && $0 != "tokenizer" && $0 != "adapter" }
      if !required.isEmpty { members.append(JSONMember("required", JSONValue(required.map { JSONValue($0) }))) }
      return JSONValue(members)
    }

    private static func isPasted(_ path: String) -> Bool { path.hasPrefix("model") || path.hasPrefix("adapter") }

    /// Whether the keys of a section depend on one of them.
    private static func isChosen(_ path: String) -> Bool {
      isPasted(path) || ["objective", "schedule", "tokenizer"].contains { path.hasPrefix($0) }
    }

    /// Whether null stands for a key that is left out, as in configurations that programs write.
    private func mayBeNull(at path: String) -> Bool {
      guard let key, !key.isRequired, path != "model" else { return false }
      return Self.isChosen(path) || !children.values.contains(where: \.isRequired)
    }

    /// The members of a schema that takes null besides.
    private static func orNull(_ members: [JSONMember]) -> [JSONMember] {
      members.map { member in
        let values = member.value.array ?? []
        switch member.key {
        case "type": return JSONMember("type", [member.value, "null"])
        case "enum": return JSONMember("enum", JSONValue(values + [.null]))
        case "anyOf": return JSONMember("anyOf", JSONValue(values + [["type": "null"]]))
        case "const": return JSONMember("enum", [member.value, .null])
        default: return member
        }
      }
    }
  }
}
