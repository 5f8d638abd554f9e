/// Steps that plots are made of. Each looks at the world and tells what happens there.
extension Stage {
  /// Presents the hero, who is at home.
  mutating func open(with hero: Person.ID) {
    let home = home(of: hero)
    note(.appear(hero, home))
    say(Phrases.opening, Roles(a: hero, w: random.pick(setting.phrases)))
  }

  /// A day in some weather begins with people at a place.
  mutating func oneDay(_ people: Person.ID..., at place: Place.ID, weather: [Weather] = [.sunny, .windy, .cold]) {
    let today = random.pick(weather)
    note(.weather(today))
    for person in people { arrive(person, at: place) }
    let roles = Roles(a: people[0], b: people.count > 1 ? people[1] : nil, p: place, w: today.rawValue)
    say(people.count > 1 ? Phrases.oneDayTogether : Phrases.oneDay, roles)
  }

  /// Puts somebody at a place, which the next sentence tells.
  mutating func arrive(_ person: Person.ID, at place: Place.ID) {
    switch world.place(of: person) {
    case nil: note(.appear(person, place))
    case place: break
    default: note(.go(person, place))
    }
  }

  /// Up to three people go to a place together; `isPurposeful` when the sentence before gives the purpose.
  mutating func travel(_ people: [Person.ID], to place: Place.ID, isPurposeful: Bool = false) {
    let walkers = people.filter { world.place(of: $0) != place }
    guard !walkers.isEmpty else { return }
    for walker in walkers { arrive(walker, at: place) }
    let roles = Roles(
      a: walkers[0], b: walkers.count > 1 ? walkers[1] : nil, c: walkers.count > 2 ? walkers[2] : nil, p: place)
    let alone = isPurposeful ? Phrases.setOut : Phrases.go
    say([alone, Phrases.goTogether, Phrases.goThree][walkers.count - 1], roles)
  }

  /// Somebody does what one does at a place.
  mutating func pass(_ person: Person.ID, at place: Place.ID) {
    let activities = world.places[place.index].activities
    say(Phrases.pass, Roles(a: person, p: place, w: activities[0], v: activities[1]))
  }

  /// Two people do what one does at a place.
  mutating func pass(_ person: Person.ID, and other: Person.ID, at place: Place.ID) {
    let activities = world.places[place.index].activities
    say(Phrases.passTogether, Roles(a: person, b: other, p: place, w: activities[0], v: activities[1]))
  }

  /// Somebody runs into another person at the place they have come to.
  mutating func meet(_ person: Person.ID, _ other: Person.ID) {
    guard let place = world.place(of: person) else { preconditionFailure("nobody meets somebody nowhere") }
    arrive(other, at: place)
    say(Phrases.meet, Roles(a: person, b: other, p: place))
  }

  /// A visitor comes to where somebody is.
  mutating func visit(_ host: Person.ID, by visitor: Person.ID) {
    guard let place = world.place(of: host) else { preconditionFailure("nobody is visited nowhere") }
    arrive(visitor, at: place)
    let isHome = world.places[place.index].owner != nil
    say(isHome ? Phrases.visit : Phrases.visitOutside, Roles(a: host, b: visitor, p: place))
  }

  /// Looks for a thing that lies somewhere, in wrong places and corners first; one of the seekers finds it.
  /// Returns the finder, and the index of the finding.
  mutating func search(
    for thing: Thing.ID, by seekers: [Person.ID], first wrongPlaces: [Place.ID] = []
  ) -> (finder: Person.ID, event: Int) {
    guard case .lying(let spot) = world.whereabouts[thing.index] else {
      preconditionFailure("\(world.things[thing.index]) does not lie anywhere")
    }
    for place in wrongPlaces where place != spot.place && isShorter(than: 150) {
      travel(seekers, to: place)
      let corner = self.spot(random.below(2), at: place)
      tell(.look(random.pick(seekers), thing, corner), Phrases.look)
    }
    travel(seekers, to: spot.place)
    if random.chance(50), isShorter(than: 150) {
      let corners = world.places[spot.place.index].spots.filter { $0 != spot.phrase }
      let corner = Spot(place: spot.place, phrase: random.pick(corners))
      tell(.look(random.pick(seekers), thing, corner), Phrases.look)
    }
    let finder = random.pick(seekers)
    return (finder, tell(.find(finder, thing, spot), Phrases.find))
  }

  mutating func thank(_ person: Person.ID, _ helper: Person.ID) {
    let roles = Roles(a: person, b: helper)
    say(Phrases.thank, roles)
    if random.chance(35) { say(Phrases.welcome, Roles(a: helper, b: person)) }
  }

  /// A last sentence for two who are together, or for somebody alone.
  mutating func close(_ person: Person.ID, _ friend: Person.ID? = nil) {
    if let friend, world.together(person, friend) {
      let isRelative = world.people[friend.index].introduction == .known
      say(isRelative ? Phrases.closeWithElder : Phrases.friendsForGood, Roles(a: person, b: friend))
    } else {
      say(Phrases.happyAlone, Roles(a: person))
    }
  }
}
