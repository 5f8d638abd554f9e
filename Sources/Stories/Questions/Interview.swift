import Numerics

/// Finds the questions a story answers: it goes through the events that the text tells, and asks what only one of them
/// answers.
struct Interview {
  /// A thing that went from one person to another.
  struct Transfer: Equatable {
    let giver: Person.ID
    let thing: Thing.ID
    let receiver: Person.ID
  }

  let story: Story
  let transfers: [Transfer]
  var random: SplitMix64
  private var found: [Question] = []

  init(of story: Story) {
    self.story = story
    transfers = story.events.flatMap(Self.transfers)
    random = SplitMix64(seed: story.bytes.fingerprint, stream: 0)
  }

  mutating func questions() -> [Question] {
    for (event, isTold) in zip(story.events, story.isTold) where isTold {
      askAboutExchange(event)
      askAboutHandling(event)
      askAboutPeople(event)
      askAboutCount(event)
    }
    askAboutFeelings()
    askAboutLooks()
    askAboutTheEnd()
    random.shuffle(&found)
    return found
  }

  // MARK: Asking

  /// Adds a question, unless it has been asked.
  mutating func ask(_ kind: Question.Kind, _ text: String, _ answer: String, not falseAnswers: [String]) {
    guard !found.contains(where: { $0.text == text }) else { return }
    var wrong: [String] = []
    for candidate in falseAnswers where candidate != answer && !wrong.contains(candidate) { wrong.append(candidate) }
    found.append(Question(kind: kind, text: text, answer: answer, falseAnswers: wrong))
  }

  mutating func askWho(_ text: String, _ person: Person.ID) {
    let others = story.people.filter { $0.name != name(person) }
    let unasked = others.filter { !text.contains($0.name) }
    let strangers = Lexicon.girls.filter { stranger in !story.people.contains { $0.name == stranger } }
    let wrong = (unasked.isEmpty ? others : unasked).map(\.name) + [random.pick(strangers)]
    ask(.who, text, sentence(name(person)), not: wrong.map(sentence))
  }

  mutating func askWhere(_ text: String, _ spot: Spot) {
    let corners = story.places[spot.place.index].spots + story.places[spot.place.index].hideouts
    let others = corners.map { sentence(Spot(place: spot.place, phrase: $0).knownPhrase) }
    ask(.place, text, sentence(spot.knownPhrase), not: random.shuffled(others))
  }

  /// Asks about a fact, or about one like it that is false; both are equally likely where the false one exists.
  mutating func askWhether(_ fact: String, orFalsely lie: String?) {
    if let lie, random.chance(50) {
      ask(.yesOrNo, lie, "No.", not: ["Yes."])
    } else if lie != nil || random.chance(50) {
      ask(.yesOrNo, fact, "Yes.", not: ["No."])
    }
  }

  // MARK: Words

  func name(_ person: Person.ID) -> String { story.people[person.index].name }

  /// "the red ball", or "the ball" where there is only one.
  mutating func the(_ thing: Thing.ID) -> String {
    let noun = story.things[thing.index].noun
    let isOnly = story.things.filter { $0.noun == noun }.count == 1
    return isOnly && random.chance(60) ? "the \(noun)" : full(thing)
  }

  func full(_ thing: Thing.ID) -> String { "the \(story.things[thing.index].full)" }

  /// The answer as a sentence: "Under the bench."
  func sentence(_ words: String) -> String { words.prefix(1).uppercased() + words.dropFirst() + "." }

  /// The other things of the story, and one that is not in it.
  mutating func otherThings(than thing: Thing.ID) -> [String] {
    let others = story.things.indices.map { Thing.ID(index: $0) }
      .filter { $0 != thing && story.things[$0.index].countedNoun == nil }.map { full($0) }
    let words = Lexicon.things.filter { word in !story.things.contains { $0.noun == word.noun } }
    let stranger = random.pick(words)
    return (others + ["the \(random.pick(stranger.looks)) \(stranger.noun)"]).map(sentence)
  }

  // MARK: Facts

  private static func transfers(in event: Event) -> [Transfer] {
    switch event {
    case .give(let giver, let thing, let receiver), .lend(let giver, let thing, let receiver),
      .giveBack(let giver, let thing, let receiver):
      [Transfer(giver: giver, thing: thing, receiver: receiver)]
    case .trade(let one, let hers, let other, let his):
      [Transfer(giver: one, thing: hers, receiver: other), Transfer(giver: other, thing: his, receiver: one)]
    default: []
    }
  }

  /// The only value that `select` gives for the story's events, told or not; nil when there are several.
  func only<Value: Equatable>(_ select: (Event) -> Value?) -> Value? {
    var value: Value?
    for event in story.events {
      guard let next = select(event) else { continue }
      if let value, value != next { return nil }
      value = next
    }
    return value
  }

  /// The only value among transfers that match; nil when there are several.
  func onlyTransfer<Value: Equatable>(_ path: KeyPath<Transfer, Value>, where matches: (Transfer) -> Bool) -> Value? {
    let values = transfers.filter(matches).map { $0[keyPath: path] }
    return values.dropFirst().allSatisfy { $0 == values[0] } ? values.first : nil
  }
}
