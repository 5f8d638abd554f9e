import Files

extension AddedToken {
  /// The token that an object describes, besides its id.
  init(_ part: JSONPart, id: Int32) throws(Failure) {
    let content = try part.required("content")
    let text = try content.string()
    if text.isEmpty { throw content.failure("is empty") }
    let isSpecial = try part["special"]?.boolean() ?? false
    self.init(text, id: id, isSpecial: isSpecial, isNormalized: try part["normalized"]?.boolean() ?? !isSpecial)
    isSingleWord = try part["single_word"]?.boolean() ?? false
    stripsLeft = try part["lstrip"]?.boolean() ?? false
    stripsRight = try part["rstrip"]?.boolean() ?? false
  }

  /// The tokens of `added_tokens_decoder` in a `tokenizer_config.json`, in the order of their ids.
  ///
  /// - Throws: `Failure` naming what is no id or no token.
  package static func decoder(_ json: JSONValue, source: String) throws(Failure) -> [AddedToken] {
    let list = JSONPart(json, path: "added_tokens_decoder", source: source)
    var tokens: [AddedToken] = []
    for member in try list.members() {
      let part = JSONPart(member.value, path: list.path(of: member.key), source: source)
      guard let id = Int32(member.key), id >= 0 else { throw part.failure("has no id for its name") }
      tokens.append(try AddedToken(part, id: id))
    }
    return tokens.sorted { $0.id < $1.id }
  }

  /// The tokens of an `added_tokens.json`, which has their ids by their texts; those of `special` are special.
  ///
  /// - Throws: `Failure` naming what has no id.
  package static func texts(_ json: JSONValue, special: [String], source: String) throws(Failure) -> [AddedToken] {
    let list = JSONPart(json, path: "", source: source)
    var tokens: [AddedToken] = []
    for member in try list.members() {
      let part = JSONPart(member.value, path: list.path(of: member.key), source: source)
      guard let id = Int32(exactly: try part.integer()), id >= 0, !member.key.isEmpty else {
        throw part.failure("is no id")
      }
      let isSpecial = special.contains { $0.hasSameBytes(as: member.key) }
      tokens.append(AddedToken(member.key, id: id, isSpecial: isSpecial, isNormalized: !isSpecial))
    }
    return tokens.sorted { $0.id < $1.id }
  }
}
