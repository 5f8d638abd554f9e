extension Int {
  /// So many of what a word names, which forms its plural by an s: `1 row`, `2 rows`.
  package func counted(_ word: String) -> String { "\(self) \(word)\(self == 1 ? "" : "s")" }
}
