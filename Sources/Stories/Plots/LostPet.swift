extension Stage {
  /// A pet runs away at a noise, hides, and is found and brought home.
  mutating func lostPet() {
    let hero = child()
    open(with: hero)
    let pet = pet()
    let ground = place()
    let elsewhere = place()
    let house = home(of: hero)
    note(.appear(pet, house))
    say(LostPetPhrases.have, Roles(a: hero, b: pet))
    paragraph()
    let weather = random.pick([Weather.sunny, .windy, .cold])
    note(.weather(weather))
    note(.go(hero, ground))
    note(.go(pet, ground))
    say(LostPetPhrases.walk, Roles(a: hero, b: pet, p: ground, w: weather.rawValue))
    if random.chance(50) { say(LostPetPhrases.play, Roles(a: hero, b: pet)) }
    tell(.go(pet, elsewhere), LostPetPhrases.runAway, Roles(b: hero, w: random.pick(LostPetPhrases.noises)))
    let corner = Spot(place: elsewhere, phrase: world.places[elsewhere.index].hideouts[0])
    note(.hide(pet, corner))
    feel(hero, random.pick([.sad, .worried]), because: nil)
    say(LostPetPhrases.call, Roles(a: hero, c: pet))
    paragraph()

    let witness = random.chance(50) ? worker() : friend(of: hero)
    meet(hero, witness)
    say(LostPetPhrases.ask, Roles(a: hero, b: witness, c: pet))
    say(LostPetPhrases.answer, Roles(a: witness, b: hero, c: pet, q: elsewhere))
    let helps = random.chance(50)
    let seekers = helps ? [hero, witness] : [hero]
    travel(seekers, to: elsewhere)
    if random.chance(50) {
      say(LostPetPhrases.notHere, Roles(a: random.pick(seekers), s: spot(at: elsewhere)))
    }
    tell(.discover(random.pick(seekers), pet, corner), LostPetPhrases.find)
    feel(hero, .happy, because: nil)
    if random.chance(60) { say(LostPetPhrases.cuddle, Roles(a: hero, b: pet)) }
    paragraph()
    if helps { thank(hero, witness) }
    note(.go(pet, house))
    tell(.go(hero, house), LostPetPhrases.goHome, Roles(b: pet))
    let treat = treat(for: pet)
    note(.own(hero, treat))
    tell(.give(hero, treat, to: pet), LostPetPhrases.feed)
    note(.eat(pet, treat))
    say(LostPetPhrases.sleep, Roles(a: hero, b: pet))
  }

  private mutating func treat(for pet: Person.ID) -> Thing.ID {
    switch world.people[pet.index].kind {
    case "dog", "puppy": thing("bone", random.pick(["big", "yummy"]))
    case "cat", "kitten": thing("fish", random.pick(["big", "fresh", "little"]))
    default: thing(random.pick(["carrot", "apple"]), random.pick(["big", "fresh", "sweet"]))
    }
  }
}

private enum LostPetPhrases {
  static let noises = ["a loud bang", "a big truck", "a clap of thunder", "a loud horn"]

  static let have: [Frame] = [
    "{a} had {b:a} named {b:name}.",
    "{a:his} best friend was {b:a} named {b:name}.",
    "{a} loved {a:own} pet, {b:a} named {b:name}.",
  ]
  static let walk: [Frame] = [
    "one {w} (day|morning|afternoon), {ab} went {p:to}.",
    "it was a {w} (day|morning|afternoon), and {a} took {b:him} {p:to}.",
  ]
  static let play: [Frame] = [
    "{a} threw a stick, and {b:name} ran after it.",
    "{b:name} jumped and ran around {a:him}.",
    "they ran and played together.",
  ]
  static let runAway: [Frame] = [
    "suddenly there was {w}! {a:name} ran away, and {b} could not see {a:him} anymore.",
    "then {a:name} heard {w} and ran away as fast as {a:he} could.",
    "but {w} scared {a:name}, and {a:he} ran away.",
  ]
  static let call: [Frame] = [
    "\"{c:name}! {c:name}, where are you?\" {a:called}.",
    "{a} called and called, but {c:name} did not come.",
    "\"please come back, {c:name}!\" {a:cried}.",
  ]
  static let ask: [Frame] = [
    "\"have you seen {c:name}?\" {a:asked}.",
    "\"{c:name} ran away,\" {a:said}. \"did you see {c:him}?\"",
    "\"I cannot find {c:name},\" {a:said} with tears in {a:own} eyes.",
  ]
  static let answer: [Frame] = [
    "\"I saw a {c:kind} {q:at},\" {a:said}.",
    "\"yes, {c:he} ran {q:to},\" {a:said}.",
    "\"look {q:at},\" {a:said}. \"I saw a {c:kind} there.\"",
  ]
  static let notHere: [Frame] = [
    "{a} looked {s}, but there was nobody.",
    "there was nobody {s}.",
  ]
  static let find: [Frame] = [
    "then {a} looked {s} and found {b:name}!",
    "\"there you are, {b:name}!\" {a:cried}. {b:he} was {s}.",
    "at last, {a} found {b:name} {s}.",
  ]
  static let cuddle: [Frame] = [
    "{a} held {b:name} close and did not want to let go.",
    "{b:name} jumped up and licked {a:his} face.",
    "\"never run away again,\" {a:said}, and hugged {b:name}.",
  ]
  static let goHome: [Frame] = [
    "{a} took {b:name} {p:to}.",
    "then {a} and {b:name} went {p:to}.",
    "{a} carried {b:name} {p:to}.",
  ]
  static let feed: [Frame] = [
    "{a} gave {b:him} {x:a}, and {b:name} ate it all.",
    "{b:name} was hungry, so {a} gave {b:him} {x:a}.",
  ]
  static let sleep: [Frame] = [
    "that night, {b:name} slept next to {a:him}.",
    "{b:name} fell asleep on {a:his} bed.",
    "soon they both fell asleep.",
  ]
}
