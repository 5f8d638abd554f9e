extension Stage {
  /// Two want the same thing, hurt each other, and make up.
  mutating func quarrel() {
    let hero = child()
    open(with: hero)
    let other = friend(of: hero)
    let ground = place()
    let toy = thing([.toy])
    oneDay(hero, other, at: ground)
    if random.chance(50) { pass(hero, and: other, at: ground) }
    let corner = spot(at: ground)
    note(.lie(toy, corner))
    tell(.find(hero, toy, corner), QuarrelPhrases.find)
    tell(.want(other, toy), QuarrelPhrases.want, Roles(b: hero))
    say(QuarrelPhrases.refuse, Roles(a: hero, b: other, x: toy))
    feel(other, random.pick([.angry, .sad]), because: nil)
    paragraph()

    var house = home(of: other)
    if random.chance(50) { house = place() }
    tell(.go(other, house), QuarrelPhrases.leave)
    say(QuarrelPhrases.alone, Roles(a: hero, x: toy))
    feel(hero, random.pick([.lonely, .sorry, .sad]), because: nil)
    if random.chance(50) {
      let elder = elder()
      arrive(elder, at: ground)
      say(QuarrelPhrases.advice, Roles(a: elder, b: hero))
    }
    paragraph()
    tell(.go(hero, house), QuarrelPhrases.follow, Roles(b: other, x: toy))
    tell(.apologise(hero, to: other), QuarrelPhrases.sorry)
    if random.chance(50) {
      let giving = tell(.give(hero, toy, to: other), QuarrelPhrases.give)
      feel(other, .happy, because: giving)
    } else {
      tell(.lend(hero, toy, to: other), QuarrelPhrases.turns)
      say(QuarrelPhrases.fair, Roles(a: other, b: hero))
    }
    tell(.forgive(other, hero), QuarrelPhrases.forgive)
    close(hero, other)
  }
}

private enum QuarrelPhrases {
  static let find: [Frame] = [
    "{s}, {a} found {x:a}.",
    "{a} looked {s} and found {x:a}.",
    "then {a} saw {x:a} {s} and picked {x:it} up.",
  ]
  static let want: [Frame] = [
    "\"I want to play with it too,\" {a:said}.",
    "\"I saw it first!\" {a:cried}.",
    "\"please, can I have it?\" {a:asked}.",
  ]
  static let refuse: [Frame] = [
    "\"no, it is mine!\" {a:said}.",
    "\"I found {x:the}, so I will keep it,\" {a:said}.",
    "but {a} did not want to share {x:the}.",
  ]
  static let leave: [Frame] = [
    "{a} ran away and went {p:to}.",
    "\"then I will go,\" {a:said}, and went {p:to}.",
    "{a} did not say a word and went {p:to}.",
  ]
  static let alone: [Frame] = [
    "{a} played with {x:the}. but it was no fun alone.",
    "now {a} had {x:the}, but nobody to play with.",
    "{a} looked at {x:the}. it was quiet now.",
  ]
  static let advice: [Frame] = [
    "{a} came by. \"a friend is better than a toy, {b:name},\" {a:he} said.",
    "{a} saw it all. \"why do you not share?\" {a:he} asked {b:him}.",
  ]
  static let follow: [Frame] = [
    "{a} took {x:the} and went {p:to} to find {b:him}.",
    "so {a} ran {p:to}, where {b} was.",
  ]
  static let sorry: [Frame] = [
    "\"I am sorry, {b:name},\" {a:said}. \"I was not nice to you.\"",
    "\"I was wrong,\" {a} said to {b:him}. \"I am sorry.\"",
  ]
  static let give: [Frame] = [
    "{a} gave {x:the} to {b:him}. \"you can have it,\" {a:he} said.",
    "then {a:he} gave {x:the} to {b:him}.",
  ]
  static let turns: [Frame] = [
    "\"we can take turns. you can go first,\" {a:he} said, and gave {b:him} {x:the}.",
    "{a} let {b:him} play with {x:the} first.",
  ]
  static let fair: [Frame] = [
    "\"that is fair,\" {a:said}.",
    "{a} smiled. \"then it will be your turn,\" {a:he} said.",
  ]
  static let forgive: [Frame] = [
    "\"let us be friends again,\" {a:said}, and hugged {b:him}.",
    "\"I am not angry anymore,\" {a:said}.",
    "{a} was not angry with {b:him} anymore.",
  ]
}
