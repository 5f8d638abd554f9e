/// The facts that a text keeps: what it says of its people and things agrees with what it said of them before.
///
/// It reads any text in the world's words, not only the world's own: a sample of a model is measured by it. On the
/// world's stories nearly every fact is kept; what it counts, it counts there as well.
package struct StoryFacts: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    /// Somebody who is named has been introduced, once.
    case name
    /// A thing has been introduced, and is as it was: the red ball stays red.
    case look
    /// She and he are somebody whom the sentences before spoke of.
    case pronoun
    /// Who gives a thing has it, and who gets it back owned it.
    case owner
    /// Corners are those of the place that the people are at, and they go back to where they were.
    case place
    /// A girl's name is a girl's, and the dog is no cat later.
    case kind
  }

  package struct Fact: Sendable {
    package let kind: Kind
    package let isKept: Bool
    /// The sentence that states it.
    package let sentence: String
  }

  package internal(set) var facts: [Fact] = []

  package init(of text: String) {
    var reader = FactReader()
    for paragraph in text.split(separator: "\n") { reader.read(String(paragraph)) }
    facts = reader.facts
  }

  package func count(_ kind: Kind? = nil, kept: Bool? = nil) -> Int {
    facts.count { (kind == nil || $0.kind == kind) && (kept == nil || $0.isKept == kept) }
  }
}

/// Words of the world, by what they say.
struct FactWords {
  let genders: [String: Person.Pronoun]
  /// Those who need no introduction.
  let known: Set<String> = ["Mom", "Dad", "Grandma", "Grandpa"]
  let relations: Set<String> = ["friend", "cousin", "neighbor", "sister", "brother"]
  let kinds = Set(Lexicon.animalKinds)
  let looks: Set<String>
  /// Nouns of things by their first word.
  let nouns: [String: [[String]]]
  let places: Set<String>
  /// Corners by their first word, longer ones first, with the places that have them; a home is "house".
  let corners: [String: [(words: [String], places: Set<String>)]]
  let numbers = Set((0...12).map(Lexicon.number))

  static let all = FactWords()

  private init() {
    let relatives: [(String, Person.Pronoun)] = [("Mom", .she), ("Dad", .he), ("Grandma", .she), ("Grandpa", .he)]
    genders = Dictionary(uniqueKeysWithValues: Setting.everybody.map { ($0.name, $0.pronoun) } + relatives)
    looks = Set(Lexicon.things.flatMap(\.looks)).union(Lexicon.otherLooks)
    nouns = Dictionary(grouping: (Lexicon.things.map(\.noun) + Lexicon.otherNouns).map(Self.words)) { $0[0] }
    places = Set(Setting.words.map(\.noun))
    var placesOfCorner: [String: Set<String>] = [:]
    for corner in Setting.homeCorners + Setting.gardenCorners { placesOfCorner[corner, default: []].insert("house") }
    for place in Setting.words {
      for corner in place.corners { placesOfCorner[corner, default: []].insert(place.noun) }
    }
    let corners = placesOfCorner.map { (words: Self.words($0), places: $1) }.sorted { $0.words.count > $1.words.count }
    self.corners = Dictionary(grouping: corners) { $0.words[0] }
  }

  private static func words(_ phrase: String) -> [String] { phrase.split(separator: " ").map(String.init) }
}
