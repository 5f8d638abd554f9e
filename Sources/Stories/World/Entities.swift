/// Somebody in a story: a child, a grown-up or an animal. No two of a story share a name.
package struct Person: Sendable, Hashable {
  package enum Pronoun: Sendable {
    case she
    case he

    var subject: String { self == .she ? "she" : "he" }
    var object: String { self == .she ? "her" : "him" }
    var possessive: String { self == .she ? "her" : "his" }
  }

  /// How the first sentence that mentions a person presents them.
  package enum Introduction: Sendable {
    /// By the name alone: "Grandma".
    case known
    /// "a shy rabbit named Pip".
    case described
    /// "her friend Tom", seen from another person.
    indirect case related(to: Person, as: String)
  }

  package let name: String
  /// What they are: "girl", "baker", "rabbit".
  package let kind: String
  /// The adjective of the introduction: "brave".
  package var trait = ""
  package let pronoun: Pronoun
  package var isAnimal = false
  /// Whether they talk; a child's pet does not.
  package var speaks = true
  package var introduction = Introduction.described

  /// "a shy girl"
  var description: String { (trait.isEmpty ? kind : "\(trait) \(kind)").withArticle }

  package static func == (one: Person, other: Person) -> Bool { one.name == other.name }
  package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// Something that can be owned, given, lost, hidden, eaten or broken, or a kind of goods that are counted. No two of a
/// story share a noun.
package struct Thing: Sendable, Hashable {
  /// The noun without its adjective: "ball".
  package let noun: String
  /// What the story calls it besides its noun: "red", "wooden"; empty for goods that are counted.
  package let adjective: String
  /// The plural of goods that are counted, "apples"; nil for a single thing.
  package var plural: String?

  /// "red ball"
  package var full: String { adjective.isEmpty ? noun : "\(adjective) \(noun)" }
  package var isColoured: Bool { Lexicon.colours.contains(adjective) }
}

/// Somewhere people go.
package struct Place: Sendable, Hashable {
  /// "park"; of a home, "house".
  package let noun: String
  /// "at", "in", "by" or "on".
  package let preposition: String
  /// Who lives there, for a home.
  package let owner: Person?
  /// Corners in which things lie and people hide: "under the bench".
  package let corners: [String]
  /// What one does there: "fed the ducks".
  let activities: [String]

  package static func == (one: Place, other: Place) -> Bool { one.noun == other.noun && one.owner == other.owner }
  package func hash(into hasher: inout Hasher) { hasher.combine(noun) }

  func corner(_ index: Int) -> Spot { Spot(place: self, phrase: corners[index]) }
}

/// A corner of a place: "under the bench" in the park.
package struct Spot: Sendable, Hashable {
  package let place: Place
  package let phrase: String
}

package enum Feeling: String, Sendable, CaseIterable {
  case happy, sad, angry, scared, proud, worried, tired, hungry, surprised, lonely, excited, sorry, thankful
}

package enum Weather: String, Sendable, CaseIterable {
  case sunny, windy, rainy, cold, stormy, snowy, foggy
}

extension String {
  /// The words after "a" or "an", which follows the first sound, not the first letter: "an honest boy", "a unicorn".
  package var withArticle: String {
    let text = lowercased()
    let isVowelLetter = text.first.map("aeiou".contains) ?? false
    let soundsOtherwise = Self.silentStarts + Self.consonantStarts
    return (isVowelLetter != soundsOtherwise.contains { text.hasPrefix($0) } ? "an " : "a ") + self
  }

  /// How words begin whose h is silent.
  private static let silentStarts = ["honest", "honor", "hour", "heir"]
  /// How words begin that are written with a vowel and spoken with a consonant.
  private static let consonantStarts = [
    "use", "usu", "unic", "unif", "union", "uniq", "unit", "univ", "ukulele", "eu", "ewe", "one", "once",
  ]
}
