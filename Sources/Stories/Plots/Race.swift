extension Stage {
  /// Two run to a place; one is too sure, or falls, or is simply slower.
  mutating func race() {
    let hero = child()
    open(with: hero)
    let rival = friend(of: hero)
    let (start, goal) = (place(), place())
    oneDay(hero, rival, at: start)
    let prize = random.chance(50) ? thing([.treasure, .baked, .present]) : nil
    let judge = prize.map { _ in worker() }
    if let judge, let prize {
      note(.appear(judge, goal))
      note(.own(judge, prize))
    }
    say(RacePhrases.boast, Roles(a: hero, b: rival))
    say(RacePhrases.challenge, Roles(a: rival, b: hero, p: goal))
    if let judge, let prize { say(RacePhrases.prize, Roles(c: judge, x: prize, p: goal)) }
    say(RacePhrases.start, Roles(a: hero, b: rival))
    paragraph()

    let winner = run(hero, against: rival)
    let loser = winner == hero ? rival : hero
    note(.go(winner, goal))
    note(.go(loser, goal))
    let victory = tell(.win(winner, over: [loser]), RacePhrases.win, Roles(p: goal))
    paragraph()
    if let judge, let prize {
      tell(.give(judge, prize, to: winner), RacePhrases.award)
    }
    feel(winner, random.pick([.happy, .proud]), because: victory)
    if random.chance(50) { feel(loser, random.pick([.sad, .tired]), because: victory, saysWhy: false) }
    say(RacePhrases.goodSport, random.chance(50) ? Roles(a: loser, b: winner) : Roles(a: winner, b: loser))
    close(hero, rival)
  }

  /// What happens on the way. Returns the winner.
  private mutating func run(_ hero: Person.ID, against rival: Person.ID) -> Person.ID {
    let roles = Roles(a: hero, b: rival)
    switch random.below(4) {
    case 0:
      say(RacePhrases.rest, roles)
      say(RacePhrases.passBy, Roles(a: rival, b: hero))
      return rival
    case 1:
      let event = note(.help(rival, hero))
      say(RacePhrases.fall, roles)
      say(RacePhrases.helpUp, Roles(a: rival, b: hero))
      if random.chance(50) { feel(hero, .thankful, because: event) }
      return random.pick([hero, rival])
    case 2:
      say(RacePhrases.fall, Roles(a: rival, b: hero))
      say(RacePhrases.getUp, Roles(a: rival))
      return hero
    default:
      say(RacePhrases.close, roles)
      return random.pick([hero, rival])
    }
  }
}

private enum RacePhrases {
  static let boast: [Frame] = [
    "\"I am the fastest of all,\" {a:said}.",
    "\"nobody can run as fast as me!\" {a:said}.",
    "\"I can run faster than you, {b:name},\" {a:said}.",
    "{a} liked to run very fast.",
  ]
  static let challenge: [Frame] = [
    "\"then let us race {p:to}!\" {a:said}.",
    "\"let us see who is first {p:at},\" {a:said}.",
    "{a} wanted to race {p:to}.",
  ]
  static let prize: [Frame] = [
    "{c} waited {p:at} with {x:a} for the winner.",
    "{c} was {p:at} and had a prize. it was {x:a}.",
  ]
  static let start: [Frame] = [
    "\"one, two, three, go!\" {a:shouted}.",
    "\"ready, go!\" {a:cried}, and off they ran.",
    "{ab} began to run.",
  ]
  static let rest: [Frame] = [
    "{a} was far ahead. {a:he} sat down under a tree and fell asleep.",
    "{a} was so fast that {a:he} stopped to pick flowers.",
    "{a} ran ahead. then {a:he} saw some berries and stopped to eat them.",
  ]
  static let passBy: [Frame] = [
    "{a} ran on and on and did not stop.",
    "{a} was slow, but {a:he} never stopped.",
    "quietly, {a} ran past {b:him}.",
  ]
  static let fall: [Frame] = [
    "{a} fell over a stone and hurt {a:own} knee.",
    "halfway there, {a} fell into the mud.",
    "{a} did not see a root and fell down.",
  ]
  static let helpUp: [Frame] = [
    "{a} stopped and helped {b:him} up. then they ran on.",
    "{a} came back to help {b:him}. \"are you all right?\" {a:he} asked. then they ran on.",
  ]
  static let getUp: [Frame] = [
    "{a} got up and ran on, but it was too late.",
    "{a:he} stood up again, but now {a:he} was slow.",
  ]
  static let close: [Frame] = [
    "they ran side by side all the way.",
    "first {a} was ahead. then {b} was ahead.",
    "they both ran as fast as the wind.",
  ]
  static let win: [Frame] = [
    "{a} got {p:to} first and won the race.",
    "in the end, {a} won the race {p:to}.",
    "{a} was the first {p:at}. {a:he} had won!",
  ]
  static let award: [Frame] = [
    "{a} gave {x:the} to {b:him}.",
    "\"well done, {b:name}!\" {a:said}, and gave {b:him} {x:the}.",
  ]
  static let goodSport: [Frame] = [
    "\"that was a good race, {b:name},\" {a:said}.",
    "\"you run very well,\" {a} said to {b:him}.",
    "\"let us race again tomorrow,\" {a:said}.",
  ]
}
