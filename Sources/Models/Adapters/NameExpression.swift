extension Regex<AnyRegexOutput> {
  /// A regular expression that names are matched with as Python's `re` does; nil for what is none.
  ///
  /// A word ends there where letters, digits and underscores end, `\b`: by Unicode's rules, which are Swift's, `self_attn.q_proj` would
  /// be one word.
  init?(name pattern: String) {
    guard let expression = try? Regex(pattern) else { return nil }
    self = expression.wordBoundaryKind(.simple)
  }
}
