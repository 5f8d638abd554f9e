/// One thing that happens in a story. The log of a story's events is what its text tells.
package struct Event: Sendable, Equatable {
  package enum Verb: Sendable {
    case appear, go, hide, discover, weather
    case own, make, lie, contain, lose, carryOff, find, pickUp, look, putDown, putIn, takeOut, lookIn
    case give, lend, giveBack, trade, eat, useUp, damage, repair
    case gather, hand, eatSome, spill
    case win, help, apologise, befriend, feel
  }

  package let verb: Verb
  /// Who does it, and to whom.
  package var a: Person?
  package var b: Person?
  /// The thing, and of a trade or a container the other one.
  package var x: Thing?
  package var y: Thing?
  package var spot: Spot?
  package var place: Place?
  package var count = 0
  package var feeling: Feeling?
  package var weather: Weather?
  /// Whether a sentence of its own tells it. The others show in the sentences around them.
  package internal(set) var isTold = false
  /// The reason that the text gives for a feeling: "she had lost her ball".
  package internal(set) var reason: String?
}

extension Event {
  /// Somebody is at a place when we first hear of them.
  static func appear(_ a: Person, _ place: Place) -> Event { Event(verb: .appear, a: a, place: place) }
  static func go(_ a: Person, _ place: Place) -> Event { Event(verb: .go, a: a, place: place) }
  static func hide(_ a: Person, _ spot: Spot) -> Event { Event(verb: .hide, a: a, spot: spot) }
  static func discover(_ a: Person, _ b: Person, _ spot: Spot) -> Event {
    Event(verb: .discover, a: a, b: b, spot: spot)
  }
  static func weather(_ weather: Weather) -> Event { Event(verb: .weather, weather: weather) }

  /// Somebody has a thing of their own from the start.
  static func own(_ a: Person, _ x: Thing) -> Event { Event(verb: .own, a: a, x: x) }
  static func make(_ a: Person, _ x: Thing) -> Event { Event(verb: .make, a: a, x: x) }
  /// A thing is in a spot, or in a container, from the start.
  static func lie(_ x: Thing, _ spot: Spot) -> Event { Event(verb: .lie, x: x, spot: spot) }
  static func contain(_ x: Thing, in y: Thing) -> Event { Event(verb: .contain, x: x, y: y) }
  /// A thing slips away from its holder; the text only says where when it is found.
  static func lose(_ a: Person, _ x: Thing, _ spot: Spot) -> Event { Event(verb: .lose, a: a, x: x, spot: spot) }
  /// The wind carries a thing off to a spot.
  static func carryOff(_ x: Thing, _ spot: Spot) -> Event { Event(verb: .carryOff, x: x, spot: spot) }
  /// Looks in a spot and takes what lies there.
  static func find(_ a: Person, _ x: Thing, _ spot: Spot) -> Event { Event(verb: .find, a: a, x: x, spot: spot) }
  /// Takes what is known to be in a spot.
  static func pickUp(_ a: Person, _ x: Thing, _ spot: Spot) -> Event { Event(verb: .pickUp, a: a, x: x, spot: spot) }
  /// Looks in a spot for a thing that is not there.
  static func look(_ a: Person, _ x: Thing, _ spot: Spot) -> Event { Event(verb: .look, a: a, x: x, spot: spot) }
  static func putDown(_ a: Person, _ x: Thing, _ spot: Spot) -> Event { Event(verb: .putDown, a: a, x: x, spot: spot) }
  static func put(_ a: Person, _ x: Thing, in y: Thing) -> Event { Event(verb: .putIn, a: a, x: x, y: y) }
  static func takeOut(_ a: Person, _ x: Thing, of y: Thing) -> Event { Event(verb: .takeOut, a: a, x: x, y: y) }
  /// Looks in a container for a thing that is not there.
  static func look(_ a: Person, for x: Thing, in y: Thing) -> Event { Event(verb: .lookIn, a: a, x: x, y: y) }

  static func give(_ a: Person, _ x: Thing, to b: Person) -> Event { Event(verb: .give, a: a, b: b, x: x) }
  static func lend(_ a: Person, _ x: Thing, to b: Person) -> Event { Event(verb: .lend, a: a, b: b, x: x) }
  static func giveBack(_ a: Person, _ x: Thing, to b: Person) -> Event { Event(verb: .giveBack, a: a, b: b, x: x) }
  /// The first person's thing for the second person's.
  static func trade(_ a: Person, _ x: Thing, with b: Person, _ y: Thing) -> Event {
    Event(verb: .trade, a: a, b: b, x: x, y: y)
  }
  static func eat(_ a: Person, _ x: Thing) -> Event { Event(verb: .eat, a: a, x: x) }
  /// Uses a thing up: flour for a cake.
  static func useUp(_ a: Person, _ x: Thing) -> Event { Event(verb: .useUp, a: a, x: x) }
  static func damage(_ a: Person, _ x: Thing) -> Event { Event(verb: .damage, a: a, x: x) }
  static func repair(_ a: Person, _ x: Thing) -> Event { Event(verb: .repair, a: a, x: x) }

  /// Gets, hands on, eats or loses so many goods of a kind.
  static func gather(_ a: Person, _ count: Int, _ x: Thing) -> Event { Event(verb: .gather, a: a, x: x, count: count) }
  static func hand(_ a: Person, _ count: Int, _ x: Thing, to b: Person) -> Event {
    Event(verb: .hand, a: a, b: b, x: x, count: count)
  }
  static func eat(_ a: Person, _ count: Int, _ x: Thing) -> Event { Event(verb: .eatSome, a: a, x: x, count: count) }
  static func spill(_ a: Person, _ count: Int, _ x: Thing) -> Event { Event(verb: .spill, a: a, x: x, count: count) }

  static func win(_ a: Person, over b: Person) -> Event { Event(verb: .win, a: a, b: b) }
  static func help(_ a: Person, _ b: Person) -> Event { Event(verb: .help, a: a, b: b) }
  static func apologise(_ a: Person, to b: Person) -> Event { Event(verb: .apologise, a: a, b: b) }
  static func befriend(_ a: Person, _ b: Person) -> Event { Event(verb: .befriend, a: a, b: b) }
  static func feel(_ a: Person, _ feeling: Feeling) -> Event { Event(verb: .feel, a: a, feeling: feeling) }
}
