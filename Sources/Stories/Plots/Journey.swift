extension Stage {
  /// Something has to be brought to a relative far away; on the way the traveller meets people who need or give things.
  mutating func journey() {
    let hero = child()
    open(with: hero)
    let elder = elder()
    let house = home(of: elder)
    note(.appear(elder, house))
    let load = thing([.baked, .clothing])
    if setting.isWoodland {
      tell(.own(hero, load), JourneyPhrases.bringGift, Roles(b: elder))
    } else {
      let parent = parent()
      note(.appear(parent, home(of: hero)))
      note(.own(parent, load))
      tell(.give(parent, load, to: hero), JourneyPhrases.send, Roles(c: elder))
    }
    let snack = thing([.food])
    tell(.own(hero, snack), JourneyPhrases.snack)
    paragraph()

    tell(.go(hero, place()), JourneyPhrases.setOff, Roles(x: load))
    let token = helpHungry(by: hero, with: snack)
    paragraph()
    if isShorter(than: 120) { crossWater(hero, load) }
    travel([hero], to: house)
    let giving = tell(.give(hero, load, to: elder), JourneyPhrases.deliver)
    feel(elder, random.pick([.happy, .thankful]), because: giving, saysWhy: false)
    if let token, random.chance(60) {
      say(JourneyPhrases.show, Roles(a: hero, b: elder, x: token))
    } else {
      thank(elder, hero)
    }
    close(hero, elder)
  }

  /// A hungry stranger gets the snack, and may give something for it.
  private mutating func helpHungry(by hero: Person.ID, with snack: Thing.ID) -> Thing.ID? {
    let stranger = random.chance(50) ? worker() : child()
    guard let here = world.place(of: hero) else { preconditionFailure("the traveller is nowhere") }
    note(.appear(stranger, here))
    say(JourneyPhrases.stranger, Roles(a: hero, b: stranger))
    say(JourneyPhrases.hungry, Roles(a: stranger, b: hero))
    let giving = tell(.give(hero, snack, to: stranger), JourneyPhrases.giveSnack)
    tell(.eat(stranger, snack), JourneyPhrases.eatSnack)
    guard random.chance(60) else {
      feel(stranger, .thankful, because: giving)
      return nil
    }
    let token = thing([.treasure])
    note(.own(stranger, token))
    tell(.give(stranger, token, to: hero), JourneyPhrases.reward)
    return token
  }

  /// The traveller slips, and the load falls down and is picked up again.
  private mutating func crossWater(_ hero: Person.ID, _ load: Thing.ID) {
    let crossing = place()
    tell(.go(hero, crossing), Phrases.go)
    if random.chance(50) {
      pass(hero, at: crossing)
      return
    }
    let corner = spot(at: crossing)
    let accident = tell(.lose(hero, load, corner), JourneyPhrases.slip)
    feel(hero, .worried, because: accident, saysWhy: false)
    tell(.find(hero, load, corner), Phrases.find)
  }
}

private enum JourneyPhrases {
  static let send: [Frame] = [
    "one day, {a} gave {b:him} {x:a}. \"please bring {x:it} to {c:name},\" {a:he} said.",
    "\"{c:name} would like {x:this} {x:n},\" {a:said} one morning, and gave {x:it} to {b:him}.",
    "one morning, {a} gave {x:a} to {b:him}. {x:they} {x:was} for {c:him}.",
  ]
  static let bringGift: [Frame] = [
    "one day, {a} wanted to bring {x:a} to {b:him}.",
    "{a} had {x:a} for {b:him}, who lived far away.",
    "one morning, {a} took {x:a} and wanted to visit {b:him}.",
  ]
  static let snack: [Frame] = [
    "for the way, {a} took {x:a}.",
    "{a} also took {x:a} to eat.",
    "{a:he} put {x:a} in {a:own} pocket, too.",
  ]
  static let setOff: [Frame] = [
    "it was a long way. first {a} came {p:to}.",
    "so {a} set off with {x:the}. soon {a:he} came {p:to}.",
    "{a} walked and walked until {a:he} came {p:to}.",
  ]
  static let stranger: [Frame] = [
    "there {a} saw {b:him}.",
    "{b} was sitting there.",
    "there {a} met {b:him}.",
  ]
  static let hungry: [Frame] = [
    "\"I have not eaten all day,\" {a:said}.",
    "\"I am so hungry,\" {a} said to {b:him}.",
    "\"do you have something to eat?\" {a:asked}.",
  ]
  static let giveSnack: [Frame] = [
    "{a} gave {b:him} {x:the}.",
    "\"you can have my {x:short},\" {a:said}, and gave it to {b:him}.",
    "{a} was kind and gave {x:the} to {b:him}.",
  ]
  static let eatSnack: [Frame] = [
    "{a} ate {x:it} all up.",
    "{a} was so hungry that {a:he} ate {x:it} at once.",
    "{a} ate {x:the} with a smile.",
  ]
  static let reward: [Frame] = [
    "\"this is for you,\" {a:said}, and gave {b:him} {x:a}.",
    "to say thank you, {a} gave {b:him} {x:a}.",
    "\"take this, {b:name},\" {a:said}. it was {x:a}.",
  ]
  static let slip: [Frame] = [
    "{a} slipped, and {x:the} fell down. where {x:was} {x:they}?",
    "{a} sat down to rest. when {a:he} got up, {a:he} could not see {x:the} anymore.",
  ]
  static let deliver: [Frame] = [
    "\"I have something for you, {b:name},\" {a:said}, and gave {b:him} {x:the}.",
    "{a} gave {x:the} to {b:him}.",
    "{b} was waiting at the door, and {a} gave {b:him} {x:the}.",
  ]
  static let show: [Frame] = [
    "{a} showed {b:him} {x:the} too and told {b:him} about the long way.",
    "\"and look what I got!\" {a:said}, and showed {b:him} {x:the}.",
  ]
}
