/// Who and what exists, and where everything is. Applying an event that cannot happen is a programming error of a plot.
package struct World: Sendable {
  /// Where a thing is.
  package enum Whereabouts: Sendable, Equatable {
    case held(Person)
    case lying(Spot)
    case inside(Thing)
    case gone
  }

  package private(set) var people: [Person] = []
  package private(set) var things: [Thing] = []
  package private(set) var places: [Place] = []
  /// What happened, in order.
  package private(set) var events: [Event] = []

  private(set) var location: [Person: Place] = [:]
  private var hidingSpot: [Person: Spot] = [:]
  private(set) var whereabouts: [Thing: Whereabouts] = [:]
  private(set) var owner: [Thing: Person] = [:]
  private var broken: Set<Thing> = []
  private var stock: [Thing: [Person: Int]] = [:]

  mutating func add(_ person: Person) { people.append(person) }
  mutating func add(_ thing: Thing) { things.append(thing) }
  mutating func add(_ place: Place) { places.append(place) }

  package func holder(of thing: Thing) -> Person? {
    if case .held(let person) = whereabouts[thing] { person } else { nil }
  }

  /// How many goods of a kind somebody has.
  package func count(_ thing: Thing, of person: Person) -> Int { stock[thing]?[person] ?? 0 }

  func together(_ one: Person?, _ other: Person?) -> Bool {
    place(of: one) != nil && place(of: one) == place(of: other)
  }

  mutating func apply(_ event: Event) {
    precondition(isPossible(event), "\(event) cannot happen after \(events), where things are \(whereabouts)")
    happen(event)
    events.append(event)
  }

  /// Tells that the last event was told, and the reason that was given.
  mutating func noteTelling(reason: String? = nil) {
    events[events.count - 1].isTold = true
    events[events.count - 1].reason = reason
  }

  private func isPossible(_ e: Event) -> Bool {
    switch e.verb {
    case .appear: place(of: e.a) == nil
    case .go: place(of: e.a) != nil && place(of: e.a) != e.place
    case .hide: isAt(e.spot, e.a) && e.a.flatMap { hidingSpot[$0] } == nil
    case .discover: together(e.a, e.b) && e.b.flatMap { hidingSpot[$0] } == e.spot
    case .own, .make, .lie, .contain: state(of: e.x) == nil && e.x != e.y
    case .lose, .putDown: holds(e.a, e.x) && isAt(e.spot, e.a)
    case .carryOff: e.x.flatMap(holder) != nil
    case .find, .pickUp: isAt(e.spot, e.a) && lies(e.x, e.spot)
    case .look: isAt(e.spot, e.a) && !lies(e.x, e.spot)
    case .putIn: holds(e.a, e.x) && reaches(e.a, e.y) && e.x != e.y
    case .takeOut: isInside(e.x, e.y) && reaches(e.a, e.y)
    case .lookIn: !isInside(e.x, e.y) && reaches(e.a, e.y)
    case .give, .lend: holds(e.a, e.x) && together(e.a, e.b)
    case .giveBack: holds(e.a, e.x) && together(e.a, e.b) && e.x.flatMap { owner[$0] } == e.b
    case .trade: holds(e.a, e.x) && holds(e.b, e.y) && together(e.a, e.b)
    case .eat, .useUp: holds(e.a, e.x)
    case .damage: holds(e.a, e.x) && !isBroken(e.x)
    case .repair: holds(e.a, e.x) && isBroken(e.x)
    case .gather: e.count > 0
    case .hand: has(e.a, e.count, e.x) && together(e.a, e.b)
    case .eatSome, .spill: has(e.a, e.count, e.x)
    case .win, .help, .apologise, .befriend: together(e.a, e.b)
    case .feel: place(of: e.a) != nil
    case .weather: true
    }
  }

  private mutating func happen(_ e: Event) {
    switch e.verb {
    case .appear, .go: move(e.a, to: e.place)
    case .hide, .discover: (e.verb == .hide ? e.a : e.b).map { hidingSpot[$0] = e.verb == .hide ? e.spot : nil }
    case .own, .make, .give: keep(e.x, e.verb == .give ? e.b : e.a)
    case .lie, .lose, .carryOff, .putDown: put(e.x, e.spot.map(Whereabouts.lying))
    case .find, .pickUp, .takeOut:
      put(e.x, e.a.map(Whereabouts.held))
      e.x.map { owner[$0] = owner[$0] ?? e.a }
    case .contain, .putIn: put(e.x, e.y.map(Whereabouts.inside))
    case .lend, .giveBack: put(e.x, e.b.map(Whereabouts.held))
    case .trade:
      keep(e.x, e.b)
      keep(e.y, e.a)
    case .eat, .useUp: put(e.x, .gone)
    case .damage: e.x.map { _ = broken.insert($0) }
    case .repair: e.x.map { _ = broken.remove($0) }
    case .gather: change(e.x, of: e.a, by: e.count)
    case .hand:
      change(e.x, of: e.a, by: -e.count)
      change(e.x, of: e.b, by: e.count)
    case .eatSome, .spill: change(e.x, of: e.a, by: -e.count)
    case .look, .lookIn, .win, .help, .apologise, .befriend, .feel, .weather: break
    }
  }

  private mutating func move(_ person: Person?, to place: Place?) {
    guard let person else { return }
    location[person] = place
    hidingSpot[person] = nil
  }

  private mutating func put(_ thing: Thing?, _ place: Whereabouts?) {
    if let thing { whereabouts[thing] = place }
  }

  private mutating func keep(_ thing: Thing?, _ person: Person?) {
    put(thing, person.map(Whereabouts.held))
    if let thing { owner[thing] = person }
  }

  private mutating func change(_ thing: Thing?, of person: Person?, by count: Int) {
    if let thing, let person { stock[thing, default: [:]][person, default: 0] += count }
  }

  private func place(of person: Person?) -> Place? { person.flatMap { location[$0] } }
  private func state(of thing: Thing?) -> Whereabouts? { thing.flatMap { whereabouts[$0] } }
  private func isAt(_ spot: Spot?, _ person: Person?) -> Bool { spot != nil && place(of: person) == spot?.place }
  private func isBroken(_ thing: Thing?) -> Bool { thing.map(broken.contains) ?? false }

  private func holds(_ person: Person?, _ thing: Thing?) -> Bool {
    person != nil && state(of: thing) == person.map(Whereabouts.held)
  }

  private func lies(_ thing: Thing?, _ spot: Spot?) -> Bool {
    spot != nil && state(of: thing) == spot.map(Whereabouts.lying)
  }

  private func isInside(_ thing: Thing?, _ container: Thing?) -> Bool {
    container != nil && state(of: thing) == container.map(Whereabouts.inside)
  }

  private func has(_ person: Person?, _ count: Int, _ thing: Thing?) -> Bool {
    guard let person, let thing else { return false }
    return count > 0 && self.count(thing, of: person) >= count
  }

  /// Whether a person stands where a container is, or carries it.
  private func reaches(_ person: Person?, _ container: Thing?) -> Bool {
    switch state(of: container) {
    case .held(let holder): holder == person || together(holder, person)
    case .lying(let spot): place(of: person) == spot.place
    case .inside, .gone, nil: false
    }
  }
}
