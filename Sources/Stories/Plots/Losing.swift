/// Something is not where it was, and somebody looks for it.
extension Stage {
  /// A thing is lost on a walk, missed at home, and found again where it was lost.
  mutating func lostAndFound() {
    let (hero, toy, ground) = (child(), thing(.toy, .treasure, .clothing), place())
    open(with: hero)
    tellOwning(hero, toy)
    oneDay(hero, at: ground)
    if chance(60) { pass(hero, at: ground) }
    note(.lose(hero, toy, ground.corner(0)))
    paragraph()
    tell(
      .go(hero, home(of: hero)),
      "(When it got late,|Then it was time for dinner, and|In the evening,) \(hero) (went|ran) home.")
    say(
      "But where was \(toy.the)? It was gone!",
      "“(Oh no! My \(toy.bare) is gone!|Where is my \(toy.bare)?)” \(hero.cried).")
    feel(hero, .sad, .worried, because: "\(hero.he) had lost \(toy.the).")
    if chance(30) { return askKeeper(of: toy, lostBy: hero, at: ground.corner(0)) }
    let friend = friend(of: hero)
    arrive(friend, at: home(of: hero))
    say("(Just then|Soon), \(friend) came (by|to play).")
    say("“(I will help you, \(hero.call)|We will find \(toy.the) together),” \(friend.said).")
    paragraph()
    search(for: toy, hero, with: friend, at: ground.corner(0))
    close(hero, friend)
  }

  /// A grown-up has found the thing first, and gives it back.
  private mutating func askKeeper(of toy: Thing, lostBy hero: Person, at corner: Spot) {
    let keeper = worker()
    note(.appear(keeper, corner.place), .find(keeper, toy, corner))
    paragraph()
    travel(hero, to: corner.place)
    meet(hero, keeper)
    say("“(Have you seen my \(toy.bare)?|Where is my \(toy.bare)?)” \(hero.asked).")
    say("“(Yes! I found it|Is it yours? It was) \(corner),” \(keeper.said).")
    handBack(toy, by: keeper, to: hero)
    feel(hero, .happy, because: "\(hero.he) had \(toy.the) back.")
    thank(hero, keeper)
  }

  /// The wind takes a thing away, the rain sends everybody home, and after the storm the thing is found.
  mutating func storm() {
    let (hero, toy) = (child(), thing(.light))
    open(with: hero)
    tellOwning(hero, toy)
    let (friend, ground, other, house) = (friend(of: hero), place(.open, .green), place(.open, .green), home(of: hero))
    oneDay(hero, friend, at: ground, .sunny)
    paragraph()
    note(.weather(.stormy))
    say(
      "But then dark clouds came, and the wind began to blow.", "(Suddenly|Then) the sky was dark. A storm was coming!")
    tell(.carryOff(toy, other.corner(0)), "(Whoosh! |)The wind (took \(toy.the) and blew it far|blew \(toy.the)) away.")
    note(.go(hero, house), .go(friend, house))
    say("(Big drops of rain fell|It began to rain), so \(all: hero, friend) ran \(house.to).")
    let (scared, brave) = pick((hero, friend), (friend, hero))
    tell(.feel(scared, .scared), "\(scared) was scared. “I am here with you, \(scared.call),” \(brave.said).")
    paragraph()
    note(.weather(.sunny))
    say("(At last, the storm was over, and the sun came out|Soon the rain stopped, and there was a rainbow).")
    search(for: toy, hero, with: friend, at: other.corner(0))
    if chance(60) { close(hero, friend) }
  }

  /// A pet runs away at a noise, hides, and is found and brought home.
  mutating func lostPet() {
    let hero = child()
    open(with: hero)
    let (pet, ground, hideout, house) = (pet(), place(), place(), home(of: hero))
    note(.appear(pet, house))
    say("(\(hero) had|\(hero.his) best friend was|\(hero) loved) \(pet.intro) named \(pet.call).")
    oneDay(hero, pet, at: ground)
    paragraph()
    let noise = pick("a loud bang", "a big truck", "some thunder", "a loud horn")
    tell(
      .go(pet, hideout), "Suddenly there was \(noise)! \(pet.call) ran away.",
      "(Then \(pet.call) heard \(noise)|But \(noise) scared \(pet.call)), and \(pet.he) ran away.")
    note(.hide(pet, hideout.corner(0)))
    feel(hero, .sad, .worried, because: "\(pet.call) had run away.")
    say("“(\(pet.call), where are you?|Please come back, \(pet.call)!)” \(hero.called).")
    let witness = chance(50) ? worker() : friend(of: hero)
    meet(hero, witness)
    say("“(Have you seen \(pet.call)?|Where is my \(pet.kind) \(pet.call)?)” \(hero.asked).")
    say("“(I saw a \(pet.kind) \(hideout.at)|Yes, \(pet.call) ran \(hideout.to)),” \(witness.said).")
    paragraph()
    travel(hero, to: hideout)
    tell(
      .discover(hero, pet, hideout.corner(0)), "\(hero) looked \(hideout.corner(0)) and found \(pet.call)!",
      "“There you are, \(pet.call)!” \(hero.cried). \(pet.call) was \(hideout.corner(0)).")
    feel(hero, .happy, because: "\(hero.he) had found \(pet.call).")
    note(.go(pet, house))
    tell(.go(hero, house), "(\(hero) took \(pet.call)|Then \(hero) and \(pet.call) went) home.")
    say("That night, \(pet.call) slept next to \(hero.him).", "“Never run away again, \(pet.call),” \(hero.said).")
  }

  /// Somebody puts a thing away and goes out; somebody else moves it; the first one looks where it was left.
  mutating func movedThing() {
    let (hero, toy) = (child(), thing(.toy, .treasure))
    open(with: hero)
    tellOwning(hero, toy)
    let (first, second, room, ground) = (thing(.container), thing(.container), home(of: hero), place())
    note(.lie(first, room.corner(0)), .lie(second, room.corner(1)))
    say("At home, there was \(first.intro) \(room.corner(0)) and \(second.intro) \(room.corner(1)).")
    tell(
      .put(hero, toy, in: first),
      "\(hero) (put \(toy.the) in \(first.the)|opened \(first.the) and put \(toy.the) in it).")
    tell(.go(hero, ground), "(Then|After that,) \(hero) (went|ran) \(ground.to).")
    if chance(40) { pass(hero, at: ground) }
    paragraph()
    let mover = setting.isWoodland ? friend(of: hero) : parent()
    note(.appear(mover, room))
    tell(.takeOut(mover, toy, of: first), "While \(hero.call) was away, \(mover) took \(toy.the) out of \(first.the).")
    tell(.put(mover, toy, in: second), "(|Then )\(mover) put \(toy.the) in \(second.the).")
    paragraph()
    tell(.go(hero, room), "(Later|In the evening), \(hero) came home.")
    tell(
      .look(hero, for: toy, in: first), "\(hero) looked in \(first.the), but \(toy.the) was not there.",
      "\(hero) opened \(first.the). \(toy.the) was gone!")
    say("“(\(mover.call), where is my \(toy.bare)?|Did you see my \(toy.bare), \(mover.call)?)” \(hero.asked).")
    say("“(I put it|Look) in \(second.the),” \(mover.said).")
    tell(.takeOut(hero, toy, of: second), "\(hero) (opened|ran to) \(second.the) and found \(toy.the) in it.")
    feel(hero, .happy, because: "\(hero.he) had \(toy.the) back.")
  }
}
