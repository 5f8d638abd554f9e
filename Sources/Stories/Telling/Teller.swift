import Numerics

/// Turns frames into text: names or pronouns, articles, capital letters, paragraphs.
///
/// A pronoun stands only for somebody mentioned in this frame or the one before it, when nobody else whom the pronoun
/// fits was mentioned there.
struct Teller: Sendable {
  private(set) var bytes: [UInt8] = []
  private(set) var wordCount = 0

  private var knownPeople: [Person.ID] = []
  private var knownThings: [Thing.ID] = []
  private var knownSpots: [Spot] = []
  private var mentionedPeople: [Person.ID] = []
  private var earlierPeople: [Person.ID] = []
  private var mentionedThings: [Thing.ID] = []
  private var earlierThings: [Thing.ID] = []
  private var earlierSubject: [Person.ID] = []
  private var subject: [Person.ID] = []
  private var pronounsInARow = 0
  private var raisesNext = true
  private var endsSentence = false
  private var startsParagraph = true

  /// Tells `frame` as a sentence of its own; `ending` continues it. Returns where the ending starts.
  @discardableResult
  mutating func tell(
    _ frame: Frame, _ roles: Roles, ending: (Frame, Roles)? = nil, world: World, random: inout SplitMix64
  ) -> Int {
    if startsParagraph {
      if !bytes.isEmpty { append("\n\n") }
    } else {
      append(" ")
    }
    startsParagraph = false
    raisesNext = true
    endsSentence = false
    render(frame.pieces, roles, world, &random)
    let start = bytes.count
    if let ending { render(ending.0.pieces, ending.1, world, &random) }
    wordCount += 1
    earlierPeople = mentionedPeople
    earlierThings = mentionedThings
    earlierSubject = subject
    mentionedPeople = []
    mentionedThings = []
    subject = []
    return start
  }

  /// The next sentence starts a paragraph, in which everybody is named anew.
  mutating func startParagraph() {
    startsParagraph = true
    earlierPeople = []
    earlierThings = []
    earlierSubject = []
  }

  /// Whether the text has presented a thing.
  func knows(_ thing: Thing.ID) -> Bool { knownThings.contains(thing) }

  /// Whether the text has presented a person.
  func knows(_ person: Person.ID) -> Bool { knownPeople.contains(person) }

  private mutating func render(_ pieces: [Frame.Piece], _ roles: Roles, _ world: World, _ random: inout SplitMix64) {
    for piece in pieces {
      switch piece {
      case .text(let text): for byte in text { append(byte) }
      case .choice(let alternatives): render(random.pick(alternatives), roles, world, &random)
      case .slot(let role, let form): fill(role, form, roles, world, &random)
      }
    }
  }

  private mutating func fill(
    _ role: Frame.Role, _ form: Frame.Form, _ roles: Roles, _ world: World, _ random: inout SplitMix64
  ) {
    switch role {
    case .a, .b, .c:
      tell(person: roles.person(role), form, world, &random)
    case .ab, .abc:
      tell(group: roles.group(role), form, world, &random)
    case .x, .y, .z:
      tell(thing: roles.thing(role), form, world, &random)
    case .p, .q:
      tell(place: roles.place(role), form, seenBy: subject.isEmpty ? roles.a.map { [$0] } ?? [] : subject, world)
    case .s, .t:
      tell(spot: roles.spot(role))
    case .n, .m:
      tell(number: roles.number(role), form, roles, world)
    case .f:
      append(Roles.bound(roles.f, role).rawValue)
    case .w:
      append(Roles.bound(roles.w, role))
    case .v:
      append(Roles.bound(roles.v, role))
    }
  }

  // MARK: People

  private mutating func tell(person id: Person.ID, _ form: Frame.Form, _ world: World, _ random: inout SplitMix64) {
    let person = world.people[id.index]
    if subject.isEmpty { subject = [id] }
    switch form {
    case .plain:
      if isClear(id, world), mayRepeatPronoun(id), random.chance(earlierSubject == [id] ? 75 : 45) {
        pronounsInARow += 1
        append(person.pronoun.subject)
      } else {
        pronounsInARow = 0
        name(id, world)
      }
    case .he:
      if isClear(id, world) { append(person.pronoun.subject) } else { name(id, world) }
    case .him:
      if isClear(id, world), mentionedPeople.contains(id) || random.chance(60) {
        append(person.pronoun.object)
      } else {
        name(id, world)
      }
    case .own:
      append(person.pronoun.possessive)
    case .himself:
      append(person.pronoun.reflexive)
    case .his:
      if isClear(id, world) {
        append(person.pronoun.possessive)
      } else {
        name(id, world)
        append("'s")
      }
    case .name:
      append(person.name)
    case .kind:
      append(person.kind)
    case .indefinite:
      know(id)
      append(person.description)
    case .speech(let verb):
      tell(speech: verb, of: id, world, &random)
    default:
      preconditionFailure("\(form) is no form of a person")
    }
    mention(id)
  }

  private mutating func tell(speech verb: String, of id: Person.ID, _ world: World, _ random: inout SplitMix64) {
    if raisesNext {
      name(id, world)
      append(" ")
      append(verb)
    } else if isClear(id, world), random.chance(50) {
      append(world.people[id.index].pronoun.subject)
      append(" ")
      append(verb)
    } else if !knownPeople.contains(id) || random.chance(75) {
      append(verb)
      append(" ")
      name(id, world)
    } else {
      name(id, world)
      append(" ")
      append(verb)
    }
  }

  /// The name; with the introduction where it is the first.
  private mutating func name(_ id: Person.ID, _ world: World) {
    let person = world.people[id.index]
    guard !knownPeople.contains(id) else { return append(person.name) }
    know(id)
    switch person.introduction {
    case .known:
      append(person.name)
    case .described:
      append(person.description)
      append(" named ")
      append(person.name)
    case .related(let other, let relation):
      if isClear(other, world) || subject.first == other {
        append(world.people[other.index].pronoun.possessive)
      } else {
        append(world.people[other.index].name)
        append("'s")
      }
      mention(other)
      append(" \(relation) \(person.name)")
      if person.isAnimal, relation == "friend" { append(" the \(person.kind)") }
    }
  }

  private mutating func tell(group: [Person.ID], _ form: Frame.Form, _ world: World, _ random: inout SplitMix64) {
    let recent = mentionedPeople.isEmpty ? earlierPeople : mentionedPeople
    let isClear = recent.count == group.count && group.allSatisfy(recent.contains)
    switch form {
    case .plain where isClear && pronounsInARow < 3 && (!mentionedPeople.isEmpty || random.chance(60)):
      pronounsInARow += 1
      append("they")
    case .them where isClear: append("them")
    case .their where isClear: append("their")
    case .their:
      names(group, world)
      append("'s")
    default:
      pronounsInARow = 0
      names(group, world)
    }
    if mentionedPeople.isEmpty { subject = group }
    for id in group { mention(id) }
  }

  private mutating func names(_ group: [Person.ID], _ world: World) {
    for (index, id) in group.enumerated() {
      if index > 0 { append(index == group.count - 1 ? " and " : ", ") }
      name(id, world)
      mention(id)
    }
  }

  private mutating func know(_ id: Person.ID) {
    if !knownPeople.contains(id) { knownPeople.append(id) }
  }

  private mutating func mention(_ id: Person.ID) {
    if mentionedPeople.isEmpty, subject.isEmpty { subject = [id] }
    if !mentionedPeople.contains(id) { mentionedPeople.append(id) }
  }

  /// Whether a pronoun can only mean this person.
  private func isClear(_ id: Person.ID, _ world: World) -> Bool {
    let pronoun = world.people[id.index].pronoun
    func hasRival(in people: [Person.ID]) -> Bool {
      people.contains { $0 != id && world.people[$0.index].pronoun == pronoun }
    }
    if mentionedPeople.contains(id) { return !hasRival(in: mentionedPeople) }
    return earlierPeople.contains(id) && !hasRival(in: earlierPeople) && !hasRival(in: mentionedPeople)
  }

  private func mayRepeatPronoun(_ id: Person.ID) -> Bool {
    mentionedPeople.contains(id) || pronounsInARow < 3
  }

  // MARK: Things, places and numbers

  private mutating func tell(thing id: Thing.ID, _ form: Frame.Form, _ world: World, _ random: inout SplitMix64) {
    let thing = world.things[id.index]
    let isNew = !knownThings.contains(id)
    let isPronounClear = isClear(id, world)
    switch form {
    case .plain where isNew, .indefinite:
      append(thing.indefinite)
    case .plain where isPronounClear && !raisesNext && random.chance(45), .it where isPronounClear:
      append(thing.isPlural ? "them" : "it")
    case .they where isPronounClear:
      append(thing.isPlural ? "they" : "it")
    case .plain, .the, .it, .they:
      append("the ")
      append(noun(of: id, isNew: isNew, world, &random))
    case .bare:
      append(noun(of: id, isNew: isNew, world, &random))
    case .short:
      append(thing.noun)
    case .all:
      append(thing.countedNoun ?? thing.noun)
    case .was: return append(thing.isPlural ? "were" : "was")
    case .is: return append(thing.isPlural ? "are" : "is")
    case .this: return append(thing.isPlural ? "these" : "this")
    default:
      preconditionFailure("\(form) is no form of a thing")
    }
    if isNew { knownThings.append(id) }
    if !mentionedThings.contains(id) { mentionedThings.append(id) }
  }

  private func noun(of id: Thing.ID, isNew: Bool, _ world: World, _ random: inout SplitMix64) -> String {
    let thing = world.things[id.index]
    let sharesNoun = world.things.filter { $0.noun == thing.noun }.count > 1
    return isNew || sharesNoun || random.chance(30) ? thing.full : thing.noun
  }

  private func isClear(_ id: Thing.ID, _ world: World) -> Bool {
    let isPlural = world.things[id.index].isPlural
    func hasRival(in things: [Thing.ID]) -> Bool {
      things.contains { $0 != id && (world.things[$0.index].isPlural == isPlural) }
    }
    if mentionedThings.contains(id) { return !hasRival(in: mentionedThings) }
    return earlierThings.contains(id) && !hasRival(in: earlierThings) && !hasRival(in: mentionedThings)
  }

  /// A home is "home" to its owner and "Mia's house" to everybody else.
  private mutating func tell(place id: Place.ID, _ form: Frame.Form, seenBy people: [Person.ID], _ world: World) {
    let place = world.places[id.index]
    guard let owner = place.owner else {
      switch form {
      case .at: append("\(place.preposition) the \(place.noun)")
      case .to: append("to the \(place.noun)")
      case .from: append("from the \(place.noun)")
      default: append("the \(place.noun)")
      }
      return
    }
    let isHome = people == [owner]
    let house = "\(world.people[owner.index].name)'s \(place.noun)"
    switch form {
    case .at: append(isHome ? "at home" : "at \(house)")
    case .to: append(isHome ? "home" : "to \(house)")
    case .from: append(isHome ? "from home" : "from \(house)")
    default: append(isHome ? "the house" : house)
    }
    if !isHome { mention(owner) }
  }

  /// A corner is "behind a bush" at first and "behind the bush" from then on.
  private mutating func tell(spot: Spot) {
    if knownSpots.contains(spot) {
      append(spot.knownPhrase)
    } else {
      knownSpots.append(spot)
      append(spot.phrase)
    }
  }

  private mutating func tell(number: Int, _ form: Frame.Form, _ roles: Roles, _ world: World) {
    append(Lexicon.numberWord(number))
    guard case .counted(let role) = form else { return }
    let id = roles.thing(role)
    let thing = world.things[id.index]
    append(" ")
    append(number == 1 ? thing.noun : thing.countedNoun ?? thing.noun)
    if !knownThings.contains(id) { knownThings.append(id) }
    if !mentionedThings.contains(id) { mentionedThings.append(id) }
  }

  // MARK: Bytes

  private mutating func append(_ text: String) {
    for byte in text.utf8 { append(byte) }
  }

  /// Raises the first letter of a sentence, and of what is said: an opening quotation mark starts a sentence too.
  private mutating func append(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"):
      endsSentence = true
    case UInt8(ascii: " "), UInt8(ascii: "\n"):
      if endsSentence { raisesNext = true }
      endsSentence = false
      if let last = bytes.last, last != byte { wordCount += 1 }
    case UInt8(ascii: "\""):
      let isOpening = bytes.last.map { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") } ?? true
      if isOpening { raisesNext = true } else if bytes.last != UInt8(ascii: ".") { endsSentence = false }
    default:
      if raisesNext, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) {
        bytes.append(byte - 32)
        raisesNext = false
        return
      }
      raisesNext = false
      endsSentence = false
    }
    bytes.append(byte)
  }
}
