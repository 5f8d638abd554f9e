extension Stage {
  /// The wind takes a thing away, the rain sends everybody home, and after the storm the thing is found.
  mutating func storm() {
    let hero = child()
    open(with: hero)
    let friend = friend(of: hero)
    let toy = thing([.light])
    let ground = place(.open, .green)
    let elsewhere = place(.open, .green)
    tell(.own(hero, toy), Phrases.own)
    paragraph()
    oneDay(hero, friend, at: ground, weather: [.sunny])
    pass(hero, and: friend, at: ground)
    note(.weather(.stormy))
    say(StormPhrases.clouds, Roles())
    let theft = tell(.carryOff(toy, spot(at: elsewhere)), StormPhrases.blow, Roles(a: hero))
    if random.chance(50) { feel(hero, .sad, because: theft, saysWhy: false) }
    paragraph()

    let shelter = random.chance(50) ? home(of: hero) : place(.indoors)
    note(.go(hero, shelter))
    note(.go(friend, shelter))
    say(StormPhrases.shelter, Roles(a: hero, b: friend, p: shelter))
    let (scared, brave) = random.chance(50) ? (hero, friend) : (friend, hero)
    tell(.feel(scared, .scared, because: nil), StormPhrases.scared, Roles(b: brave))
    say(StormPhrases.comfort, Roles(a: brave, b: scared))
    paragraph()

    note(.weather(.sunny))
    say(StormPhrases.calm, Roles(a: hero, b: friend))
    say(StormPhrases.remember, Roles(a: hero, b: friend, x: toy))
    let (finder, finding) = search(for: toy, by: [hero, friend], first: random.chance(60) ? [ground] : [])
    if finder == friend { tell(.giveBack(friend, toy, to: hero), Phrases.giveBack) }
    feel(hero, .happy, because: finding)
    if finder == friend, random.chance(60) { thank(hero, friend) }
    if random.chance(70) { close(hero, friend) }
  }
}

private enum StormPhrases {
  static let clouds: [Frame] = [
    "but then dark clouds came, and the wind began to blow.",
    "suddenly the sky was dark. a storm was coming!",
    "then the sky turned gray, and there was a strong wind.",
  ]
  static let blow: [Frame] = [
    "the wind took {x:the} and blew {x:it} far away.",
    "whoosh! the wind blew {a:his} {x:n} away.",
    "a big gust of wind pulled {x:the} away from {a:him}.",
  ]
  static let shelter: [Frame] = [
    "it began to rain. {ab} ran {p:to}.",
    "big drops of rain fell, so {ab} hurried {p:to}.",
    "then the rain came down. {ab} ran {p:to} and waited there.",
  ]
  static let scared: [Frame] = [
    "the thunder was loud, and {a} was {f}.",
    "boom, went the thunder. {a} was very {f}.",
    "{a} was {f} of the thunder and held on to {b:him}.",
  ]
  static let comfort: [Frame] = [
    "\"do not be scared,\" {a:said}. \"it will be over soon.\"",
    "{a} held {b:his} hand and sang a song.",
    "\"I am here with you, {b:name},\" {a:said}.",
    "{a} told {b:him} a funny story until it was over.",
  ]
  static let calm: [Frame] = [
    "at last, the storm was over, and the sun came out.",
    "soon the rain stopped, and there was a rainbow in the sky.",
    "after a while, it was quiet again.",
  ]
  static let remember: [Frame] = [
    "\"now let us look for my {x:short},\" {a:said}.",
    "\"where {x:is} my {x:short} now?\" {a:asked}.",
    "{ab} went to look for {x:the}.",
  ]
}
