extension Int {
  /// So many of what a word names, which forms its plural by an s: `1 row`, `2 rows`.
  package func counted(_ word: String) -> String { counted(word, "\(word)s") }

  /// So many of what a word names whose plural is another: `1 story`, `2 stories`.
  package func counted(_ word: String, _ plural: String) -> String { "\(self) \(self == 1 ? word : plural)" }
}
