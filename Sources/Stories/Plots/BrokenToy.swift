extension Stage {
  /// A toy breaks while two play with it, and somebody handy repairs it.
  mutating func brokenToy() {
    let hero = child()
    let toy = thing([.toy, .fragile], all: true)
    open(with: hero)
    tell(.own(hero, toy), Phrases.own)
    paragraph()
    let friend = friend(of: hero)
    let ground = place()
    oneDay(hero, friend, at: ground)
    say(BrokenToyPhrases.play, Roles(a: hero, b: friend, x: toy))

    let culprit = random.chance(50) ? hero : friend
    if culprit == friend { tell(.lend(hero, toy, to: friend), BrokenToyPhrases.turn) }
    let accident = tell(.damage(culprit, toy), BrokenToyPhrases.breaking)
    feel(hero, culprit == hero ? .sad : random.pick([.sad, .angry]), because: accident)
    if culprit == friend {
      tell(.apologise(friend, to: hero), BrokenToyPhrases.sorry)
      if random.chance(50) { tell(.forgive(hero, friend), BrokenToyPhrases.forgive) }
      tell(.giveBack(friend, toy, to: hero), BrokenToyPhrases.pickUp)
    }
    paragraph()

    say(BrokenToyPhrases.idea, Roles(a: friend, b: hero))
    let fixer = worker()
    let shop = place()
    note(.appear(fixer, shop))
    travel([hero, friend], to: shop)
    say(BrokenToyPhrases.ask, Roles(a: hero, b: fixer, x: toy))
    tell(.lend(hero, toy, to: fixer), BrokenToyPhrases.handOver)
    let repair = tell(.repair(fixer, toy), BrokenToyPhrases.mend, Roles(w: random.pick(BrokenToyPhrases.tools)))
    tell(.giveBack(fixer, toy, to: hero), BrokenToyPhrases.giveBack)
    feel(hero, random.pick([.happy, .thankful]), because: repair)
    if random.chance(60) { thank(hero, fixer) }
    if random.chance(60) { close(hero, friend) }
  }
}

private enum BrokenToyPhrases {
  static let tools = ["some glue", "a little hammer", "a needle", "some string", "a drop of glue and some tape"]

  static let play: [Frame] = [
    "{a} had brought {x:the}, and they played with it.",
    "{a} showed {b:him} {x:the}.",
    "they played with {x:the} together.",
  ]
  static let turn: [Frame] = [
    "\"now it is your turn,\" {a:said}, and gave {x:the} to {b:him}.",
    "\"may I have it for a while?\" {b:asked}. {a} gave {b:him} {x:the}.",
    "{a} let {b:him} hold {x:the}.",
  ]
  static let breaking: [Frame] = [
    "but {a} dropped {x:the}, and it broke.",
    "then {a} fell down with {x:the} in {a:own} hands. it broke!",
    "suddenly there was a loud crack. {a} had broken {x:the}.",
  ]
  static let sorry: [Frame] = [
    "\"I am so sorry,\" {a:said}. \"I did not want to break it.\"",
    "\"it was my fault. I am sorry, {b:name},\" {a:said}.",
  ]
  static let forgive: [Frame] = [
    "\"I know you are sorry,\" {a:said}. \"it is all right.\"",
    "{a} was not angry with {b:him} for long.",
  ]
  static let pickUp: [Frame] = [
    "{a} picked {x:the} up and gave it back to {b:him}.",
    "{a} gave {b:him} the broken {x:short}.",
  ]
  static let idea: [Frame] = [
    "\"I know somebody who can help,\" {a:said}.",
    "\"do not be sad, {b:name},\" {a:said}. \"we can get help.\"",
    "\"maybe somebody can fix it,\" {a:said}.",
  ]
  static let ask: [Frame] = [
    "{b} was there. \"can you fix my {x:short}?\" {a:asked}.",
    "\"please, can you fix this?\" {a} asked {b:him}, and showed {b:him} {x:the}.",
    "there they met {b:him}. \"my {x:short} is broken,\" {a:said}.",
  ]
  static let handOver: [Frame] = [
    "\"let me see,\" {b:said}. {a} gave {b:him} {x:the}.",
    "{b} nodded, and {a} gave {b:him} {x:the}.",
  ]
  static let mend: [Frame] = [
    "{a} took {w} and went to work. soon {x:the} was as good as new.",
    "with {w}, {a} fixed {x:the}.",
    "{a} found {w} and fixed {x:the} in no time.",
  ]
  static let giveBack: [Frame] = [
    "\"here you are,\" {a:said}, and gave {x:the} back to {b:him}.",
    "{a} gave {x:the} back to {b:him}.",
    "then {a} put {x:the} into {b:his} hands.",
  ]
}
