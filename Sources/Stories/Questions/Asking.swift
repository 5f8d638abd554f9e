extension Interview {
  mutating func askAboutExchange(_ event: Event) {
    switch event {
    case .give(let giver, let thing, let receiver), .lend(let giver, let thing, let receiver):
      if onlyTransfer(\.giver, where: { $0.thing == thing && $0.receiver == receiver }) != nil {
        askWho("Who gave \(the(thing)) to \(name(receiver))?", giver)
      }
      if onlyTransfer(\.receiver, where: { $0.thing == thing && $0.giver == giver }) != nil {
        askWho("Who did \(name(giver)) give \(the(thing)) to?", receiver)
      }
      if onlyTransfer(\.thing, where: { $0.giver == giver && $0.receiver == receiver }) != nil {
        ask(
          .what, "What did \(name(giver)) give to \(name(receiver))?", sentence(full(thing)),
          not: otherThings(than: thing))
      }
      let isMutual = transfers.contains { $0.thing == thing && $0.giver == receiver && $0.receiver == giver }
      let item = the(thing)
      askWhether(
        "Did \(name(giver)) give \(item) to \(name(receiver))?",
        orFalsely: isMutual ? nil : "Did \(name(receiver)) give \(item) to \(name(giver))?")
    case .giveBack(let giver, let thing, let receiver):
      if only({ if case .giveBack(let one, thing, _) = $0 { one } else { nil } }) != nil {
        askWho("Who gave \(the(thing)) back to \(name(receiver))?", giver)
      }
    case .trade(let one, let hers, let other, let his):
      if onlyTransfer(\.thing, where: { $0.giver == other && $0.receiver == one }) != nil {
        ask(
          .what, "What did \(name(one)) get from \(name(other))?", sentence(full(his)), not: otherThings(than: his))
      }
      if onlyTransfer(\.receiver, where: { $0.thing == hers && $0.giver == one }) != nil {
        askWho("Who got \(the(hers)) from \(name(one))?", other)
      }
    case .eat(let person, let thing):
      if only({ if case .eat(let eater, thing) = $0 { eater } else { nil } }) != nil {
        askWho("Who ate \(the(thing))?", person)
      }
    case .damage(let person, let thing):
      askWho("Who broke \(the(thing))?", person)
    case .repair(let person, let thing):
      askWho("Who fixed \(the(thing))?", person)
    default:
      break
    }
  }

  mutating func askAboutHandling(_ event: Event) {
    switch event {
    case .find(let person, let thing, let spot):
      guard only({ if case .find(let finder, thing, _) = $0 { finder } else { nil } }) != nil else { return }
      askWho("Who found \(the(thing))?", person)
      guard only({ if case .find(_, thing, let corner) = $0 { corner } else { nil } }) != nil else { return }
      askWhere("Where did \(name(person)) find \(the(thing))?", spot)
      let place = story.places[spot.place.index]
      if place.owner == nil {
        ask(
          .place, "In which place did \(name(person)) find \(the(thing))?",
          sentence("\(place.preposition) the \(place.noun)"), not: otherPlaces(than: spot.place))
      }
      let item = the(thing)
      let other = story.people.indices.map { Person.ID(index: $0) }.first { $0 != person }
      askWhether("Did \(name(person)) find \(item)?", orFalsely: other.map { "Did \(name($0)) find \(item)?" })
    case .put(let person, let thing, let container):
      guard only({ if case .put(person, thing, let box) = $0 { box } else { nil } }) != nil else { return }
      ask(
        .place, "Where did \(name(person)) put \(the(thing))?", sentence("in \(full(container))"),
        not: otherContainers(than: container, holding: thing))
    case .putDown(let person, let thing, let spot):
      guard only({ if case .putDown(person, thing, let corner) = $0 { corner } else { nil } }) != nil else { return }
      askWhere("Where did \(name(person)) put \(the(thing))?", spot)
    case .takeOut(let person, let thing, let container):
      guard only({ if case .takeOut(let one, thing, container) = $0 { one } else { nil } }) != nil else { return }
      askWho("Who took \(the(thing)) out of \(the(container))?", person)
    default:
      break
    }
  }

  mutating func askAboutPeople(_ event: Event) {
    switch event {
    case .hide(let person, let spot):
      guard only({ if case .hide(person, let corner) = $0 { corner } else { nil } }) != nil else { return }
      askWhere("Where did \(name(person)) hide?", spot)
    case .discover(let seeker, let person, _):
      guard only({ if case .discover(let one, person, _) = $0 { one } else { nil } }) != nil else { return }
      askWho("Who found \(name(person))?", seeker)
    case .win(let winner, let others):
      askWho("Who won?", winner)
      if let loser = others.first { askWhether("Did \(name(winner)) win?", orFalsely: "Did \(name(loser)) win?") }
    case .help(let helper, let person):
      guard only({ if case .help(let one, person) = $0 { one } else { nil } }) != nil else { return }
      askWho("Who helped \(name(person))?", helper)
    case .apologise(let person, let other):
      guard only({ if case .apologise(let one, _) = $0 { one } else { nil } }) != nil else { return }
      askWho("Who said sorry to \(name(other))?", person)
    case .befriend(let one, let other):
      askWho("Who became a friend of \(name(one))?", other)
    default:
      break
    }
  }

  mutating func askAboutCount(_ event: Event) {
    switch event {
    case .gather(let person, let thing, let count):
      guard only({ if case .gather(person, thing, let number) = $0 { number } else { nil } }) != nil else { return }
      askHowMany("How many \(goods(thing)) did \(name(person)) find?", count)
    case .hand(let giver, let thing, let count, let receiver):
      let same: (Event) -> Int? = { if case .hand(giver, thing, let number, receiver) = $0 { number } else { nil } }
      guard only(same) != nil else { return }
      askHowMany("How many \(goods(thing)) did \(name(giver)) give to \(name(receiver))?", count)
    default:
      break
    }
  }

  /// What somebody felt in the end, and why they felt something where the text says so.
  mutating func askAboutFeelings() {
    for index in story.people.indices {
      let person = Person.ID(index: index)
      var felt: [(feeling: Feeling, reason: String?)] = []
      for (moment, event) in story.events.enumerated() where story.isTold[moment] {
        if case .feel(person, let feeling, _) = event { felt.append((feeling, story.reasons[moment])) }
      }
      guard let last = felt.last else { continue }
      let isSteady = felt.allSatisfy { $0.feeling == last.feeling }
      ask(
        .feeling, isSteady ? "How did \(name(person)) feel?" : "How did \(name(person)) feel at the end?",
        sentence(last.feeling.rawValue), not: otherFeelings(than: last.feeling, first: felt.map(\.feeling)))
      for (feeling, reason) in felt {
        guard let reason, felt.filter({ $0.feeling == feeling }).count == 1 else { continue }
        let others = felt.compactMap(\.reason).filter { $0 != reason }
        ask(
          .why, "Why was \(name(person)) \(feeling.rawValue)?", sentence("because \(reason)"),
          not: (others + ["it was late", "it was raining"]).map { sentence("because \($0)") })
      }
    }
  }

  mutating func askAboutLooks() {
    for thing in story.things where thing.isColoured && story.things.filter({ $0.noun == thing.noun }).count == 1 {
      let others = Lexicon.colours.filter { $0 != thing.adjective }
      ask(
        .color, "What color \(thing.isPlural ? "were" : "was") the \(thing.noun)?", sentence(thing.adjective),
        not: random.shuffled(others).map(sentence))
    }
    for person in story.people where person.isAnimal && person.showsKind {
      let others = Lexicon.woodlandKinds.filter { $0 != person.kind }
      ask(
        .what, "What kind of animal was \(person.name)?", sentence(person.kind.withArticle),
        not: random.shuffled(others).map { sentence($0.withArticle) })
    }
    let weather = only { if case .weather(let weather) = $0 { weather } else { nil } }
    if let weather, story.text.contains("\(weather.rawValue) ") {
      ask(
        .what, "What was the weather like?", sentence(weather.rawValue),
        not: Weather.allCases.filter { $0 != weather }.map { sentence($0.rawValue) })
    }
  }

  mutating func askAboutTheEnd() {
    for index in story.things.indices {
      let thing = Thing.ID(index: index)
      if story.things[index].countedNoun != nil {
        for (person, count) in story.stock[index].enumerated() where count > 0 {
          askHowMany("How many \(goods(thing)) did \(story.people[person].name) have at the end?", count)
        }
      } else if let holder = story.holders[index], transfers.contains(where: { $0.thing == thing }) {
        askWho("Who had \(the(thing)) at the end?", holder)
      }
    }
  }

  private mutating func askHowMany(_ text: String, _ count: Int) {
    let others = [count + 1, count - 1, count + 2].filter { $0 > 0 }
    ask(
      .howMany, text, sentence(Lexicon.numberWord(count)), not: others.map { sentence(Lexicon.numberWord($0)) })
  }

  private func goods(_ thing: Thing.ID) -> String {
    story.things[thing.index].countedNoun ?? story.things[thing.index].noun
  }

  private func otherContainers(than container: Thing.ID, holding thing: Thing.ID) -> [String] {
    story.things.indices.map { Thing.ID(index: $0) }
      .filter { $0 != container && $0 != thing }.map { sentence("in \(full($0))") }
  }

  private func otherPlaces(than place: Place.ID) -> [String] {
    story.places.indices.filter { $0 != place.index && story.places[$0].owner == nil }
      .map { sentence("\(story.places[$0].preposition) the \(story.places[$0].noun)") } + ["At home."]
  }

  private func otherFeelings(than feeling: Feeling, first felt: [Feeling]) -> [String] {
    (felt + [.happy, .sad, .angry, .scared]).filter { $0 != feeling }.map { sentence($0.rawValue) }
  }
}

extension Person {
  /// Whether their introduction says what they are.
  fileprivate var showsKind: Bool {
    switch introduction {
    case .known: false
    case .described: true
    case .related(_, let relation): isAnimal && relation == "friend"
    }
  }
}
