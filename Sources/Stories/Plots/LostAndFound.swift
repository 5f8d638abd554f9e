extension Stage {
  /// A thing is lost on a walk, missed at home, and found again where it was lost.
  mutating func lostAndFound() {
    let hero = child()
    let toy = thing([.toy, .treasure, .clothing])
    open(with: hero)
    tell(.own(hero, toy), Phrases.own)
    paragraph()

    let stops = [place(), place()]
    let lostAt = random.below(2)
    oneDay(hero, at: stops[0])
    pass(hero, at: stops[0])
    var loss = 0
    if lostAt == 0 { loss = lose(toy, of: hero) }
    tell(.go(hero, stops[1]), Phrases.go)
    pass(hero, at: stops[1])
    if lostAt == 1 { loss = lose(toy, of: hero) }
    tell(.go(hero, home(of: hero)), LostAndFoundPhrases.goHome)
    say(LostAndFoundPhrases.miss, Roles(a: hero, x: toy))
    feel(hero, random.pick([.sad, .worried]), because: loss)
    paragraph()

    if random.chance(25) {
      findKeeper(of: toy, lostBy: hero, at: stops[lostAt])
    } else {
      let friend = friend(of: hero)
      visit(hero, by: friend)
      say(LostAndFoundPhrases.askForHelp, Roles(a: hero, b: friend, x: toy))
      say(LostAndFoundPhrases.offerHelp, Roles(a: friend, b: hero, x: toy))
      let wrong = random.chance(60) ? [stops[1 - lostAt]] : []
      let (finder, finding) = search(for: toy, by: [hero, friend], first: wrong)
      paragraph()
      if finder == friend { tell(.giveBack(friend, toy, to: hero), Phrases.giveBack) }
      feel(hero, .happy, because: finding)
      if random.chance(60) { thank(hero, friend) }
      close(hero, friend)
    }
  }

  /// The thing slips away; the text tells it when it is missed.
  private mutating func lose(_ thing: Thing.ID, of person: Person.ID) -> Int {
    guard let place = world.place(of: person) else { preconditionFailure("nothing is lost nowhere") }
    return note(.lose(person, thing, spot(random.below(4), at: place)))
  }

  /// A grown-up has found the thing first, and gives it back.
  private mutating func findKeeper(of thing: Thing.ID, lostBy hero: Person.ID, at place: Place.ID) {
    guard case .lying(let spot) = world.whereabouts[thing.index] else {
      preconditionFailure("\(world.things[thing.index]) does not lie anywhere")
    }
    let keeper = worker()
    note(.appear(keeper, place))
    note(.find(keeper, thing, spot))
    travel([hero], to: place, isPurposeful: true)
    say(Phrases.meet, Roles(a: hero, b: keeper, p: place))
    say(LostAndFoundPhrases.askStranger, Roles(a: hero, b: keeper, x: thing))
    say(LostAndFoundPhrases.keeperAnswers, Roles(a: keeper, b: hero, x: thing, s: spot))
    paragraph()
    let back = tell(.giveBack(keeper, thing, to: hero), LostAndFoundPhrases.keeperReturns)
    feel(hero, .happy, because: back)
    thank(hero, keeper)
    close(hero)
  }
}

private enum LostAndFoundPhrases {
  static let goHome: [Frame] = [
    "when it got late, {a} went {p:to}.",
    "then it was time to go home, and {a} walked {p:to}.",
    "after that, {a} ran {p:to} for dinner.",
    "in the evening, {a} came {p:to}.",
  ]
  static let miss: [Frame] = [
    "but where {x:was} {x:the}? {x:they} {x:was} gone!",
    "\"oh no!\" {a:cried}. \"my {x:short} {x:is} gone!\"",
    "but {a:his} {x:n} {x:was} not there anymore.",
    "\"where {x:is} my {x:short}?\" {a:asked}. {a} could not find {x:it} anywhere.",
  ]
  static let askForHelp: [Frame] = [
    "\"I lost my {x:short},\" {a:said}. \"will you help me look for {x:it}?\"",
    "\"my {x:short} {x:is} gone,\" {a:said} with a tear in {a:own} eye.",
    "{a} told {b:him} about the lost {x:short}.",
  ]
  static let offerHelp: [Frame] = [
    "\"do not worry,\" {a:said}. \"we will find {x:it} together.\"",
    "\"I will help you,\" {a:said}.",
    "\"let us look for {x:it},\" {a:said}.",
  ]
  static let askStranger: [Frame] = [
    "\"have you seen my {x:short}?\" {a:asked}.",
    "\"please, did you see {x:a} here?\" {a:asked}.",
    "\"I lost my {x:short} here,\" {a:said}.",
  ]
  static let keeperAnswers: [Frame] = [
    "\"yes!\" {a:said}. \"I found {x:it} {s}.\"",
    "\"{x:is} {x:they} yours?\" {a:asked}. \"{x:they} {x:was} {s}.\"",
    "{a} smiled. \"I saw {x:it} {s}, so I picked {x:it} up for you,\" {a:he} said.",
  ]
  static let keeperReturns: [Frame] = [
    "{a} gave {x:the} back to {b}.",
    "{a} put {x:the} into {b:his} hands.",
    "\"here you are,\" {a:said}, and gave {b:him} {x:the}.",
  ]
}
