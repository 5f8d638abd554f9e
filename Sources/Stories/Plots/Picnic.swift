extension Stage {
  /// Three bring something to eat, one has nothing left, and they share.
  mutating func picnic() {
    let hero = child()
    open(with: hero)
    let (second, third) = (friend(of: hero), friend(of: hero))
    let meadow = place(.green)
    let weather = random.pick([Weather.sunny, .windy])
    note(.weather(weather))
    for person in [hero, second, third] { arrive(person, at: meadow) }
    say(PicnicPhrases.start, Roles(a: hero, b: second, c: third, p: meadow, w: weather.rawValue))
    let foods = (0..<3).map { _ in thing([.food]) }
    tell(.own(hero, foods[0]), PicnicPhrases.bring)
    tell(.own(second, foods[1]), PicnicPhrases.bring)

    let helper = random.pick([hero, second])
    let shared = helper == hero ? foods[0] : foods[1]
    var meal = shared
    if random.chance(50) {
      tell(.own(third, foods[2]), PicnicPhrases.bring)
      paragraph()
      let thief = setting.isWoodland ? nil : pet()
      let accident = loseFood(foods[2], of: third, to: thief, at: meadow)
      feel(third, random.pick([.sad, .hungry]), because: accident, saysWhy: false)
    } else {
      say(PicnicPhrases.nothing, Roles(a: third))
      feel(third, random.pick([.sad, .hungry, .sorry]), because: nil)
      paragraph()
      meal = foods[2]
      note(.own(helper, meal))
    }
    let giving: Int
    if meal == shared {
      giving = tell(.give(helper, shared, to: third), PicnicPhrases.giveAway)
    } else {
      giving = tell(.give(helper, meal, to: third), PicnicPhrases.giveExtra)
    }
    if random.chance(60) { thank(third, helper) } else { feel(third, .thankful, because: giving) }
    say(PicnicPhrases.eat, Roles(a: hero, b: second, c: third))
    eatEverything()
    if random.chance(50) { say(PicnicPhrases.after, Roles(a: hero, b: second, c: third)) }
    close(helper, third)
  }

  /// A pet eats the food, or it falls into the mud.
  private mutating func loseFood(
    _ food: Thing.ID, of owner: Person.ID, to thief: Person.ID?, at meadow: Place.ID
  ) -> Int {
    guard let thief else {
      let corner = spot(at: meadow)
      return tell(.lose(owner, food, corner), PicnicPhrases.drop)
    }
    let corner = Spot(place: meadow, phrase: "on the blanket")
    tell(.putDown(owner, food, corner), PicnicPhrases.lay)
    note(.appear(thief, meadow))
    note(.pickUp(thief, food, corner))
    return tell(.eat(thief, food), PicnicPhrases.steal)
  }

  private mutating func eatEverything() {
    for index in world.things.indices {
      let food = Thing.ID(index: index)
      if let holder = world.holder(of: food) { note(.eat(holder, food)) }
    }
  }
}

private enum PicnicPhrases {
  static let start: [Frame] = [
    "one {w} day, {abc} had a picnic {p:at}.",
    "it was a {w} day, and {abc} went {p:to} for a picnic.",
  ]
  static let bring: [Frame] = [
    "{a} had {x:a}.",
    "{a} brought {x:a}.",
    "\"I have {x:a},\" {a:said}.",
  ]
  static let nothing: [Frame] = [
    "but {a} had nothing to eat.",
    "\"oh no, I forgot my food!\" {a:said}.",
    "{a} had left {a:own} food at home.",
  ]
  static let drop: [Frame] = [
    "but {a} fell, and {x:the} rolled away and got dirty. nobody could eat it now.",
    "then {a} dropped {x:the} in the dirt. nobody wanted to eat it now.",
  ]
  static let lay: [Frame] = [
    "{a} put {x:the} {s}.",
    "they sat down, and {a} put {x:the} {s}.",
  ]
  static let steal: [Frame] = [
    "suddenly {a} came running and ate {x:it}!",
    "but {a} came and ate {x:the}!",
  ]
  static let giveAway: [Frame] = [
    "\"you can have my {x:short},\" {a:said}, and gave it to {b:him}.",
    "so {a} gave {x:the} to {b:him}. \"I am not very hungry,\" {a:he} said.",
  ]
  static let giveExtra: [Frame] = [
    "\"I also have {x:a},\" {a:said}. \"you can have it.\" {a} gave {b:him} {x:the}.",
    "luckily, {a} had {x:a} too, and gave {x:it} to {b:him}.",
  ]
  static let eat: [Frame] = [
    "then they all sat down and ate.",
    "everybody had something to eat, and it was good.",
    "they ate until nothing was left.",
  ]
  static let after: [Frame] = [
    "after that, they played a game.",
    "then they lay down and looked at the sky.",
    "they told funny stories and laughed.",
  ]
}
