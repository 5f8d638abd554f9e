/// Who and what exists, and where everything is. Applying an event that cannot happen is a programming error of a plot.
struct World: Sendable {
  /// Where a thing is.
  enum Whereabouts: Sendable, Equatable {
    case unseen
    case held(Person.ID)
    case lying(Spot)
    case inside(Thing.ID)
    case gone
  }

  private(set) var people: [Person] = []
  private(set) var things: [Thing] = []
  private(set) var places: [Place] = []

  private(set) var location: [Place.ID?] = []
  private(set) var hidingSpot: [Spot?] = []
  private(set) var whereabouts: [Whereabouts] = []
  private(set) var owner: [Person.ID?] = []
  private(set) var isBroken: [Bool] = []
  /// How many goods of a kind a person has: `stock[thing][person]`.
  private(set) var stock: [[Int]] = []
  private(set) var weather: Weather?
  private(set) var log: [Event] = []

  mutating func add(_ person: Person) -> Person.ID {
    people.append(person)
    location.append(nil)
    hidingSpot.append(nil)
    for thing in stock.indices { stock[thing].append(0) }
    return Person.ID(index: people.count - 1)
  }

  mutating func add(_ thing: Thing) -> Thing.ID {
    things.append(thing)
    whereabouts.append(.unseen)
    owner.append(nil)
    isBroken.append(false)
    stock.append([Int](repeating: 0, count: people.count))
    return Thing.ID(index: things.count - 1)
  }

  mutating func add(_ place: Place) -> Place.ID {
    places.append(place)
    return Place.ID(index: places.count - 1)
  }

  func place(of person: Person.ID) -> Place.ID? {
    location[person.index]
  }

  func holds(_ person: Person.ID, _ thing: Thing.ID) -> Bool {
    whereabouts[thing.index] == .held(person)
  }

  func holder(of thing: Thing.ID) -> Person.ID? {
    guard case .held(let person) = whereabouts[thing.index] else { return nil }
    return person
  }

  func count(_ thing: Thing.ID, of person: Person.ID) -> Int {
    stock[thing.index][person.index]
  }

  func together(_ one: Person.ID, _ other: Person.ID) -> Bool {
    location[one.index] != nil && location[one.index] == location[other.index]
  }

  /// Makes `event` happen, and returns its index in the log.
  @discardableResult
  mutating func apply(_ event: Event) -> Int {
    switch event {
    case .appear, .go, .weather, .hide, .discover:
      applyMovement(event)
    case .own, .lie, .contain, .make, .lose, .carryOff, .find, .pickUp, .look, .putDown, .put, .takeOut, .lookInside:
      applyHandling(event)
    case .give, .lend, .giveBack, .trade, .eat, .useUp, .damage, .repair:
      applyExchange(event)
    case .gather, .hand, .eatSome, .spill:
      applyCount(event)
    case .want, .speak, .reveal, .win, .help, .promise, .keepPromise, .breakPromise, .apologise, .forgive, .befriend,
      .feel:
      checkDealing(event)
    }
    log.append(event)
    return log.count - 1
  }

  private func require(_ condition: Bool, _ event: Event) {
    precondition(condition, "\(event) cannot happen after \(log), where things are \(whereabouts)")
  }

  private mutating func applyMovement(_ event: Event) {
    switch event {
    case .appear(let person, let place):
      require(location[person.index] == nil, event)
      location[person.index] = place
    case .go(let person, let place):
      require(location[person.index] != place, event)
      location[person.index] = place
      hidingSpot[person.index] = nil
    case .weather(let weather):
      self.weather = weather
    case .hide(let person, let spot):
      require(location[person.index] == spot.place && hidingSpot[person.index] == nil, event)
      hidingSpot[person.index] = spot
    case .discover(let seeker, let person, let spot):
      require(together(seeker, person) && hidingSpot[person.index] == spot, event)
      hidingSpot[person.index] = nil
    default:
      preconditionFailure("\(event) is no movement")
    }
  }

  private mutating func applyHandling(_ event: Event) {
    switch event {
    case .own(let person, let thing), .make(let person, let thing):
      require(whereabouts[thing.index] == .unseen, event)
      whereabouts[thing.index] = .held(person)
      owner[thing.index] = person
    case .lie(let thing, let spot):
      require(whereabouts[thing.index] == .unseen, event)
      whereabouts[thing.index] = .lying(spot)
    case .contain(let thing, let container):
      require(whereabouts[thing.index] == .unseen && thing != container, event)
      whereabouts[thing.index] = .inside(container)
    case .lose(let person, let thing, let spot), .putDown(let person, let thing, let spot):
      require(holds(person, thing) && location[person.index] == spot.place, event)
      whereabouts[thing.index] = .lying(spot)
    case .carryOff(let thing, let spot):
      if case .lying = whereabouts[thing.index] {} else { require(holder(of: thing) != nil, event) }
      whereabouts[thing.index] = .lying(spot)
    case .find(let person, let thing, let spot), .pickUp(let person, let thing, let spot):
      require(location[person.index] == spot.place && whereabouts[thing.index] == .lying(spot), event)
      whereabouts[thing.index] = .held(person)
      owner[thing.index] = owner[thing.index] ?? person
    case .look(let person, let thing, let spot):
      require(location[person.index] == spot.place && whereabouts[thing.index] != .lying(spot), event)
    case .put(let person, let thing, let container):
      require(holds(person, thing) && reaches(person, container) && thing != container, event)
      whereabouts[thing.index] = .inside(container)
    case .takeOut(let person, let thing, let container):
      require(whereabouts[thing.index] == .inside(container) && reaches(person, container), event)
      whereabouts[thing.index] = .held(person)
      owner[thing.index] = owner[thing.index] ?? person
    case .lookInside(let person, let thing, let container):
      require(whereabouts[thing.index] != .inside(container) && reaches(person, container), event)
    default:
      preconditionFailure("\(event) is no handling of a thing")
    }
  }

  private mutating func applyExchange(_ event: Event) {
    switch event {
    case .give(let giver, let thing, let receiver):
      require(holds(giver, thing) && together(giver, receiver), event)
      whereabouts[thing.index] = .held(receiver)
      owner[thing.index] = receiver
    case .lend(let giver, let thing, let receiver):
      require(holds(giver, thing) && together(giver, receiver), event)
      whereabouts[thing.index] = .held(receiver)
    case .giveBack(let giver, let thing, let receiver):
      require(holds(giver, thing) && together(giver, receiver) && owner[thing.index] == receiver, event)
      whereabouts[thing.index] = .held(receiver)
    case .trade(let one, let hers, let other, let his):
      require(holds(one, hers) && holds(other, his) && together(one, other), event)
      whereabouts[hers.index] = .held(other)
      whereabouts[his.index] = .held(one)
      owner[hers.index] = other
      owner[his.index] = one
    case .eat(let person, let thing), .useUp(let person, let thing):
      require(holds(person, thing), event)
      whereabouts[thing.index] = .gone
    case .damage(let person, let thing):
      require(location[person.index] != nil && !isBroken[thing.index], event)
      isBroken[thing.index] = true
    case .repair(let person, let thing):
      require(holds(person, thing) && isBroken[thing.index], event)
      isBroken[thing.index] = false
    default:
      preconditionFailure("\(event) is no exchange")
    }
  }

  private mutating func applyCount(_ event: Event) {
    switch event {
    case .gather(let person, let thing, let count):
      require(count > 0, event)
      stock[thing.index][person.index] += count
    case .hand(let giver, let thing, let count, let receiver):
      require(count > 0 && self.count(thing, of: giver) >= count && together(giver, receiver), event)
      stock[thing.index][giver.index] -= count
      stock[thing.index][receiver.index] += count
    case .eatSome(let person, let thing, let count), .spill(let person, let thing, let count):
      require(count > 0 && self.count(thing, of: person) >= count, event)
      stock[thing.index][person.index] -= count
    default:
      preconditionFailure("\(event) counts nothing")
    }
  }

  private func checkDealing(_ event: Event) {
    switch event {
    case .speak(let speaker, let listener):
      require(people[speaker.index].speaks && location[speaker.index] != nil, event)
      if let listener { require(together(speaker, listener), event) }
    case .reveal(let one, _, let other), .help(let one, let other), .promise(let one, let other),
      .apologise(let one, let other), .forgive(let one, let other), .befriend(let one, let other):
      require(together(one, other), event)
    case .win(let winner, let others):
      for other in others { require(together(winner, other), event) }
    case .feel(_, _, let cause):
      if let cause { require(log.indices.contains(cause), event) }
    default:
      break
    }
  }

  /// Whether a person stands where a container is, or carries it.
  private func reaches(_ person: Person.ID, _ container: Thing.ID) -> Bool {
    switch whereabouts[container.index] {
    case .held(let holder): holder == person || together(holder, person)
    case .lying(let spot): location[person.index] == spot.place
    case .unseen, .inside, .gone: false
    }
  }
}
