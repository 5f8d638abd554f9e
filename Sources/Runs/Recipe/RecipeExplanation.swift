import Files

/// What a recipe says about a key that it does not take.
extension Recipe {
  /// What is known about the key at `path` of `document`: that it belongs to another choice than the recipe's, or that another
  /// program calls something so. Nil where nothing is known.
  static func explanation(
    of path: String, _ members: [String], in document: JSONValue
  ) -> SettingsDecoder.Explanation? {
    if let conflict = conflict(of: path, in: document) { return conflict }
    if let meaning = ForeignKeys.meaning(of: path) {
      return SettingsDecoder.Explanation(notes: [meaning.note] + notes(of: members, in: path), meant: meaning.key)
    }
    // A section's misspelt name is that of the section.
    let sections = reference.filter { !$0.path.contains(".") }.map(\.path)
    if suggestion(for: path, among: sections) != nil { return nil }
    let inner = notes(of: members, in: path)
    return inner.isEmpty ? nil : SettingsDecoder.Explanation(notes: inner)
  }

  /// What the keys of a section are called here that another program has.
  private static func notes(of members: [String], in path: String) -> [String] {
    members.prefix(8).compactMap { member in
      let name = "\(path).\(member)"
      guard let key = ForeignKeys.meaning(of: name)?.key ?? own(member) else { return nil }
      return "\"\(name)\" is here \"\(key)\""
    }
  }

  /// The only key of a recipe with this name.
  private static func own(_ name: String) -> String? {
    let keys = reference.filter { $0.name == name }
    return keys.count == 1 ? keys[0].path : nil
  }

  /// A key that recipes have where they choose something else.
  private static func conflict(of path: String, in document: JSONValue) -> SettingsDecoder.Explanation? {
    guard reference.contains(where: { $0.path == path }) else { return nil }
    let section = path.split(separator: ".").first.map(String.init) ?? path
    if section == "model", document["model"]?["from"] != nil {
      return SettingsDecoder.Explanation(
        what: "\"\(path)\" describes a new model, and \"model.from\" takes one that exists",
        notes: ["leave out one of the two: a model's sizes do not change"])
    }
    let owners = choices.filter { $0.section == section && $0.keys.contains(path) }
    guard let first = owners.first else { return nil }
    let words = owners.map { "\"\($0.word)\"" }.joined(separator: " or ")
    let own = document[section]?[first.key]?.string
    let name = section == "model" ? "architecture" : section
    return SettingsDecoder.Explanation(
      what: "\"\(path)\" is a key of \(name) \(words)\(own.map { ", not of \"\($0)\"" } ?? "")",
      notes: [
        own == nil
          ? "choose it with \(section).\(first.key), or leave the key out"
          : "leave it out, or change \(section).\(first.key)"
      ])
  }
}
