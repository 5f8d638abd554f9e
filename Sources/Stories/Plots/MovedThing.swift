extension Stage {
  /// Somebody puts a thing away and goes out; somebody else moves it; the first one looks where it was left.
  mutating func movedThing() {
    let hero = child()
    open(with: hero)
    let thing = thing([.toy, .treasure, .food])
    let (first, second) = (self.thing([.container]), self.thing([.container]))
    let room = home(of: hero)
    let corners = world.places[room.index].hideouts
    let (here, there) = (Spot(place: room, phrase: corners[0]), Spot(place: room, phrase: corners[1]))
    tell(.own(hero, thing), MovedThingPhrases.own)
    note(.lie(first, here))
    note(.lie(second, there))
    say(MovedThingPhrases.room, Roles(a: hero, x: first, y: second, s: here, t: there))
    tell(.put(hero, thing, into: first), MovedThingPhrases.putAway)
    let ground = place()
    tell(.go(hero, ground), MovedThingPhrases.goOut)
    pass(hero, at: ground)
    paragraph()

    let mover = setting.isWoodland || random.chance(50) ? sibling(of: hero) : parent()
    note(.appear(mover, room))
    tell(.takeOut(mover, thing, from: first), MovedThingPhrases.takeOut, Roles(c: hero))
    tell(.put(mover, thing, into: second), MovedThingPhrases.putElsewhere)
    if random.chance(40) {
      let away = place()
      tell(.go(mover, away), MovedThingPhrases.leave)
      tell(.go(hero, room), MovedThingPhrases.comeBack)
      missAndSearch(thing, first, second, by: hero)
      feel(hero, .happy, because: nil)
    } else {
      tell(.go(hero, room), MovedThingPhrases.comeBack)
      askMover(thing, first, second, mover, by: hero)
    }
  }

  /// The thing is not where it was, but in the next place one looks.
  private mutating func missAndSearch(
    _ thing: Thing.ID, _ first: Thing.ID, _ second: Thing.ID, by hero: Person.ID
  ) {
    paragraph()
    tell(.lookInside(hero, thing, first), MovedThingPhrases.lookFirst)
    feel(hero, random.pick([.surprised, .worried]), because: nil)
    say(MovedThingPhrases.wonder, Roles(a: hero, x: thing, y: second))
    tell(.takeOut(hero, thing, from: second), MovedThingPhrases.findInside)
  }

  private mutating func askMover(
    _ thing: Thing.ID, _ first: Thing.ID, _ second: Thing.ID, _ mover: Person.ID, by hero: Person.ID
  ) {
    paragraph()
    tell(.lookInside(hero, thing, first), MovedThingPhrases.lookFirst)
    feel(hero, random.pick([.surprised, .sad]), because: nil)
    say(MovedThingPhrases.ask, Roles(a: hero, b: mover, x: thing))
    tell(.reveal(mover, thing, to: hero), MovedThingPhrases.reveal, Roles(y: second))
    tell(.takeOut(hero, thing, from: second), MovedThingPhrases.findInside)
    if random.chance(50) {
      feel(hero, .happy, because: nil)
    } else {
      say(MovedThingPhrases.laugh, Roles(a: hero, b: mover))
    }
  }
}

private enum MovedThingPhrases {
  static let own: [Frame] = [
    "{a} had {x:a}.",
    "one day, {a} got {x:a}.",
    "one morning, {a} had {x:a} in {a:own} hands.",
  ]
  static let room: [Frame] = [
    "in {a:his} room, there was {x:a} {s} and {y:a} {t}.",
    "{a} had {x:a} {s} and {y:a} {t}.",
  ]
  static let putAway: [Frame] = [
    "{a} put {x:the} in {y:the}.",
    "{a} opened {y:the} and put {x:the} inside.",
    "{a} wanted to keep {x:the} safe, so {a:he} put {x:it} in {y:the}.",
  ]
  static let goOut: [Frame] = [
    "then {a} went {p:to}.",
    "after that, {a} ran out to play {p:at}.",
  ]
  static let takeOut: [Frame] = [
    "while {c} was away, {a} came in and took {x:the} out of {y:the}.",
    "{c} was not there when {a} opened {y:the} and took out {x:the}.",
    "at home, {a} was cleaning up. {a:he} took {x:the} out of {y:the}.",
  ]
  static let putElsewhere: [Frame] = [
    "{a} put {x:it} in {y:the}.",
    "then {a:he} put {x:the} in {y:the}.",
  ]
  static let leave: [Frame] = [
    "after that, {a} went {p:to}.",
    "then {a} left and went {p:to}.",
  ]
  static let comeBack: [Frame] = [
    "later, {a} came {p:to}.",
    "in the evening, {a} came back {p:to}.",
    "soon {a} came {p:to} again.",
  ]
  static let lookFirst: [Frame] = [
    "{a} looked in {y:the} for {x:the}. but {y:the} was empty!",
    "{a} wanted to get {x:the} and opened {y:the}. {x:the} {x:was} gone!",
    "{a} opened {y:the}. \"where {x:is} my {x:short}?\" {a:he} asked.",
  ]
  static let wonder: [Frame] = [
    "\"maybe {x:they} {x:is} in the {y:short},\" {a:thought}.",
    "{a} looked all around the room.",
  ]
  static let ask: [Frame] = [
    "\"{b:name}, did you see my {x:short}?\" {a:asked}.",
    "\"do you know where my {x:short} {x:is}, {b:name}?\" {a:asked}.",
  ]
  static let reveal: [Frame] = [
    "\"I put {x:it} in {y:the},\" {a:said}.",
    "\"look in {y:the},\" {a:said} to {b:him}.",
    "\"oh! I moved {x:it},\" {a:said}. \"{x:they} {x:is} in {y:the} now.\"",
  ]
  static let findInside: [Frame] = [
    "{a} opened {y:the} and took out {x:the}.",
    "{a} looked in {y:the}, and there {x:was} {x:the}!",
    "{a} ran to {y:the} and found {x:the} in it.",
  ]
  static let laugh: [Frame] = [
    "{ab} laughed.",
    "\"next time, please tell me,\" {a:said} with a smile.",
    "\"now I know,\" {a:said}, and they laughed.",
  ]
}
