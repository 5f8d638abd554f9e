import Files

/// What a `post_processor` puts before a text.
enum PostProcessor {
  /// The token that a template puts before a text, nil when it puts none there.
  static func beginningOfText(_ part: JSONPart?, _ added: [AddedToken]) throws(Failure) -> Int32? {
    guard let part, let template = try template(part), let name = try prefix(template) else { return nil }
    let text = try name.string()
    guard let token = added.first(where: { $0.text.hasSameBytes(as: text) }) else {
      throw name.failure("names \"\(text)\", which is no added token")
    }
    if let ids = template["special_tokens"]?[text]?["ids"] {
      guard try ids.elements().map(\.integer) == [Int(token.id)] else {
        throw ids.unsupported("only the id of \"\(text)\" in added_tokens, \(token.id), is")
      }
    }
    return token.id
  }

  private static func template(_ part: JSONPart) throws(Failure) -> JSONPart? {
    let type = try part.required("type")
    switch try type.string() {
    case "ByteLevel": return nil
    case "TemplateProcessing": return part
    case "Sequence":
      let list = try part.required("processors")
      var found: JSONPart?
      for step in try list.parts() {
        guard let template = try template(step) else { continue }
        if found != nil { throw list.unsupported("only one template is") }
        found = template
      }
      return found
    default: throw type.unsupported("only ByteLevel and TemplateProcessing are")
    }
  }

  private static func prefix(_ template: JSONPart) throws(Failure) -> JSONPart? {
    let single = try template.required("single")
    let items = try single.parts()
    if items.count == 1, items[0]["Sequence"] != nil { return nil }
    if items.count == 2, let token = items[0]["SpecialToken"], items[1]["Sequence"] != nil {
      return try token.required("id")
    }
    throw single.unsupported("only a text with one special token before it is")
  }
}
