extension Stage {
  /// A seed is given, planted and watered, and what grows from it is given away.
  mutating func planting() {
    let hero = child()
    open(with: hero)
    let elder = elder()
    let house = home(of: hero)
    let seed = thing("seed", random.pick(["tiny", "little", "brown", "black", "round"]))
    note(.appear(elder, house))
    note(.own(elder, seed))
    tell(.give(elder, seed, to: hero), PlantingPhrases.giveSeed)
    if random.chance(50) { say(PlantingPhrases.explain, Roles(a: elder, b: hero)) }
    let bed = Spot(place: house, phrase: random.pick(PlantingPhrases.beds))
    tell(.putDown(hero, seed, bed), PlantingPhrases.plant)
    paragraph()

    say(PlantingPhrases.water, Roles(a: hero))
    if random.chance(60) {
      say(PlantingPhrases.nothing, Roles(x: seed))
      feel(hero, random.pick([.sad, .bored, .worried]), because: nil)
      say(PlantingPhrases.patience, Roles(a: elder, b: hero))
    }
    let weather = random.pick([Weather.rainy, .sunny])
    note(.weather(weather))
    say(weather == .rainy ? PlantingPhrases.rain : PlantingPhrases.sun, Roles())
    let plant =
      random.chance(50)
      ? thing("flower", random.pick(["red", "blue", "yellow", "white", "pink", "purple"]))
      : thing(random.pick(["pumpkin", "carrot", "sunflower"]), random.pick(["big", "huge"]))
    tell(.lie(plant, bed), PlantingPhrases.grow, Roles(a: hero))
    feel(hero, random.pick([.happy, .excited, .proud]), because: nil)
    paragraph()

    tell(.pickUp(hero, plant, bed), PlantingPhrases.pick)
    let receiver = random.chance(50) ? elder : friend(of: hero)
    if receiver != elder {
      note(.appear(receiver, home(of: receiver)))
      say(PlantingPhrases.think, Roles(a: hero, c: receiver))
      travel([hero], to: home(of: receiver))
    }
    let giving = tell(.give(hero, plant, to: receiver), PlantingPhrases.give)
    feel(receiver, random.pick([.happy, .surprised, .thankful]), because: giving)
    if random.chance(50) { thank(receiver, hero) }
    if random.chance(50) { close(hero, receiver) }
  }
}

private enum PlantingPhrases {
  static let beds = ["next to the house", "behind the house", "near the gate", "by the wall"]

  static let giveSeed: [Frame] = [
    "one day, {a} came to see {b:him} and gave {b:him} {x:a}.",
    "one spring morning, {a} gave {b:him} {x:a}.",
    "{a} came to visit. \"I have {x:a} for you, {b:name},\" {a:he} said.",
  ]
  static let explain: [Frame] = [
    "\"give it water every day,\" {a:said}.",
    "\"put it in the ground and wait,\" {a:said}.",
    "\"what will it be?\" {b:asked}. \"wait and see,\" {a:said}.",
  ]
  static let plant: [Frame] = [
    "{a} made a little hole {s} and put {x:the} in it.",
    "{a} put {x:the} in the ground {s}.",
    "{a} planted {x:the} {s}.",
  ]
  static let water: [Frame] = [
    "every day, {a} gave it some water.",
    "{a} watered it every morning.",
    "{a} brought water day after day.",
  ]
  static let nothing: [Frame] = [
    "but nothing came up.",
    "days went by, and nothing happened.",
    "but there was only brown earth.",
  ]
  static let patience: [Frame] = [
    "\"good things take time, {b:name},\" {a:said}.",
    "\"you have to wait,\" {a} said to {b:him}.",
    "\"do not give up,\" {a:said}.",
  ]
  static let rain: [Frame] = [
    "then it rained for three days.",
    "one night, there was a soft rain.",
  ]
  static let sun: [Frame] = [
    "then the sun came out and it was warm.",
    "the days got warm and sunny.",
  ]
  static let grow: [Frame] = [
    "one morning, there {x:was} {x:a} {s}!",
    "{a} looked out of the window. {s}, there was {x:a}!",
    "and then, one day, {a} saw {x:a} {s}!",
  ]
  static let pick: [Frame] = [
    "{a} picked {x:the} very gently.",
    "carefully, {a} picked {x:the}.",
  ]
  static let think: [Frame] = [
    "\"I will bring it to {c:name},\" {a:thought}. {c} was sick in bed.",
    "{a} knew who would like it. it was for {c:him}.",
    "it was the birthday of {c:him}.",
  ]
  static let give: [Frame] = [
    "\"this {x:short} is for you, {b:name},\" {a:said}, and gave it to {b:him}.",
    "{a} gave {x:the} to {b:him}.",
    "{a} gave {b:him} {x:the}. \"it grew from a tiny seed,\" {a:he} said.",
  ]
}
