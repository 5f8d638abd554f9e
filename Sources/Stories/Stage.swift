import Numerics

/// A story being made: the world it happens in, and the text that tells it.
struct Stage: Sendable {
  private(set) var world = World()
  private(set) var teller = Teller()
  var random: SplitMix64
  let setting: Setting

  /// For each event of the log, whether a sentence of its own tells it, and the reason the text gives for it.
  private(set) var isTold: [Bool] = []
  private(set) var reasons: [String?] = []

  private var freePlaces: [Setting.PlaceWord]
  private var usedNames: [String] = []
  private var usedAdjectives: [String] = []
  private var usedFrames: [String] = []

  init(for plot: Plot, random: SplitMix64) {
    self.random = random
    setting = self.random.pick(Setting.all.filter { plot.suitsWoodland || !$0.isWoodland })
    freePlaces = setting.places
    self.random.shuffle(&freePlaces)
  }

  /// Whether the story is still shorter than `words`.
  func isShorter(than words: Int) -> Bool {
    teller.wordCount < words
  }

  // MARK: Telling

  /// Tells one of `frames`, one that this story has not used yet if there is any.
  mutating func say(_ frames: [Frame], _ roles: Roles) {
    let frame = choose(frames)
    teller.tell(frame, roles, world: world, random: &random)
    noteSpeech(in: frame, roles)
  }

  /// Makes an event happen and tells it; `roles` adds to, or replaces, the event's own. Returns the event's index.
  @discardableResult
  mutating func tell(_ event: Event, _ frames: [Frame], _ roles: Roles = Roles()) -> Int {
    let index = note(event)
    isTold[index] = true
    say(frames, event.roles.overridden(by: roles))
    return index
  }

  /// Makes an event happen that a sentence before or after tells.
  @discardableResult
  mutating func note(_ event: Event) -> Int {
    isTold.append(false)
    reasons.append(nil)
    return world.apply(event)
  }

  mutating func paragraph() {
    teller.startParagraph()
  }

  /// Tells a feeling, with its reason in the same sentence when the cause has one to give.
  mutating func feel(_ person: Person.ID, _ feeling: Feeling, because cause: Int?, saysWhy: Bool? = nil) {
    let event = Event.feel(person, feeling, because: cause)
    guard let cause, let clause = world.log[cause].reason(for: person), saysWhy ?? random.chance(50) else {
      tell(event, Phrases.feel)
      return
    }
    let index = note(event)
    isTold[index] = true
    let start = teller.tell(choose(Phrases.feelBecause), event.roles, ending: clause, world: world, random: &random)
    reasons[index] = String(decoding: teller.bytes[start...].dropLast(), as: UTF8.self)
  }

  private mutating func choose(_ frames: [Frame]) -> Frame {
    let fresh = frames.filter { !usedFrames.contains($0.source) }
    let frame = random.pick(fresh.isEmpty ? frames : fresh)
    usedFrames.append(frame.source)
    return frame
  }

  private mutating func noteSpeech(in frame: Frame, _ roles: Roles) {
    switch frame.speaker {
    case .a: note(.speak(roles.person(.a), to: roles.b))
    case .b: note(.speak(roles.person(.b), to: roles.a))
    case .c: note(.speak(roles.person(.c), to: roles.a))
    default: break
    }
  }

  // MARK: Casting

  mutating func child(
    _ introduction: Person.Introduction = .described, _ pronoun: Person.Pronoun? = nil
  ) -> Person.ID {
    let pronoun = pronoun ?? (random.chance(50) ? .she : .he)
    if setting.isWoodland {
      let kind = unused(Lexicon.woodlandKinds)
      let name = unused(pronoun == .she ? Lexicon.femaleAnimals : Lexicon.maleAnimals)
      return add(name, kind, unused(Lexicon.childTraits), pronoun, isAnimal: true, introduction)
    }
    let name = unused(pronoun == .she ? Lexicon.girls : Lexicon.boys)
    return add(name, pronoun == .she ? "girl" : "boy", unused(Lexicon.childTraits), pronoun, introduction)
  }

  /// Another child whom `person` knows already.
  mutating func friend(of person: Person.ID) -> Person.ID {
    let isHeroGirl = world.people[person.index].pronoun == .she
    let pronoun: Person.Pronoun = random.chance(65) == isHeroGirl ? .he : .she
    let relation = setting.isWoodland ? "friend" : random.pick(["friend", "friend", "cousin", "neighbor"])
    return child(.related(to: person, as: relation), pronoun)
  }

  /// A child of the same house.
  mutating func sibling(of person: Person.ID) -> Person.ID {
    let pronoun: Person.Pronoun = random.chance(50) ? .she : .he
    return child(.related(to: person, as: pronoun == .she ? "sister" : "brother"), pronoun)
  }

  /// Somebody old whom children trust, in a house of their own.
  mutating func elder() -> Person.ID {
    let pronoun = random.chance(50) ? Person.Pronoun.she : .he
    if setting.isWoodland {
      let name = unused(pronoun == .she ? Lexicon.femaleAnimals : Lexicon.maleAnimals)
      return add(name, unused(Lexicon.elderKinds), random.pick(Lexicon.elderTraits), pronoun, isAnimal: true)
    }
    return relative(
      pronoun == .she
        ? [("Grandma", "grandmother"), ("Aunt May", "aunt")] : [("Grandpa", "grandfather"), ("Uncle Joe", "uncle")],
      pronoun)
  }

  /// The mother or father of the hero, at home.
  mutating func parent() -> Person.ID {
    let pronoun = random.chance(50) ? Person.Pronoun.she : .he
    return relative(pronoun == .she ? [("Mom", "mother")] : [("Dad", "father")], pronoun)
  }

  private mutating func relative(_ choices: [(name: String, kind: String)], _ pronoun: Person.Pronoun) -> Person.ID {
    let name = unused(choices.map(\.name))
    let kind = choices.first { $0.name == name }?.kind ?? ""
    return add(name, kind, "", pronoun, .known)
  }

  /// A grown-up with a trade, or in the forest an old animal.
  mutating func worker() -> Person.ID {
    if setting.isWoodland { return elder() }
    let kind = unused(setting.workers)
    let pronoun = kind == "fisherman" || random.chance(50) ? Person.Pronoun.he : .she
    let name = unused(pronoun == .she ? Lexicon.women : Lexicon.men)
    return add(name, kind, random.pick(Lexicon.workerTraits), pronoun)
  }

  /// An animal that does not talk.
  mutating func pet() -> Person.ID {
    let pronoun = random.chance(50) ? Person.Pronoun.she : .he
    let name = unused(pronoun == .she ? Lexicon.femaleAnimals : Lexicon.maleAnimals)
    return add(
      name, unused(Lexicon.petKinds), unused(Lexicon.petTraits), pronoun, isAnimal: true, speaks: false)
  }

  private mutating func add(
    _ name: String, _ kind: String, _ trait: String, _ pronoun: Person.Pronoun, isAnimal: Bool = false,
    speaks: Bool = true, _ introduction: Person.Introduction = .described
  ) -> Person.ID {
    world.add(
      Person(
        name: name, kind: kind, trait: trait, pronoun: pronoun, isAnimal: isAnimal, speaks: speaks,
        introduction: introduction))
  }

  private mutating func unused(_ words: [String]) -> String {
    let word = random.pick(words.filter { !usedNames.contains($0) })
    usedNames.append(word)
    return word
  }

  // MARK: Things and places

  /// A thing of one of these uses (of all of them with `all`), whose noun and adjective are new to the story.
  mutating func thing(_ uses: ThingWord.Uses, all: Bool = false) -> Thing.ID {
    let words = Lexicon.things.filter { word in
      (all ? word.uses.isSuperset(of: uses) : !word.uses.isDisjoint(with: uses))
        && !world.things.contains { $0.noun == word.noun }
    }
    return thing(random.pick(words))
  }

  /// The thing a word names, with an adjective that is new to the story.
  private mutating func thing(_ word: ThingWord) -> Thing.ID {
    let looks = word.looks.filter { !usedAdjectives.contains($0) }
    let adjective = random.pick(looks.isEmpty ? word.looks : looks)
    usedAdjectives.append(adjective)
    return world.add(
      Thing(
        noun: word.noun, countedNoun: nil, adjective: adjective, isColoured: Lexicon.colours.contains(adjective),
        isPlural: word.isPlural))
  }

  /// A thing of the same noun as another, told apart by its adjective.
  mutating func twin(of thing: Thing.ID) -> Thing.ID {
    let noun = world.things[thing.index].noun
    guard let word = Lexicon.things.first(where: { $0.noun == noun }) else {
      preconditionFailure("no word for the thing \(noun)")
    }
    return self.thing(word)
  }

  /// A thing named outright.
  mutating func thing(_ noun: String, _ adjective: String = "") -> Thing.ID {
    usedAdjectives.append(adjective)
    return world.add(
      Thing(
        noun: noun, countedNoun: nil, adjective: adjective, isColoured: Lexicon.colours.contains(adjective),
        isPlural: false))
  }

  /// Goods of one of these sources.
  mutating func goods(from sources: [GoodsWord.Source]) -> Thing.ID {
    let word = random.pick(Lexicon.goods.filter { sources.contains($0.source) })
    return world.add(
      Thing(noun: word.noun, countedNoun: word.plural, adjective: "", isColoured: false, isPlural: true))
  }

  /// A place of the setting that the story has not been to.
  mutating func place() -> Place.ID {
    add(freePlaces.removeLast())
  }

  /// A new place of the given kinds.
  mutating func place(_ grounds: Setting.Ground...) -> Place.ID {
    guard let index = freePlaces.firstIndex(where: { grounds.contains($0.ground) }) else {
      preconditionFailure("the setting has no more places that are \(grounds)")
    }
    return add(freePlaces.remove(at: index))
  }

  /// A place of the setting where goods can be gathered, and those goods.
  mutating func gatheringPlace() -> (Place.ID, goods: Thing.ID) {
    guard let index = freePlaces.firstIndex(where: { !$0.sources.isEmpty }) else {
      preconditionFailure("the setting has no place to gather goods")
    }
    let word = freePlaces.remove(at: index)
    return (add(word), goods(from: word.sources))
  }

  private mutating func add(_ word: Setting.PlaceWord) -> Place.ID {
    var (spots, hideouts, activities) = (word.spots, word.hideouts, word.activities)
    random.shuffle(&hideouts)
    random.shuffle(&spots)
    random.shuffle(&activities)
    return world.add(
      Place(
        noun: word.noun, preposition: word.preposition, owner: nil, spots: spots, hideouts: hideouts,
        activities: activities))
  }

  /// The house somebody lives in.
  mutating func home(of person: Person.ID) -> Place.ID {
    if let index = world.places.firstIndex(where: { $0.owner == person }) { return Place.ID(index: index) }
    var (spots, corners) = (Setting.homeSpots, Setting.homeCorners)
    random.shuffle(&spots)
    random.shuffle(&corners)
    return world.add(
      Place(noun: "house", preposition: "at", owner: person, spots: spots, hideouts: corners, activities: []))
  }

  /// The `index`-th corner of a place.
  func spot(_ index: Int = 0, at place: Place.ID) -> Spot {
    Spot(place: place, phrase: world.places[place.index].spots[index])
  }
}
