/// A Jinja template as Hugging Face's libraries set it up for chats: `trim_blocks`, `lstrip_blocks`, loop controls,
/// `{% generation %}`, `raise_exception`, `strftime_now`, `tojson` without HTML escapes, and a sandbox in which no value
/// changes (transformers, `utils/chat_template_utils.py`).
///
/// What a rendering writes knows where it came from; see ``Mark``.
package struct Template: Sendable {
  private let source: TemplateSource
  private let body: [Statement]
  private let names: NameTable

  /// - Throws: `TemplateError` with line and column, for text that is no Jinja or has a construct that is not supported.
  package init(_ source: String) throws(TemplateError) {
    self.source = TemplateSource(source)
    (body, names) = try StatementParser.parse(self.source)
  }

  /// Whether the template has `word` as a variable, an attribute or a literal text.
  package func mentions(_ word: String) -> Bool { names.number(of: word) != nil || names.words.contains(word) }

  /// The text that the template makes of `variables`.
  ///
  /// - Parameter now: the time that `strftime_now` gives.
  /// - Throws: `TemplateError`: the template refuses the values, cannot work with them, or exceeds `limits`.
  package func render(
    _ variables: [(name: String, value: Value)], limits: Limits = Limits(), now: TemplateTime = .now
  ) throws(TemplateError) -> Text {
    var interpreter = Interpreter(source: source, names: names, limits: limits, now: now)
    for variable in variables { interpreter.set(variable.name, variable.value) }
    return try interpreter.render(body)
  }
}
