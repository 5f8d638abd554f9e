/// Reads a text sentence by sentence, keeps what it says, and compares.
struct FactReader {
  private struct Word {
    let text: String
    let isQuoted: Bool
    var lower: String { text.lowercased() }
  }

  /// Somebody or something that a sentence's narration speaks of, and where.
  private enum Mention {
    case person(String, isSubject: Bool)
    case thing(String, isNew: Bool)
    case verb(String)
  }

  private(set) var facts: [StoryFacts.Fact] = []

  private let words = FactWords.all
  private var people: Set<String> = []
  private var kinds: [String: String] = [:]
  private var looks: [String: String] = [:]
  private var holder: [String: String] = [:]
  private var owner: [String: String] = [:]
  private var visited: Set<String> = []
  private var place: String?
  private var isInQuotes = false
  private var isTrading = false

  private var sentence: [Word] = []
  private var mentions: [Mention] = []
  /// The people of the three sentences before this one, and of this.
  private var recent: [[String]] = [[], [], [], []]
  private var lastThing: String?

  // MARK: Sentences

  /// Reads a paragraph. A sentence ends before a capital letter that follows a full stop.
  mutating func read(_ paragraph: String) {
    isInQuotes = false
    var text = ""
    var isEnd = false
    for character in paragraph {
      if isEnd, character == " " { continue }
      if isEnd, character.isUppercase || character == "\"" && !isInQuotes { finish() }
      isEnd = false
      if character.isLetter || character == "'" {
        text.append(character)
        continue
      }
      add(&text)
      if character == "\"" { isInQuotes.toggle() }
      isEnd = ".!?".contains(character) || character == "\"" && !isInQuotes && isEnd
      if character == "\"", !isInQuotes { isEnd = true }
    }
    add(&text)
    finish()
  }

  private mutating func add(_ text: inout String) {
    if !text.isEmpty { sentence.append(Word(text: text, isQuoted: isInQuotes)) }
    text = ""
  }

  private mutating func finish() {
    guard !sentence.isEmpty else { return }
    var index = 0
    while index < sentence.count { index += readWord(at: index) }
    followThings()
    recent = recent.dropFirst() + [[]]
    sentence = []
    mentions = []
  }

  private mutating func record(_ kind: StoryFacts.Kind, _ isKept: Bool) {
    let text = sentence.map(\.text).joined(separator: " ")
    facts.append(StoryFacts.Fact(kind: kind, isKept: isKept, sentence: text))
  }

  private func word(_ index: Int) -> String { sentence.indices.contains(index) ? sentence[index].lower : "" }

  private func matches(_ phrase: [String], at index: Int) -> Bool {
    phrase.indices.allSatisfy { word(index + $0) == phrase[$0] }
  }

  // MARK: Words

  /// Reads what stands at `index`. Returns of how many words it is.
  private mutating func readWord(at index: Int) -> Int {
    if let length = readCorner(at: index) ?? readPlace(at: index) ?? readThing(at: index) { return length }
    let text = sentence[index].text
    let isPossessive = text.hasSuffix("'s")
    let name = isPossessive ? String(text.dropLast(2)) : text
    if words.genders[name] != nil {
      readName(name, at: index, isPossessive: isPossessive)
    } else if !sentence[index].isQuoted {
      readNarration(at: index)
    } else if words.kinds.contains(text), ["a", "my"].contains(word(index - 1)), word(index + 1) != "named" {
      record(.kind, kinds.values.contains(text))
    }
    return 1
  }

  private mutating func readName(_ name: String, at index: Int, isPossessive: Bool) {
    let isRelative = words.relations.contains(word(index - 1)) && isOwn(index - 2)
    let isOpening = people.isEmpty && word(index + 1) == "was" && ["a", "an"].contains(word(index + 2))
    let isIntroduced = word(index - 1) == "named" || isRelative || isOpening
    if isIntroduced || words.known.contains(name), !people.contains(name) {
      people.insert(name)
      readKind(of: name, at: index, isRelative: isRelative)
    } else {
      record(.name, people.contains(name) && !isIntroduced)
    }
    recent[3].append(name)
    if !sentence[index].isQuoted { mentions.append(.person(name, isSubject: !isPossessive && isSubject(index))) }
  }

  private mutating func readKind(of name: String, at index: Int, isRelative: Bool) {
    if isRelative, word(index + 1) == "the" { kinds[name] = word(index + 2) }
    guard let gender = words.genders[name] else { return }
    let genders: [String: Person.Pronoun] = ["girl": .she, "sister": .she, "boy": .he, "brother": .he]
    let kind = word(isRelative ? index - 1 : index - 2)
    if let expected = genders[kind] { record(.kind, gender == expected) }
    if words.kinds.contains(kind) { kinds[name] = kind }
  }

  /// Whether a person at `index` does what the sentence tells, and is not the one to whom it is done.
  private func isSubject(_ index: Int) -> Bool {
    var before = index - 1
    if before >= 0, sentence[before].isQuoted { return true }
    while ["named", "a", "an", "his", "her"].contains(word(before))
      || words.relations.contains(word(before)) || word(before + 1) == "named" || word(before).hasSuffix("'s")
    { before -= 1 }
    let objects = ["to", "with", "for", "see", "met", "saw", "thanked", "hugged", "helped", "told", "gave", "of", "at"]
    return !objects.contains(word(before))
  }

  private mutating func readNarration(at index: Int) {
    let word = word(index)
    let gender: Person.Pronoun
    switch word {
    case "she", "her": gender = .she
    case "he", "him", "his": gender = .he
    case "it":
      if let lastThing { mentions.append(.thing(lastThing, isNew: false)) }
      return
    default:
      mentions.append(.verb(word))
      return
    }
    let person = recent.joined().last { words.genders[$0] == gender }
    record(.pronoun, person != nil)
    guard let person else { return }
    recent[3].append(person)
    mentions.append(.person(person, isSubject: ["she", "he"].contains(word)))
  }

  /// Whether the word says whose something is.
  private func isOwn(_ index: Int) -> Bool { ["his", "her"].contains(word(index)) || word(index).hasSuffix("'s") }

  private mutating func readThing(at index: Int) -> Int? {
    guard let phrase = words.nouns[word(index)]?.first(where: { matches($0, at: index) }),
      !words.numbers.contains(word(index - 1))
    else { return nil }
    let noun = phrase.joined(separator: " ")
    let look = words.looks.contains(word(index - 1)) ? word(index - 1) : nil
    let article = word(index - (look == nil ? 1 : 2))
    let isNew =
      looks[noun] == nil
      && (["a", "an"].contains(article) || ["his", "her"].contains(article) && !sentence[index].isQuoted)
    if isNew {
      looks[noun] = look ?? ""
    } else {
      record(.look, looks[noun] != nil && (look == nil || look == looks[noun]))
    }
    if !sentence[index].isQuoted || isLoss { mentions.append(.thing(noun, isNew: isNew)) }
    lastThing = noun
    return phrase.count
  }

  private var isLoss: Bool { sentence.contains { ["gone", "lost", "wind", "where", "forgot"].contains($0.lower) } }

  // MARK: Places

  private mutating func readCorner(at index: Int) -> Int? {
    guard let corner = words.corners[word(index)]?.first(where: { matches($0.words, at: index) }) else { return nil }
    if let place { record(.place, corner.places.contains(place)) }
    return corner.words.count
  }

  private mutating func readPlace(at index: Int) -> Int? {
    guard !sentence[index].isQuoted else { return nil }
    let isHome = word(index) == "home" || word(index) == "house" && word(index - 1).hasSuffix("'s")
    let goal = ["to", "at", "in", "by", "on"].contains(word(index)) && word(index + 1) == "the" ? word(index + 2) : ""
    guard isHome || words.places.contains(goal) else { return nil }
    if !isHome, word(index - 1) == "back" { record(.place, visited.contains(goal)) }
    place = isHome ? "house" : goal
    visited.insert(place ?? "")
    return isHome ? 1 : 3
  }

  // MARK: Things and their holders

  /// Follows who has what through a sentence's verbs.
  private mutating func followThings() {
    if isLoss { for case .thing(let noun, _) in mentions { holder[noun] = nil } }
    let isTrade = isTrading
    isTrading = sentence.contains { $0.lower == "traded" }
    for (index, mention) in mentions.enumerated() {
      guard case .verb(let verb) = mention else { continue }
      if verb == "had", !isPossession(at: index) { continue }
      let subject = mentions[..<index].reversed().lazy.compactMap(Self.subject).first
      let rest = mentions[(index + 1)...].prefix {
        if case .verb(let next) = $0 { !Self.verbs.contains(next) } else { true }
      }
      guard let subject, let thing = rest.lazy.compactMap(Self.thing).first else { continue }
      switch verb {
      case "gave":
        let receiver = rest.lazy.compactMap(Self.person).first
        if let current = holder[thing.noun] { record(.owner, current == subject) }
        if rest.contains(where: { if case .verb("back") = $0 { true } else { false } }), let receiver,
          let original = owner[thing.noun]
        {
          record(.owner, receiver == original)
        }
        holder[thing.noun] = receiver
      case "had" where !thing.isNew && !isTrade:
        if let current = holder[thing.noun] { record(.owner, current == subject) }
        holder[thing.noun] = subject
      case "had", "got", "took", "found", "made", "brought":
        if thing.isNew, ["had", "brought"].contains(verb) { owner[thing.noun] = subject }
        holder[thing.noun] = subject
      case "put", "left", "ate", "dropped": holder[thing.noun] = verb == "ate" ? "nobody" : nil
      default: break
      }
    }
  }

  /// Whether "had" has an object: not "had given".
  private func isPossession(at index: Int) -> Bool {
    guard index + 1 < mentions.count, case .verb(let next) = mentions[index + 1] else { return true }
    return ["a", "an", "the", "only", "got"].contains(next)
  }

  private static let verbs: Set<String> = [
    "gave", "had", "got", "took", "found", "made", "brought", "put", "left", "ate",
  ]

  private static func subject(_ mention: Mention) -> String? {
    if case .person(let name, isSubject: true) = mention { name } else { nil }
  }

  private static func person(_ mention: Mention) -> String? {
    if case .person(let name, _) = mention { name } else { nil }
  }

  private static func thing(_ mention: Mention) -> (noun: String, isNew: Bool)? {
    if case .thing(let noun, let isNew) = mention { (noun, isNew) } else { nil }
  }
}
