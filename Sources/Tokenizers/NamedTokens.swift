import Files

/// The tokens that a tokenizer's files name: the special tokens map of transformers.
///
/// `tokenizer_config.json` and `special_tokens_map.json` say which token plays which role; `tokenizer.json` does not. Chat
/// templates see the roles as variables (`eos_token`).
package struct NamedTokens: Sendable, Equatable {
  /// The token that plays a role.
  package struct Entry: Sendable, Equatable {
    package var name: String
    package var text: String
  }

  /// The roles that transformers knows, in its order; files may name more, in `extra_special_tokens`.
  package static let names = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  /// The roles that are filled.
  package private(set) var entries: [Entry] = []
  /// Special tokens without a role of their own, `additional_special_tokens`.
  package var additional: [String] = []

  package init() {}

  package var isEmpty: Bool { entries.isEmpty && additional.isEmpty }

  /// The text of the token called `name`, nil when none is.
  package subscript(name: String) -> String? {
    get { entries.first { $0.name == name }?.text }
    set {
      let index = entries.firstIndex { $0.name == name }
      switch (index, newValue) {
      case (let index?, let text?): entries[index].text = text
      case (let index?, nil): entries.remove(at: index)
      case (nil, let text?):
        func place(_ name: String) -> Int { Self.names.firstIndex(of: name) ?? Self.names.count }
        let next = entries.firstIndex { place($0.name) > place(name) } ?? entries.count
        entries.insert(Entry(name: name, text: text), at: next)
      case (nil, nil): break
      }
    }
  }

  /// All the tokens, each once: those with a role first.
  package var texts: [String] {
    (entries.map(\.text) + additional).reduce(into: []) { texts, text in
      if !texts.contains(where: { $0.hasSameBytes(as: text) }) { texts.append(text) }
    }
  }
}

extension NamedTokens {
  /// The tokens that an object of one of the files names: each a string, or an object with `content`; null names none.
  ///
  /// - Throws: `Failure` with the name of a value that is neither.
  package init(_ json: JSONValue, source: String) throws(Failure) {
    try update(from: json, source: source)
  }

  /// Takes over what `json` says of names, null included, and keeps the others.
  package mutating func update(from json: JSONValue, source: String) throws(Failure) {
    let part = JSONPart(json, path: "", source: source)
    for name in Self.names where json[name] != nil { self[name] = try Self.text(part[name]) }
    for key in ["additional_special_tokens", "extra_special_tokens"] {
      guard let list = part[key] else { continue }
      if let members = list.value.object {
        for member in members { self[member.key] = try Self.text(list[member.key]) }
      } else {
        for item in try list.parts() {
          guard let text = try Self.text(item) else { throw item.mismatch("a string") }
          if !additional.contains(where: { $0.hasSameBytes(as: text) }) { additional.append(text) }
        }
      }
    }
  }

  private static func text(_ part: JSONPart?) throws(Failure) -> String? {
    guard let part else { return nil }
    let content = part.value.object == nil ? part : try part.required("content")
    let text = try content.string()
    if text.isEmpty { throw content.failure("is empty") }
    return text
  }

  /// The map as `special_tokens_map.json` has it.
  package var json: JSONValue {
    var members = entries.map { JSONMember($0.name, JSONValue($0.text)) }
    if !additional.isEmpty {
      members.append(JSONMember("additional_special_tokens", JSONValue(additional.map { JSONValue($0) })))
    }
    return JSONValue(members)
  }
}
