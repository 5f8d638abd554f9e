import Numerics

/// A story being made: the world it happens in, and the text that tells it.
struct Stage: Sendable {
  private(set) var world = World()
  private(set) var teller = Teller()
  var random: SplitMix64
  let setting: Setting

  private var freePlaces: [Setting.PlaceWord]
  private var usedWords: Set<String> = []

  init(for plot: Plot, random: SplitMix64) {
    self.random = random
    setting = self.random.pick(Setting.all.filter { plot.suitsWoodland || !$0.isWoodland })
    freePlaces = self.random.shuffled(setting.places)
  }

  /// Whether the story is still shorter than `words`.
  func isShorter(than words: Int) -> Bool { teller.wordCount < words }

  mutating func chance(_ percent: Int) -> Bool { random.chance(percent) }
  mutating func pick<Element>(_ elements: Element...) -> Element { random.pick(elements) }

  // MARK: Telling

  /// Tells one of the sentences.
  mutating func say(_ sentences: Sentence...) { say(sentences) }
  mutating func say(_ sentences: [Sentence]) { teller.tell(random.pick(sentences), random: &random) }

  /// Makes an event happen, and tells it by one of the sentences.
  mutating func tell(_ event: Event, _ sentences: Sentence...) {
    note(event)
    world.noteTelling()
    say(sentences)
  }

  /// Makes events happen that a sentence before or after tells.
  mutating func note(_ events: Event...) {
    for event in events { world.apply(event) }
  }

  mutating func paragraph() { teller.startParagraph() }

  /// Tells a feeling, and half of the time its reason.
  mutating func feel(_ person: Person, _ feelings: Feeling..., because reason: Sentence? = nil) {
    let feeling = random.pick(feelings)
    note(.feel(person, feeling))
    guard let reason, chance(50) else {
      world.noteTelling()
      return say("\(person) (was|felt) (very |so |)\(feeling).", "This made \(person.him) (very |)\(feeling).")
    }
    let text = teller.tell("\(person) (was|felt) (very |)\(feeling) because ", ending: reason, random: &random)
    world.noteTelling(reason: String(text.dropLast()))
  }

  // MARK: Casting

  /// The hero, or another child that nobody has spoken of.
  mutating func child() -> Person {
    let free = setting.children.filter { !world.people.contains($0) }
    return add(world.people.isEmpty ? random.pick(Array(free.prefix(2))) : free[0], Lexicon.childTraits, .described)
  }

  /// Another child whom `person` knows already.
  mutating func friend(of person: Person) -> Person {
    let free = setting.children.filter { !world.people.contains($0) }
    return add(free[0], Lexicon.childTraits, .related(to: person, as: setting.relation))
  }

  /// Somebody old whom children trust, in a house of their own.
  mutating func elder() -> Person {
    if setting.isWoodland { return adult(["old", "wise old", "kind old"]) }
    return relative(pick("Grandma", "Grandpa"))
  }

  /// The mother or father of the hero.
  mutating func parent() -> Person { relative(pick("Mom", "Dad")) }

  private mutating func relative(_ name: String) -> Person {
    let kinds = ["Mom": "mother", "Dad": "father", "Grandma": "grandmother", "Grandpa": "grandfather"]
    let isWoman = name == "Mom" || name == "Grandma"
    return add(Person(name: name, kind: kinds[name] ?? "", pronoun: isWoman ? .she : .he), [""], .known)
  }

  /// A grown-up with a trade, or in the forest an old animal.
  mutating func worker() -> Person {
    adult(setting.isWoodland ? ["old", "wise old", "kind old"] : Lexicon.workerTraits)
  }

  private mutating func adult(_ traits: [String]) -> Person {
    add(random.pick(setting.adults.filter { !world.people.contains($0) }), traits, .described)
  }

  /// An animal that does not talk.
  mutating func pet() -> Person {
    guard let pet = setting.pet else { preconditionFailure("animals who talk have no pets") }
    return add(pet, Lexicon.petTraits, .described)
  }

  private mutating func add(_ person: Person, _ traits: [String], _ introduction: Person.Introduction) -> Person {
    var person = person
    person.trait = random.pick(traits)
    person.introduction = introduction
    world.add(person)
    return person
  }

  // MARK: Things and places

  /// A thing of one of the uses, whose noun and adjective the story has not used.
  mutating func thing(_ uses: ThingWord.Use...) -> Thing {
    let words = Lexicon.things.filter { !usedWords.contains($0.noun) && !$0.uses.isDisjoint(with: uses) }
    return thing(random.pick(words))
  }

  /// A thing of all of the uses.
  mutating func thing(all uses: ThingWord.Use...) -> Thing {
    let words = Lexicon.things.filter { !usedWords.contains($0.noun) && $0.uses.isSuperset(of: uses) }
    return thing(random.pick(words))
  }

  private mutating func thing(_ word: ThingWord) -> Thing {
    let looks = word.looks.filter { !usedWords.contains($0) }
    return thing(word.noun, random.pick(looks.isEmpty ? word.looks : looks))
  }

  /// A thing named outright.
  mutating func thing(_ noun: String, _ adjective: String = "") -> Thing {
    usedWords.formUnion([noun, adjective])
    let thing = Thing(noun: noun, adjective: adjective)
    world.add(thing)
    return thing
  }

  /// A new place of one of the uses; any, if none is given.
  mutating func place(_ uses: Setting.Use...) -> Place {
    guard let index = freePlaces.lastIndex(where: { uses.isEmpty || !$0.uses.isDisjoint(with: uses) }) else {
      preconditionFailure("the setting has no more places that are \(uses)")
    }
    let word = freePlaces.remove(at: index)
    let place = Place(
      noun: word.noun, preposition: word.preposition, owner: nil, corners: random.shuffled(word.corners),
      activities: random.shuffled(word.activities))
    world.add(place)
    return place
  }

  /// A new place where goods can be gathered, those goods, and their plural.
  mutating func gatheringPlace() -> (Place, goods: Thing, plural: String) {
    let place = place(.tree, .bush, .ground, .beach)
    let sources = setting.places.first { $0.noun == place.noun }?.sources ?? []
    let word = random.pick(Lexicon.goods.filter { sources.contains($0.source) })
    let goods = Thing(noun: word.noun, adjective: "", plural: word.plural)
    world.add(goods)
    return (place, goods, word.plural)
  }

  /// The house somebody lives in.
  mutating func home(of person: Person) -> Place {
    if let home = world.places.first(where: { $0.owner == person }) { return home }
    let home = Place(
      noun: "house", preposition: "at", owner: person, corners: random.shuffled(Setting.homeCorners), activities: [])
    world.add(home)
    return home
  }
}
