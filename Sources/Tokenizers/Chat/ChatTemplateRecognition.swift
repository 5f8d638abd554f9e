import Files

extension ChatTemplate {
  /// The template that a Jinja text describes, nil when it is none of those that are built in.
  ///
  /// A built-in template's own text is recognised exactly. Others are recognised by the marks they write, as llama.cpp
  /// does it; the default system turn that a ChatML text spells out is adopted.
  public init?(recognizing jinja: String) {
    if jinja.isEmpty { return nil }
    let text = Self.unescaped(jinja)
    let begins = text.contains("bos_token")
    let behind = text.hasPrefix(Self.beginning) ? String(text.dropFirst(Self.beginning.count)) : text
    if let known = Self.builtIn.first(where: { behind == Self.unescaped($0.jinja) }) {
      self = known.beginning(begins)
      return
    }
    guard let kind = Self.kind(markedIn: text) else { return nil }
    let system = kind == .chatML ? Self.systemText(inChatML: text) : kind.defaultSystem
    self = kind.with(defaultSystem: system, jinja: jinja).beginning(begins)
  }

  /// What a Jinja text begins with where only the tokenizer asks for a beginning of text.
  static let beginning = "{{ bos_token }}"

  /// Some texts write a line feed as two characters, some as one.
  private static func unescaped(_ jinja: String) -> String { jinja.replacing(#"\n"#, with: "\n") }

  private static func kind(markedIn text: String) -> ChatTemplate? {
    if text.contains("<|im_start|>"), text.contains("<|im_end|>") { return .chatML }
    if text.contains("<|start_header_id|>"), text.contains("<|eot_id|>") { return .llama3 }
    let endsWithText = text.contains("eos_token") || text.contains("<|endoftext|>")
    if text.contains("<|user|>"), text.contains("<|assistant|>"), endsWithText, !text.contains("<|end|>") {
      return .zephyr
    }
    if text.contains("### Instruction:"), text.contains("### Response:"), endsWithText { return .alpaca }
    return nil
  }

  /// The content of the first system turn that the text has as one literal.
  private static func systemText(inChatML text: String) -> String? {
    for part in text.components(after: "<|im_start|>system\n") {
      guard let end = part.firstRange(of: "<|im_end|>") else { continue }
      let literal = String(part[..<end.lowerBound])
      let isWhole = !literal.replacing(#"\'"#, with: "").contains { $0 == "'" || $0 == "\"" }
      if isWhole, !literal.isEmpty { return literal.replacing(#"\'"#, with: "'") }
    }
    return nil
  }
}

extension String {
  /// What follows each occurrence of `mark`, up to the next one.
  fileprivate func components(after mark: String) -> [String] {
    ranges(of: mark).map { String(self[$0.upperBound...]) }
  }
}
