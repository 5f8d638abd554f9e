extension Stage {
  /// A key is found, the chest it opens is searched for, and what is in it is kept, shared or returned.
  mutating func treasure() {
    let hero = child()
    open(with: hero)
    let friend = friend(of: hero)
    let (first, second) = (place(), place())
    oneDay(hero, friend, at: first)
    if random.chance(50) { pass(hero, and: friend, at: first) }
    let key = thing("key", random.pick(["golden", "silver", "old", "tiny", "shiny"]))
    let corner = spot(0, at: first)
    note(.lie(key, corner))
    let finder = random.pick([hero, friend])
    let other = finder == hero ? friend : hero
    tell(.find(finder, key, corner), TreasurePhrases.findKey)
    say(TreasurePhrases.wonder, Roles(a: other, b: finder, x: key))
    paragraph()

    let chest = thing(
      random.pick(["chest", "box", "trunk"]), random.pick(["big", "brown", "wooden", "heavy", "green"]))
    let prize = thing([.treasure, .toy])
    let spot = spot(1, at: second)
    note(.lie(chest, spot))
    note(.contain(prize, in: chest))
    travel([hero, friend], to: second)
    say(TreasurePhrases.seeChest, Roles(a: other, b: finder, x: chest, s: spot))
    say(TreasurePhrases.tryKey, Roles(a: finder, b: other, x: key, y: chest))
    tell(.takeOut(finder, prize, from: chest), TreasurePhrases.open)
    paragraph()
    switch random.below(3) {
    case 0:
      let giving = tell(.give(finder, prize, to: other), TreasurePhrases.share)
      feel(other, .happy, because: giving)
      if random.chance(60) { thank(other, finder) }
      say(TreasurePhrases.keepKey, Roles(a: finder, x: key))
    case 1:
      returnToOwner(prize, by: finder, with: other)
    default:
      tell(.give(finder, key, to: other), TreasurePhrases.splitUp, Roles(y: prize))
      feel(finder, random.pick([.happy, .excited]), because: nil)
    }
    close(hero, friend)
  }

  /// Somebody has missed the treasure for a long time.
  private mutating func returnToOwner(_ prize: Thing.ID, by finder: Person.ID, with other: Person.ID) {
    let owner = worker()
    let house = place()
    note(.appear(owner, house))
    travel([finder, other], to: house)
    say(TreasurePhrases.meetOwner, Roles(a: owner, b: finder, x: prize))
    let giving = tell(.give(finder, prize, to: owner), TreasurePhrases.giveToOwner)
    feel(owner, random.pick([.happy, .thankful]), because: giving)
    if random.chance(60) { thank(owner, finder) }
  }
}

private enum TreasurePhrases {
  static let findKey: [Frame] = [
    "then {a} found {x:a} {s}.",
    "something was {s}. it was {x:a}! {a} picked {x:it} up.",
    "\"look what I found!\" {a:cried}. it was {x:a}, and it had been {s}.",
  ]
  static let wonder: [Frame] = [
    "\"what does it open?\" {a:asked}.",
    "\"we must find out what it opens,\" {a:said}.",
    "\"maybe it opens a treasure chest!\" {a:said}.",
  ]
  static let seeChest: [Frame] = [
    "there, {s}, they saw {x:a}.",
    "{a} looked {s} and found {x:a}.",
    "\"come here!\" {a:called}. {s}, there was {x:a}.",
  ]
  static let tryKey: [Frame] = [
    "{a} put {x:the} in the lock. click! {y:the} opened.",
    "{a} tried {x:the}, and it fit. {y:the} was open!",
    "it was locked, but {a} had {x:the}. it fit!",
  ]
  static let open: [Frame] = [
    "inside was {x:a}, and {a} took it out.",
    "{a} looked inside and took out {x:a}.",
    "{a} found {x:a} in it.",
  ]
  static let share: [Frame] = [
    "\"I want you to have it, {b:name},\" {a:said}, and gave {x:the} to {b:him}.",
    "{a} gave {x:the} to {b:him}. \"because you are my friend,\" {a:he} said.",
  ]
  static let keepKey: [Frame] = [
    "{a} kept {x:the}.",
    "{a} put {x:the} in {a:own} pocket.",
  ]
  static let splitUp: [Frame] = [
    "{a} kept {y:the} and gave {x:the} to {b:him}.",
    "\"you can have {x:the},\" {a} said to {b:him}. {a} kept {y:the}.",
  ]
  static let meetOwner: [Frame] = [
    "there they met {a:him}. \"that is my {x:short}!\" {a:said}. \"I lost it long ago.\"",
    "{a} was there. \"I lost {x:a} when I was young,\" {a:he} said.",
  ]
  static let giveToOwner: [Frame] = [
    "\"then it is yours,\" {a:said}, and gave {x:the} to {b:him}.",
    "{a} gave {b:him} {x:the} at once.",
    "so {a} gave {x:the} to {b:him}.",
  ]
}
