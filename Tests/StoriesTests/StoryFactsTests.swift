import Stories
import Testing

/// A second, slow reading of the event log: who is where, and who has what, by strings.
private struct Ledger {
  let story: Story
  var location: [String: String] = [:]
  var place: [String: String] = [:]
  var stock: [String: Int] = [:]
  var broken: Set<String> = []
  var problems: [String] = []

  init(of story: Story) {
    self.story = story
    for event in story.events { read(event) }
  }

  private func name(_ id: Person.ID) -> String { story.people[id.index].name }
  private func name(_ id: Thing.ID) -> String { "\(id.index) \(story.things[id.index].noun)" }
  private func name(_ spot: Spot) -> String { "\(spot.place.index) \(spot.phrase)" }
  private func name(_ id: Place.ID) -> String { "\(id.index)" }

  /// Whether people hold in the end what the story says they hold.
  func agrees(with holders: [Person.ID?]) -> Bool {
    story.things.indices.allSatisfy { index in
      let place = place[name(Thing.ID(index: index))]
      return holders[index].map { place == name($0) } ?? !story.people.contains { $0.name == place }
    }
  }

  private mutating func check(_ condition: Bool, _ event: Event) {
    if !condition { problems.append("\(event)") }
  }

  private func isTogether(_ one: Person.ID, _ other: Person.ID) -> Bool {
    location[name(one)] != nil && location[name(one)] == location[name(other)]
  }

  private mutating func read(_ event: Event) {
    switch event {
    case .appear(let person, let place):
      check(location[name(person)] == nil, event)
      location[name(person)] = name(place)
    case .go(let person, let place):
      check(location[name(person)] != nil, event)
      location[name(person)] = name(place)
    case .own(let person, let thing), .make(let person, let thing):
      check(place[name(thing)] == nil, event)
      place[name(thing)] = name(person)
    case .lie(let thing, let spot):
      check(place[name(thing)] == nil, event)
      place[name(thing)] = name(spot)
    case .contain(let thing, let container):
      check(place[name(thing)] == nil, event)
      place[name(thing)] = name(container)
    case .lose(let person, let thing, let spot), .putDown(let person, let thing, let spot):
      check(place[name(thing)] == name(person) && location[name(person)] == name(spot.place), event)
      place[name(thing)] = name(spot)
    case .carryOff(let thing, let spot):
      check(place[name(thing)] != nil && place[name(thing)] != "nowhere", event)
      place[name(thing)] = name(spot)
    case .find(let person, let thing, let spot), .pickUp(let person, let thing, let spot):
      check(place[name(thing)] == name(spot) && location[name(person)] == name(spot.place), event)
      place[name(thing)] = name(person)
    case .look(let person, let thing, let spot):
      check(place[name(thing)] != name(spot) && location[name(person)] == name(spot.place), event)
    case .put(let person, let thing, let container):
      check(place[name(thing)] == name(person), event)
      place[name(thing)] = name(container)
    case .takeOut(let person, let thing, let container):
      check(place[name(thing)] == name(container), event)
      place[name(thing)] = name(person)
    case .lookInside(_, let thing, let container):
      check(place[name(thing)] != name(container), event)
    case .give(let giver, let thing, let receiver), .lend(let giver, let thing, let receiver),
      .giveBack(let giver, let thing, let receiver):
      check(place[name(thing)] == name(giver) && isTogether(giver, receiver), event)
      place[name(thing)] = name(receiver)
    case .trade(let one, let hers, let other, let his):
      check(place[name(hers)] == name(one) && place[name(his)] == name(other) && isTogether(one, other), event)
      place[name(hers)] = name(other)
      place[name(his)] = name(one)
    case .eat(let person, let thing), .useUp(let person, let thing):
      check(place[name(thing)] == name(person), event)
      place[name(thing)] = "nowhere"
    case .damage(_, let thing):
      check(!broken.contains(name(thing)), event)
      broken.insert(name(thing))
    case .repair(let person, let thing):
      check(broken.contains(name(thing)) && place[name(thing)] == name(person), event)
      broken.remove(name(thing))
    case .gather(let person, let thing, let count):
      stock[name(person) + name(thing), default: 0] += count
    case .hand(let giver, let thing, let count, let receiver):
      check(stock[name(giver) + name(thing), default: 0] >= count && isTogether(giver, receiver), event)
      stock[name(giver) + name(thing), default: 0] -= count
      stock[name(receiver) + name(thing), default: 0] += count
    case .eatSome(let person, let thing, let count), .spill(let person, let thing, let count):
      check(stock[name(person) + name(thing), default: 0] >= count, event)
      stock[name(person) + name(thing), default: 0] -= count
    case .speak(let speaker, let listener):
      check(story.people[speaker.index].speaks && location[name(speaker)] != nil, event)
      if let listener { check(isTogether(speaker, listener), event) }
    case .reveal(let one, _, let other), .help(let one, let other), .promise(let one, let other),
      .apologise(let one, let other), .forgive(let one, let other), .befriend(let one, let other):
      check(isTogether(one, other), event)
    case .hide(let person, let spot):
      check(location[name(person)] == name(spot.place), event)
    case .discover(let seeker, let person, let spot):
      check(isTogether(seeker, person) && location[name(person)] == name(spot.place), event)
    case .win(let winner, let others):
      for other in others { check(isTogether(winner, other), event) }
    case .feel(let person, _, let cause):
      check(location[name(person)] != nil, event)
      if let cause { check(story.events.indices.contains(cause), event) }
    case .weather, .want, .keepPromise, .breakPromise:
      break
    }
  }
}

struct StoryFactsTests {
  @Test func whatHappensIsPossible() {
    let world = StoryWorld(seed: 21)
    for index in 0..<3000 {
      let story = world.story(index)
      let ledger = Ledger(of: story)
      #expect(ledger.problems.isEmpty, "\(story.plot) \(index): \(story.text)")
      #expect(ledger.agrees(with: story.holders), "\(story.plot) \(index): \(story.text)")
      #expect(ledger.location.count == story.people.count, "\(story.plot) \(index): somebody is nowhere")
      let counted = story.things.filter { $0.countedNoun != nil }
      #expect(ledger.place.count + counted.count == story.things.count, "\(story.plot) \(index): a thing is nowhere")
    }
  }

  @Test func feelingsFollowTheirCauses() {
    let world = StoryWorld(seed: 22)
    for index in 0..<2000 {
      let story = world.story(index)
      for (moment, event) in story.events.enumerated() {
        if case .feel(_, _, let cause?) = event { #expect(cause < moment) }
      }
    }
  }
}
