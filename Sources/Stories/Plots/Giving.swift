/// Somebody wants to bring something to somebody else.
extension Stage {
  /// Somebody wants to give a present, and has to get it first.
  mutating func gift() {
    let hero = child()
    open(with: hero)
    let (receiver, isSick) = (chance(70) ? friend(of: hero) : elder(), chance(30))
    note(.appear(receiver, home(of: receiver)))
    if isSick {
      say("\(receiver) was sick (in bed|that day), and \(hero) wanted to cheer \(receiver.him) up.")
    } else {
      say("It was the birthday of \(receiver.him).", "\(hero) wanted to give a present to \(receiver.him).")
    }
    let present = obtain(for: receiver, by: hero)
    paragraph()
    travel(hero, to: home(of: receiver))
    handOver(present, by: hero, to: receiver)
    receive(present, receiver, from: hero)
    if isSick { return say("(Soon|The next day,) \(receiver) was well again.") }
    if chance(50) { close(hero, receiver) }
  }

  /// Gets a present: makes, finds, swaps or earns it.
  private mutating func obtain(for receiver: Person, by hero: Person) -> Thing {
    let way = random.below(4)
    let present = way == 0 ? thing(all: .handmade, .present) : way == 1 ? thing(.treasure) : thing(.present)
    switch way {
    case 0:
      say("“I (will|can) make something for \(receiver.call),” \(hero.thought).")
      tell(
        .make(hero, present), "(\(hero) worked (all day|all morning)|\(hero) worked hard) and made \(present.intro).")
    case 1:
      let corner = place().corner(0)
      note(.lie(present, corner))
      say("“(I will look for something pretty.|What can I give to \(receiver.call)?)” \(hero.thought).")
      travel(hero, to: corner.place)
      tell(
        .find(hero, present, corner), "\(hero) looked \(corner) and found \(present.intro).",
        "Then \(hero) found \(present.intro) \(corner).")
      say(
        "“(This \(present.bare) is for \(receiver.call)|\(receiver.call) will love this \(present.bare)),” \(hero.thought)."
      )
    case 2:
      let (own, seller, square) = (thing(.toy), child(), place())
      note(.own(hero, own), .own(seller, present), .appear(seller, square))
      say("(\(hero) had no present. \(hero) had only|All that \(hero) had was) \(own.intro).")
      travel(hero, to: square)
      say(
        "There \(hero) met \(seller.him). \(seller.call) had \(present.intro).",
        "\(seller) was there with \(present.intro).")
      agree(hero, own, with: seller, present)
    default:
      say("(But \(hero) had nothing to give|\(hero) had no present yet).")
      earn(present, hero)
    }
    return present
  }

  /// Two bake for somebody; something is missing and has to be fetched.
  mutating func baking() {
    let (hero, cake) = (child(), thing(.baked))
    open(with: hero)
    let cook = setting.isWoodland ? elder() : parent()
    let (kitchen, guest) = (home(of: hero), friend(of: hero))
    note(.appear(cook, kitchen), .appear(guest, home(of: guest)))
    say("(\(guest) was sick in bed|It was the birthday of \(guest.him)). “Let us bake \(cake.intro),” \(cook.said).")
    let missing = thing(pick("egg", "lemon", "coconut"), pick("big", "fresh", "little"))
    say("But \(cook) needed \(missing.intro).", "“Can you get \(missing.intro), \(hero.call)?” \(cook.asked).")
    paragraph()
    if chance(40) {
      let chest = thing(.container)
      note(.lie(chest, kitchen.corner(0)), .contain(missing, in: chest))
      tell(
        .takeOut(hero, missing, of: chest),
        "\(hero) (opened|looked in) \(chest.intro) \(kitchen.corner(0)) and found \(missing.the) in it.")
    } else {
      earn(missing, hero)
      tell(.go(hero, kitchen), "\(hero) (ran home with|carried) \(missing.the)( home|).")
    }
    tell(.give(hero, missing, to: cook), "(|“Here you are,” \(hero.said). )\(hero) gave \(missing.the) to \(cook.him).")
    note(.useUp(cook, missing))
    tell(.make(cook, cake), "Soon \(cake.the) was done.", "Together they baked \(cake.the). It smelled so good!")
    paragraph()
    let isStolen = !setting.isWoodland && isShorter(than: 65)
    let present = isStolen ? bakeAgain(cake, cook, at: kitchen.corner(1), with: hero) : cake
    tell(
      .give(cook, present, to: hero),
      "“(Please take|Bring) \(present.the) to \(guest.call),” \(cook.said), and gave it to \(hero.him).")
    travel(hero, to: home(of: guest))
    handOver(present, by: hero, to: guest)
    receive(present, guest, from: hero)
    if !isStolen { tell(.eat(guest, present), "(\(guest)|“Yummy!” \(guest.said), and) ate \(present.the).") }
  }

  /// An animal eats the cake, and a second one is baked.
  private mutating func bakeAgain(_ cake: Thing, _ cook: Person, at corner: Spot, with hero: Person) -> Thing {
    let (thief, second) = (pet(), thing(.baked))
    note(.putDown(cook, cake, corner), .appear(thief, corner.place), .pickUp(thief, cake, corner))
    tell(.eat(thief, cake), "But \(thief) (came in|jumped up) and ate \(cake.the)!")
    feel(hero, .sad, .angry, because: "\(thief.call) had eaten \(cake.the).")
    tell(.make(cook, second), "(“Do not worry, \(hero.call),” \(cook.said). They|So they) baked \(second.intro).")
    return second
  }

  /// A seed is given, planted and watered, and what grows from it is given away.
  mutating func planting() {
    let hero = child()
    open(with: hero)
    let (elder, house) = (elder(), home(of: hero))
    let (seed, bed) = (
      thing("seed", pick("tiny", "little", "brown", "black", "round")),
      Spot(place: house, phrase: random.pick(Setting.gardenCorners))
    )
    note(.appear(elder, house), .own(elder, seed))
    tell(
      .give(elder, seed, to: hero), "One day, \(elder) gave \(hero.him) \(seed.intro).",
      "“I have \(seed.intro) for you, \(hero.call),” \(elder.said).")
    if chance(50) { say("“(Give it water every day|Put it in the ground and wait),” \(elder.said).") }
    tell(.putDown(hero, seed, bed), "\(hero) (planted \(seed.the)|put \(seed.the) in the ground) \(bed).")
    paragraph()
    say("(Every day, \(hero) gave it some water|\(hero) watered it every morning).")
    if chance(60) {
      say("But (nothing came up|days went by, and nothing happened).")
      feel(hero, .sad, .worried, because: "nothing came up.")
      say("“(Good things take time|Do not give up), \(hero.call),” \(elder.said).")
    }
    let weather = pick(Weather.rainy, .sunny)
    note(.weather(weather))
    say("Then (there was a \(weather.rawValue) day|it was \(weather.rawValue) for three days).")
    let plant = thing(pick("flower", "tulip", "rose"), pick("red", "yellow", "white", "pink", "pretty"))
    tell(.lie(plant, bed), "(One morning, there was|And then, one day, \(hero) saw) \(plant.intro) \(bed)!")
    feel(hero, .happy, .excited, .proud, because: "\(plant.the) was so pretty.")
    paragraph()
    tell(.pickUp(hero, plant, bed), "(\(hero)|Carefully, \(hero)) picked \(plant.the).")
    let receiver = chance(50) ? elder : friend(of: hero)
    if receiver != elder {
      note(.appear(receiver, home(of: receiver)))
      say("\(hero) wanted to give \(plant.the) to \(receiver.him).")
      travel(hero, to: home(of: receiver))
    }
    handOver(plant, by: hero, to: receiver)
    receive(plant, receiver, from: hero)
    if chance(50) { close(hero, receiver) }
  }

  /// Something has to be brought to somebody far away, and on the way the traveller meets somebody hungry.
  mutating func journey() {
    let hero = child()
    open(with: hero)
    let (elder, load, snack, ground) = (elder(), thing(.clothing), thing(.food), place())
    note(.appear(elder, home(of: elder)))
    tell(
      .own(hero, load), "One day, \(hero) wanted to bring \(load.intro) to \(elder.him).",
      "\(hero) had \(load.intro) for \(elder.him), who lived far away.")
    tell(.own(hero, snack), "(For the way|To eat), \(hero) took \(snack.intro).")
    paragraph()
    tell(.go(hero, ground), "(It was a long way. First \(hero)|\(hero) walked and walked and) came \(ground.to).")
    let stranger = chance(50) ? worker() : child()
    meet(hero, stranger)
    say("“(I have not eaten all day|I am so hungry),” \(stranger.said).")
    tell(
      .give(hero, snack, to: stranger),
      "(\(hero) was kind and gave \(snack.the) to \(stranger.him)|“You can have my \(snack.bare),” \(hero.said), and gave it to \(stranger.him))."
    )
    tell(.eat(stranger, snack), "\(stranger) ate \(snack.the)( with a smile|).")
    if chance(50) {
      let token = thing(.treasure)
      note(.own(stranger, token))
      tell(
        .give(stranger, token, to: hero),
        "(To say thank you, \(stranger)|“This is for you,” \(stranger.said), and) gave \(hero.him) \(token.intro).")
    } else {
      receive(snack, stranger, from: hero)
    }
    paragraph()
    travel(hero, to: home(of: elder))
    handOver(load, by: hero, to: elder)
    receive(load, elder, from: hero)
    if chance(40) { close(hero, elder) }
  }
}
