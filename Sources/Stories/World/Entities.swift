/// Somebody in a story: a child, a grown-up or an animal.
public struct Person: Sendable, Equatable {
  /// A person's position in ``Story/people``.
  public struct ID: Sendable, Hashable {
    public let index: Int

    public init(index: Int) {
      self.index = index
    }
  }

  public enum Pronoun: Sendable, Equatable {
    case she
    case he
  }

  /// How the first sentence that mentions a person presents them.
  public enum Introduction: Sendable, Equatable {
    /// By the name alone: "Grandma".
    case known
    /// "a shy rabbit named Pip".
    case described
    /// "her friend Tom", seen from another person.
    case related(to: ID, as: String)
  }

  public let name: String
  /// What they are: "girl", "baker", "rabbit".
  public let kind: String
  /// The adjective of the introduction: "brave".
  public let trait: String
  public let pronoun: Pronoun
  public let isAnimal: Bool
  /// Whether they talk; a child's pet does not.
  public let speaks: Bool
  public let introduction: Introduction
}

/// Something that can be owned, given, lost, hidden, eaten or broken; or a kind of goods that are counted.
public struct Thing: Sendable, Equatable {
  /// A thing's position in ``Story/things``.
  public struct ID: Sendable, Hashable {
    public let index: Int

    public init(index: Int) {
      self.index = index
    }
  }

  /// The noun without its adjective: "ball", "boots".
  public let noun: String
  /// The plural of a noun that is counted: "apples" of "apple"; nil for a single thing.
  public let countedNoun: String?
  /// What the story calls it besides its noun: "red", "wooden"; empty for goods that are counted.
  public let adjective: String
  /// Whether the adjective is a colour.
  public let isColoured: Bool
  /// Whether the noun is plural, as in "boots".
  public let isPlural: Bool
}

/// Somewhere people go.
public struct Place: Sendable, Equatable {
  /// A place's position in ``Story/places``.
  public struct ID: Sendable, Hashable {
    public let index: Int

    public init(index: Int) {
      self.index = index
    }
  }

  /// "park"; of a home, "house".
  public let noun: String
  /// "at", "in", "by" or "on".
  public let preposition: String
  /// Who lives there, for a home.
  public let owner: Person.ID?
  /// Corners in which things lie: "under the bench".
  public let spots: [String]
  /// Corners in which people hide: "behind a big tree".
  public let hideouts: [String]
  /// What one does there: "fed the ducks".
  public let activities: [String]
}

/// A corner of a place: "under the bench" in the park.
public struct Spot: Sendable, Hashable {
  public let place: Place.ID
  public let phrase: String

  /// The phrase for a corner that has been spoken of: "under the bench" of "under a bench".
  public var knownPhrase: String {
    let words = phrase.split(separator: " ")
    guard words.count > 2 else { return phrase }
    let isIndefinite = ["a", "an", "some"].contains(words[1])
    let isCounted = words[1] == "two"
    guard isIndefinite || isCounted else { return phrase }
    return "\(words[0]) the " + words[(isIndefinite ? 2 : 1)...].joined(separator: " ")
  }
}

public enum Feeling: String, Sendable, CaseIterable {
  case happy, sad, angry, scared, proud, worried, tired, hungry, surprised, lonely, excited, sorry, bored, thankful
}

public enum Weather: String, Sendable, CaseIterable {
  case sunny, windy, rainy, cold, stormy, snowy, foggy
}
