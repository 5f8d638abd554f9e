import Numerics

/// Turns sentences into text: names or pronouns, articles, capital letters, paragraphs.
///
/// A pronoun stands only for somebody mentioned in this sentence or the one told before it, when nobody else whom the
/// pronoun fits was mentioned there.
struct Teller: Sendable {
  private(set) var bytes: [UInt8] = []
  private(set) var wordCount = 0

  /// Who and what a sentence spoke of.
  private struct Mentions {
    var people: [Person] = []
    var things: [Thing] = []
    var subject: Person?
  }

  private var knownPeople: Set<Person> = []
  private var knownThings: Set<Thing> = []
  private var now = Mentions()
  private var before = Mentions()
  private var pronounsInARow = 0
  private var raisesNext = true
  private var endsSentence = false
  private var startsParagraph = true

  /// Tells a sentence; `ending` continues it. Returns the ending's text.
  @discardableResult
  mutating func tell(_ sentence: Sentence, ending: Sentence? = nil, random: inout SplitMix64) -> String {
    if !bytes.isEmpty { append(startsParagraph ? "\n\n" : " ") }
    startsParagraph = false
    raisesNext = true
    endsSentence = false
    for piece in sentence.chosen(&random) { append(piece, &random) }
    let start = bytes.count
    for piece in ending?.chosen(&random) ?? [] { append(piece, &random) }
    before = now
    now = Mentions()
    return String(decoding: bytes[start...], as: UTF8.self)
  }

  /// The next sentence starts a paragraph, in which everybody is named anew.
  mutating func startParagraph() {
    startsParagraph = true
    before = Mentions()
  }

  private mutating func append(_ piece: Sentence.Piece, _ random: inout SplitMix64) {
    switch piece {
    case .text(let text): append(text)
    case .person(let person, let form): append(person, form, &random)
    case .group(let people, let isObject): append(people, isObject: isObject, &random)
    case .thing(let thing, let form): append(thing, form, &random)
    case .place(let place, let isGoal): append(place, isGoal: isGoal)
    case .goods(let count, let goods):
      append("\(Lexicon.number(count)) \(count == 1 ? goods.noun : goods.plural ?? goods.noun)")
      mention(goods)
    case .open, .bar, .close: preconditionFailure("a choice that nothing has chosen from")
    }
  }

  // MARK: People

  private mutating func append(_ person: Person, _ form: Sentence.PersonForm, _ random: inout SplitMix64) {
    if now.subject == nil, now.people.isEmpty { now.subject = person }
    let isClear = isClear(person)
    switch form {
    case .subject:
      let repeats = now.people.contains(person) || pronounsInARow < 2
      if isClear, repeats, random.chance(before.subject == person ? 40 : 15) {
        pronounsInARow += 1
        append(person.pronoun.subject)
      } else {
        pronounsInARow = 0
        appendName(of: person)
      }
    case .he where isClear: append(person.pronoun.subject)
    case .him where isClear && (now.people.contains(person) || random.chance(50)): append(person.pronoun.object)
    case .his where isClear, .own: append(person.pronoun.possessive)
    case .his:
      appendName(of: person)
      append("'s")
    case .he, .him: appendName(of: person)
    case .name: append(person.name)
    case .introduction:
      knownPeople.insert(person)
      append(person.description)
    case .speech(let verb): append(speech: verb, of: person, &random)
    }
    mention(person)
  }

  private mutating func append(speech verb: String, of person: Person, _ random: inout SplitMix64) {
    precondition(person.speaks || verb == "thought", "\(person.name) does not speak")
    if !raisesNext, isClear(person), random.chance(40) {
      append("\(person.pronoun.subject) \(verb)")
    } else if raisesNext || knownPeople.contains(person) && random.chance(20) {
      appendName(of: person)
      append(" \(verb)")
    } else {
      append("\(verb) ")
      appendName(of: person)
    }
  }

  /// The name; with the introduction where it is the first.
  private mutating func appendName(of person: Person) {
    guard knownPeople.insert(person).inserted else { return append(person.name) }
    switch person.introduction {
    case .known: append(person.name)
    case .described: append("\(person.description) named \(person.name)")
    case .related(let other, let relation):
      append(isClear(other) || now.subject == other ? other.pronoun.possessive : "\(other.name)'s")
      mention(other)
      append(" \(relation) \(person.name)")
      if person.isAnimal { append(" the \(person.kind)") }
    }
  }

  private mutating func append(_ group: [Person], isObject: Bool, _ random: inout SplitMix64) {
    let recent = now.people.isEmpty ? before.people : now.people
    if recent.count == group.count, group.allSatisfy(recent.contains), isObject || pronounsInARow < 2 {
      pronounsInARow += 1
      append(isObject ? "them" : "they")
    } else {
      pronounsInARow = 0
      for (index, person) in group.enumerated() {
        if index > 0 { append(index == group.count - 1 ? " and " : ", ") }
        if index == 0, now.people.isEmpty { now.subject = person }
        appendName(of: person)
        mention(person)
      }
      now.subject = nil
    }
    for person in group { mention(person) }
  }

  private mutating func mention(_ person: Person) {
    if !now.people.contains(person) { now.people.append(person) }
  }

  /// Whether a pronoun can only mean this person.
  private func isClear(_ person: Person) -> Bool {
    func hasRival(_ people: [Person]) -> Bool { people.contains { $0 != person && $0.pronoun == person.pronoun } }
    if hasRival(now.people) { return false }
    return now.people.contains(person) || before.people.contains(person) && !hasRival(before.people)
  }

  // MARK: Things and places

  private mutating func append(_ thing: Thing, _ form: Sentence.ThingForm, _ random: inout SplitMix64) {
    let isNew = !knownThings.contains(thing)
    let isClear = isClear(thing)
    switch form {
    case .plain where isNew, .introduction: append(thing.full.withArticle)
    case .plain where isClear && !raisesNext && random.chance(35), .it where isClear: append("it")
    case .bare: append(thing.full)
    default: append("the " + (isNew || random.chance(80) ? thing.full : thing.noun))
    }
    mention(thing)
  }

  private mutating func mention(_ thing: Thing) {
    knownThings.insert(thing)
    if !now.things.contains(thing) { now.things.append(thing) }
  }

  private func isClear(_ thing: Thing) -> Bool {
    if now.things.contains(thing) { return now.things.count == 1 }
    return now.things.isEmpty && before.things == [thing]
  }

  /// A home is "home" to its owner and "Mia's house" to everybody else.
  private mutating func append(_ place: Place, isGoal: Bool) {
    guard let owner = place.owner else { return append("\(isGoal ? "to" : place.preposition) the \(place.noun)") }
    if now.subject == owner {
      append(isGoal ? "home" : "at home")
    } else {
      append("\(isGoal ? "to" : "at") \(owner.name)'s \(place.noun)")
      mention(owner)
    }
  }

  // MARK: Bytes

  private mutating func append(_ text: String) {
    for scalar in text.unicodeScalars { append(scalar) }
  }

  /// Raises the first letter of a sentence, and of what is said; quotation marks become plain ones.
  private mutating func append(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "“", "”":
      bytes.append(UInt8(ascii: "\""))
      if scalar == "“" { raisesNext = true } else if bytes.dropLast().last != UInt8(ascii: ".") { endsSentence = false }
      return
    case " ", "\n":
      raisesNext = raisesNext || endsSentence
      endsSentence = false
      wordCount += 1
    case ".", "!", "?": endsSentence = true
    default: endsSentence = false
    }
    let isSmall = ("a"..."z").contains(scalar)
    bytes.append(UInt8(scalar.value) - (isSmall && raisesNext ? 32 : 0))
    if isSmall || ("A"..."Z").contains(scalar) { raisesNext = false }
  }
}
