import Numerics

/// Finds the questions a story answers: it goes through the events that the text tells, and asks what only one of them
/// answers.
struct Interview {
  private let story: Story
  private let world: World
  /// What happened; a trade is two events, one for each thing.
  private let events: [Event]
  private var random: SplitMix64
  private var found: [Question] = []

  init(of story: Story) {
    self.story = story
    world = story.world
    events = world.events.flatMap { event in
      guard event.verb == .trade else { return [event] }
      var (one, other) = (event, event)
      one.y = nil
      (other.a, other.b, other.x, other.y) = (event.b, event.a, event.y, nil)
      return [one, other]
    }
    random = SplitMix64(seed: story.fingerprint, stream: 0)
  }

  mutating func questions() -> [Question] {
    for event in events where event.isTold {
      for pattern in QuestionPattern.all where pattern.verbs.contains(event.verb) { ask(pattern, about: event) }
      askWhether(event)
    }
    askAboutFeelings()
    askAboutLooks()
    askAboutTheEnd()
    return random.shuffled(found)
  }

  /// Adds a question, unless it has been asked.
  private mutating func ask(_ kind: Question.Kind, _ text: String, _ answer: String, not falseAnswers: [String]) {
    guard !found.contains(where: { $0.text == text }) else { return }
    var wrong: [String] = []
    for candidate in falseAnswers where candidate != answer && !wrong.contains(candidate) { wrong.append(candidate) }
    found.append(
      Question(kind: kind, text: text, answer: answer.asAnswer, falseAnswers: wrong.map(\.asAnswer)))
  }

  private mutating func ask(_ pattern: QuestionPattern, about event: Event) {
    guard let answer = event.player(of: pattern.answer), pattern.roles.allSatisfy({ event.player(of: $0) != nil })
    else { return }
    let isOnly = events.allSatisfy { other in
      !pattern.verbs.contains(other.verb) || other.player(of: pattern.answer) == answer
        || pattern.roles.contains { other.player(of: $0) != event.player(of: $0) }
    }
    guard isOnly else { return }
    let text = words(pattern.text, event)
    let words = pattern.answer == .x ? event.x.map { "the \($0.full)" } ?? answer : answer
    ask(pattern.kind, text, words, not: falseAnswers(pattern.answer, event, asked: text))
  }

  /// Asks about a fact, or about one like it that is false; both are equally likely where the false one exists.
  private mutating func askWhether(_ event: Event) {
    guard let a = event.a else { return }
    let (fact, lie): (String, String?)
    switch event.verb {
    case .give, .lend, .trade:
      let isMutual = events.contains { $0.x == event.x && $0.a == event.b && $0.b == event.a }
      fact = words("Did {a} give {x} to {b}?", event)
      lie = isMutual ? nil : words("Did {b} give {x} to {a}?", event)
    case .find:
      fact = words("Did {a} find {x}?", event)
      lie = world.people.first { $0 != a }.map { words("Did \($0.name) find {x}?", event) }
    case .win: (fact, lie) = (words("Did {a} win?", event), words("Did {b} win?", event))
    default: return
    }
    if let lie, random.chance(50) {
      ask(.yesOrNo, lie, "no", not: ["yes"])
    } else if lie != nil || random.chance(50) {
      ask(.yesOrNo, fact, "yes", not: ["no"])
    }
  }

  // MARK: Words

  /// The text with the event's words in it: names, "the red ball" or "the ball", "apples".
  private mutating func words(_ text: String, _ event: Event) -> String {
    QuestionPattern.Role.allCases.reduce(text) { text, role in
      let slot = "{\(role.rawValue)}"
      guard text.contains(slot), let player = event.player(of: role) else { return text }
      let thing = role == .x ? event.x : role == .y ? event.y : nil
      let words = thing.map { $0.plural ?? (random.chance(60) ? "the \($0.noun)" : "the \($0.full)") }
      return text.replacing(slot, with: words ?? player)
    }
  }

  private mutating func falseAnswers(_ role: QuestionPattern.Role, _ event: Event, asked: String) -> [String] {
    switch role {
    case .a, .b:
      let names = world.people.map(\.name)
      return names.filter { !asked.contains($0) } + [random.pick(Setting.childNames.filter { !names.contains($0) })]
    case .x, .y:
      let stranger = random.pick(Lexicon.things.filter { word in !world.things.contains { $0.noun == word.noun } })
      return world.things.filter { $0.plural == nil && !asked.contains($0.noun) && $0 != event.x }.map {
        "the \($0.full)"
      }
        + ["the \(random.pick(stranger.looks)) \(stranger.noun)"]
    case .place:
      return world.places.filter { $0.owner == nil }.map { "\($0.preposition) the \($0.noun)" } + ["at home"]
    case .goal:
      let containers = world.things.filter { event.y != nil && $0 != event.x }.map { "in the \($0.full)" }
      return containers + random.shuffled(event.spot?.place.corners ?? Setting.homeCorners)
    case .count: return counts(near: event.count)
    }
  }

  private func counts(near count: Int) -> [String] {
    [count + 1, count - 1, count + 2].filter { $0 > 0 }.map(Lexicon.number)
  }

  // MARK: The whole story

  /// What somebody felt in the end, and why they felt something where the text says so.
  private mutating func askAboutFeelings() {
    for person in world.people {
      let felt = events.filter { $0.verb == .feel && $0.isTold && $0.a == person }
      guard let last = felt.last?.feeling else { continue }
      let isSteady = felt.allSatisfy { $0.feeling == last }
      let others = felt.compactMap(\.feeling) + [.happy, .sad, .angry, .scared]
      ask(
        .feeling, "How did \(person.name) feel\(isSteady ? "" : " at the end")?", last.rawValue,
        not: others.map(\.rawValue))
      for event in felt where felt.filter({ $0.feeling == event.feeling }).count == 1 {
        guard let reason = event.reason, let feeling = event.feeling else { continue }
        let others = felt.compactMap(\.reason) + ["it was late", "it was raining"]
        ask(.why, "Why was \(person.name) \(feeling)?", "because \(reason)", not: others.map { "because \($0)" })
      }
    }
  }

  private mutating func askAboutLooks() {
    for thing in world.things where thing.isColoured {
      ask(.color, "What color was the \(thing.noun)?", thing.adjective, not: random.shuffled(Lexicon.colours))
    }
    for person in world.people where person.isAnimal && story.text.contains(" \(person.kind)") {
      ask(
        .what, "What kind of animal was \(person.name)?", person.kind.withArticle,
        not: random.shuffled(Lexicon.animalKinds).map(\.withArticle))
    }
    let weathers = events.compactMap(\.weather)
    if weathers.count == 1, story.text.contains("\(weathers[0].rawValue) ") {
      ask(.what, "What was the weather like?", weathers[0].rawValue, not: Weather.allCases.map(\.rawValue))
    }
  }

  private mutating func askAboutTheEnd() {
    for thing in world.things {
      if let plural = thing.plural {
        for person in world.people where world.count(thing, of: person) > 0 {
          let count = world.count(thing, of: person)
          ask(
            .howMany, "How many \(plural) did \(person.name) have at the end?", Lexicon.number(count),
            not: counts(near: count))
        }
      } else if let holder = world.holder(of: thing), events.contains(where: { $0.x == thing && $0.b != nil }) {
        let text = "Who had the \(thing.noun) at the end?"
        ask(.who, text, holder.name, not: falseAnswers(.a, events[0], asked: holder.name))
      }
    }
  }
}

extension String {
  /// The words as a sentence: "Under the bench."
  fileprivate var asAnswer: String { prefix(1).uppercased() + dropFirst() + "." }
}
