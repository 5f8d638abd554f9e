import Files

extension HuggingFaceFolder {
  /// The chat template of the folder `path`, empty when it has none: `chat_template.jinja`, else that of
  /// `chat_template.json`, else that of `tokenizer_config.json`, as transformers takes them. Of several the one called
  /// `default` is taken; a note names the others, which transformers takes for rows with tools (`tool_use`) or when asked.
  static func chatTemplate(in path: String) throws(Failure) -> (text: String, notes: [String]) {
    let names = try Folder.names(in: path, area: .tokenizer)
    let more = names.contains("additional_chat_templates")
    if names.contains("chat_template.jinja") {
      let bytes = try ReadableFile.contents(of: "\(path)/chat_template.jinja", area: .tokenizer, limit: 1 << 20)
      if let invalid = bytes.withUnsafeBytes({ UTF8Bytes.firstInvalid(in: $0) }) {
        throw Failure(.tokenizer, "the chat template is not UTF-8", at: "\(path)/chat_template.jinja, byte \(invalid)")
      }
      return (String(decoding: bytes, as: UTF8.self), more ? [note(["those of additional_chat_templates"])] : [])
    }
    for name in ["chat_template.json", "tokenizer_config.json"] {
      guard let value = try json(name, in: path, area: .tokenizer)?["chat_template"], !value.isNull else { continue }
      if let text = value.string { return (text, more ? [note(["those of additional_chat_templates"])] : []) }
      let named = templates(in: value)
      guard let standard = named.first(where: { $0.name == "default" }) else {
        throw Failure(
          .tokenizer, "chat_template of \(name) is no text, and none of several is called \"default\"", at: path,
          notes: ["write the one that is meant into chat_template.jinja"])
      }
      let others = named.map(\.name).filter { $0 != "default" }
      return (standard.text, others.isEmpty ? [] : [note(others)])
    }
    return ("", [])
  }

  /// The templates of a list of `{"name", "template"}`, or of an object from names to texts.
  private static func templates(in value: JSONValue) -> [(name: String, text: String)] {
    let pairs =
      value.object.map { $0.map { ($0.key, $0.value.string) } }
      ?? (value.array ?? []).map { ($0["name"]?.string ?? "", $0["template"]?.string) }
    return pairs.compactMap { name, text in text.map { (name, $0) } }
  }

  private static func note(_ others: [String]) -> String {
    "of several chat templates the default is used, not \(others.joined(separator: ", ")): data.template or --template takes a file"
  }
}
