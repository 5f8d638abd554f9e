extension Stage {
  /// Two bake for somebody; something is missing and has to be fetched, or the first cake is eaten by the dog.
  mutating func baking() {
    let hero = child()
    open(with: hero)
    let cook = setting.isWoodland || random.chance(50) ? elder() : parent()
    let isParent = ["mother", "father"].contains(world.people[cook.index].kind)
    let kitchen = home(of: isParent ? hero : cook)
    note(.appear(cook, kitchen))
    if !isParent { tell(.go(hero, kitchen), BakingPhrases.visitCook, Roles(b: cook)) }
    let guest = friend(of: hero)
    note(.appear(guest, home(of: guest)))
    let cake = thing([.baked])
    say(BakingPhrases.plan, Roles(a: cook, b: hero, c: guest, x: cake))

    let ingredient = thing(
      random.pick(["bag of flour", "bottle of milk", "jar of honey", "bag of sugar", "bag of nuts"]))
    say(BakingPhrases.missing, Roles(a: cook, b: hero, x: ingredient))
    paragraph()
    if random.chance(40) {
      rummage(for: ingredient, by: hero, at: kitchen)
    } else {
      fetch(ingredient, by: hero)
      tell(.go(hero, kitchen), BakingPhrases.comeBack, Roles(x: ingredient))
    }
    tell(.give(hero, ingredient, to: cook), BakingPhrases.bring)
    note(.useUp(cook, ingredient))
    tell(.make(cook, cake), BakingPhrases.bake, Roles(b: hero))
    paragraph()

    var present = cake
    if !setting.isWoodland, isShorter(than: 100), random.chance(50) {
      present = bakeAgain(after: cake, cook, with: hero, at: kitchen)
    }
    tell(.give(cook, present, to: hero), BakingPhrases.handOver, Roles(c: guest))
    travel([hero], to: home(of: guest))
    let giving = tell(.give(hero, present, to: guest), BakingPhrases.deliver, Roles(c: cook))
    feel(guest, random.pick([.happy, .surprised, .thankful]), because: giving)
    if random.chance(60) { thank(guest, hero) }
    tell(.eat(guest, present), BakingPhrases.eat, Roles(b: hero))
    if random.chance(50) { feel(hero, random.pick([.happy, .proud]), because: giving, saysWhy: false) }
  }

  /// The missing thing is in one of two containers.
  private mutating func rummage(for thing: Thing.ID, by person: Person.ID, at kitchen: Place.ID) {
    let right = self.thing([.container])
    let wrong = self.thing([.container])
    let corners = world.places[kitchen.index].hideouts.map { Spot(place: kitchen, phrase: $0) }
    note(.lie(right, corners[0]))
    note(.lie(wrong, corners[1]))
    note(.contain(thing, in: right))
    if random.chance(60) {
      tell(.lookInside(person, thing, wrong), BakingPhrases.wrongContainer, Roles(s: corners[1]))
    } else {
      say(BakingPhrases.otherContainer, Roles(x: wrong, s: corners[1]))
    }
    tell(.takeOut(person, thing, from: right), BakingPhrases.rightContainer, Roles(s: corners[0]))
  }

  private mutating func fetch(_ thing: Thing.ID, by person: Person.ID) {
    let seller = worker()
    let shop = place()
    note(.appear(seller, shop))
    note(.own(seller, thing))
    travel([person], to: shop, isPurposeful: true)
    say(BakingPhrases.askSeller, Roles(a: person, b: seller, x: thing))
    if random.chance(50) {
      let chore = random.pick(Lexicon.chores)
      say(BakingPhrases.price, Roles(a: seller, b: person, w: chore))
      tell(.help(person, seller), BakingPhrases.work, Roles(w: chore))
    }
    tell(.give(seller, thing, to: person), BakingPhrases.sell)
  }

  /// The cake cools on the windowsill until an animal eats it; a second one is baked.
  private mutating func bakeAgain(
    after cake: Thing.ID, _ cook: Person.ID, with hero: Person.ID, at kitchen: Place.ID
  ) -> Thing.ID {
    let animal = pet()
    let sill = Spot(place: kitchen, phrase: random.pick(["on the table", "next to the window", "on a chair"]))
    tell(.putDown(cook, cake, sill), BakingPhrases.cool)
    note(.appear(animal, kitchen))
    note(.pickUp(animal, cake, sill))
    let theft = tell(.eat(animal, cake), BakingPhrases.stolen, Roles(b: hero))
    feel(hero, random.pick([.sad, .angry]), because: theft, saysWhy: false)
    let second = thing([.baked])
    tell(.make(cook, second), BakingPhrases.again, Roles(b: hero))
    return second
  }
}

private enum BakingPhrases {
  static let visitCook: [Frame] = [
    "one day, {a} went to see {b:him}.",
    "one morning, {a} went to visit {b:him}.",
  ]
  static let plan: [Frame] = [
    "{c} was sick in bed. \"let us bake {x:a} for {c:name},\" {a:said}.",
    "it was the birthday of {c:him}, so {a} wanted to bake {x:a}.",
    "{c} was sad that day. \"let us bake {x:a} for {c:name},\" {a:said}.",
    "{a} wanted to bake {x:a} for {c:him}.",
  ]
  static let missing: [Frame] = [
    "but {a} needed {x:a}. \"can you get one, {b:name}?\" {a:he} asked.",
    "but one thing was missing. {a} needed {x:a}.",
    "{a} looked around. \"where can we get {x:a}?\" {a:he} asked.",
  ]
  static let wrongContainer: [Frame] = [
    "{a} looked in {y:a} {s}, but {x:the} was not in there.",
    "first {a} opened {y:a} {s}. there was nothing in it.",
  ]
  static let otherContainer: [Frame] = ["there was {x:a} {s}, but it was empty."]
  static let rightContainer: [Frame] = [
    "then {a} opened {y:a} {s} and took out {x:the}.",
    "there was also {y:a} {s}. {a} looked inside and found {x:the}.",
  ]
  static let askSeller: [Frame] = [
    "{b} was there. \"do you have {x:a}?\" {a:asked}.",
    "there {a} met {b:him}. \"please, I need {x:a},\" {a:said}.",
    "\"we want to bake,\" {a} said to {b:him}. \"may I have {x:a}?\"",
  ]
  static let price: [Frame] = [
    "\"yes, but first help me {w},\" {a:said}.",
    "\"if you help me {w}, you can have one,\" {a:said}.",
  ]
  static let work: [Frame] = [
    "so {a} helped {b:him} {w}.",
    "{a} helped {b:him} {w} until it was done.",
  ]
  static let sell: [Frame] = [
    "{a} gave {b:him} {x:the}.",
    "\"here you are,\" {a:said}, and gave {x:the} to {b:him}.",
  ]
  static let comeBack: [Frame] = [
    "{a} ran back {p:to} with {x:the}.",
    "{a} carried {x:the} {p:to}.",
  ]
  static let bring: [Frame] = [
    "{a} gave {x:it} to {b:him}.",
    "\"here it is,\" {a:said}, and gave {x:the} to {b:him}.",
    "\"good work, {a:name}!\" {b:said}, and took {x:the}.",
  ]
  static let bake: [Frame] = [
    "they mixed and stirred, and soon {x:the} was done.",
    "together they baked {x:the}. it smelled so good!",
    "they put {x:the} in the oven and waited. it smelled so good!",
  ]
  static let cool: [Frame] = [
    "{a} put {x:the} {s} to cool.",
    "{x:the} was still hot, so {a} put it {s}.",
  ]
  static let stolen: [Frame] = [
    "but then {a} came in and ate it all!",
    "{b} turned around. {a} had jumped up and was eating {x:the}!",
  ]
  static let again: [Frame] = [
    "\"do not worry,\" {a:said} to {b:him}. they went back to work and baked {x:a}.",
    "\"we will bake something new,\" {a:said}. so they made {x:a}.",
  ]
  static let handOver: [Frame] = [
    "{a} gave {x:the} to {b:him}. \"take it to {c:name},\" {a:he} said.",
    "\"please take {x:the} to {c:name},\" {a:said}, and gave it to {b:him}.",
  ]
  static let deliver: [Frame] = [
    "\"{c:name} and I made this for you,\" {a:said}, and gave {b:him} {x:the}.",
    "{a} gave {b:him} {x:the}.",
    "\"this {x:short} is for you, {b:name},\" {a:said}.",
  ]
  static let eat: [Frame] = [
    "{a} ate {x:it} all up.",
    "{a} ate {x:the} and smiled. it was so good.",
    "{a} took a bite. \"yummy!\" {a:he} said, and ate {x:the}.",
  ]
}
