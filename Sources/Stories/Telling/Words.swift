extension Person.Pronoun {
  var subject: String { self == .she ? "she" : "he" }
  var object: String { self == .she ? "her" : "him" }
  var possessive: String { self == .she ? "her" : "his" }
  var reflexive: String { self == .she ? "herself" : "himself" }
}

extension String {
  /// "a" or "an", and the word.
  var withArticle: String {
    let vowels: [UInt8] = Array("aeiou".utf8)
    return (utf8.first.map(vowels.contains) ?? false ? "an " : "a ") + self
  }
}

extension Person {
  /// "a shy girl"
  var description: String { (trait.isEmpty ? kind : "\(trait) \(kind)").withArticle }
}

extension Thing {
  /// "red ball"
  var full: String { adjective.isEmpty ? noun : "\(adjective) \(noun)" }
  /// "a red ball"; "red boots"
  var indefinite: String { isPlural ? full : full.withArticle }
}
