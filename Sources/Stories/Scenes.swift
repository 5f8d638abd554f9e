/// What happens in many stories. Each scene looks at the world and tells what happens there.
extension Stage {
  /// Presents the hero, who is at home.
  mutating func open(with hero: Person) {
    note(.appear(hero, home(of: hero)))
    let region = random.pick(setting.phrases)
    say(
      "Once upon a time, there was \(hero.intro) named \(hero.call).( \(hero) lived \(region).|)",
      "(Once upon a time,|Long ago,) \(hero.intro) named \(hero.call) lived \(region).",
      "There once was \(hero.intro) named \(hero.call) who lived \(region).",
      "\(hero.call) was \(hero.intro) who lived \(region).", "\(region), there lived \(hero.intro) named \(hero.call).")
  }

  mutating func tellOwning(_ person: Person, _ thing: Thing) {
    tell(
      .own(person, thing), "\(person) had \(thing.intro)(| and took it everywhere| and loved it very much).",
      "For \(person.his) birthday, \(person) had got \(thing.intro).")
  }

  /// A day in some weather begins with people at a place.
  mutating func oneDay(_ person: Person, _ friend: Person? = nil, at place: Place, _ weathers: Weather...) {
    let weather = random.pick(weathers.isEmpty ? [.sunny, .windy, .cold] : weathers)
    note(.weather(weather))
    arrive(person, at: place)
    if let friend { arrive(friend, at: place) }
    let day = "\(weather.rawValue) \(pick("day", "morning", "afternoon"))"
    if let friend {
      say(
        "One \(day), \(all: person, friend) (were|played) \(place.at).",
        "One \(day), \(all: person, friend) went \(place.to) together.",
        "It was a \(day), and \(all: person, friend) were \(place.at).")
    } else {
      say(
        "One \(day), \(person) (went \(place.to)|was \(place.at)).", "It was a \(day), and \(person) was \(place.at).")
    }
  }

  /// Puts somebody at a place, which the next sentence tells.
  mutating func arrive(_ person: Person, at place: Place) {
    switch world.location[person] {
    case nil: note(.appear(person, place))
    case place: break
    default: note(.go(person, place))
    }
  }

  mutating func travel(_ person: Person, to place: Place) {
    if world.location[person] == place { return }
    tell(.go(person, place), "(|Then |Soon |So )\(person) (went|walked|ran) \(place.to).")
  }

  /// Two go to a place together.
  mutating func travel(_ person: Person, _ friend: Person, to place: Place) {
    if world.location[person] == place { return travel(friend, to: place) }
    if world.location[friend] == place { return travel(person, to: place) }
    note(.go(person, place), .go(friend, place))
    say("(|Then |Soon |So )\(all: person, friend) (went|walked|ran) \(place.to)( together|).")
  }

  /// Somebody does what one does at a place.
  mutating func pass(_ person: Person, at place: Place) {
    let (first, second) = (place.activities[0], place.activities[1])
    say("\(person) \(first)(| and \(second)).", "First \(person) \(first). Then \(person.he) \(second).")
  }

  /// Somebody runs into another person at the place they have come to.
  mutating func meet(_ person: Person, _ other: Person) {
    if let place = world.location[person] { arrive(other, at: place) }
    say("(There \(person) met \(other.him)|\(person) saw \(other.him) there|\(other) was there too).")
  }

  /// Looks for a thing that lies somewhere, perhaps in a wrong corner first; in the end its owner has it.
  mutating func search(for thing: Thing, _ owner: Person, with friend: Person, at spot: Spot) {
    travel(owner, friend, to: spot.place)
    if chance(50), let corner = spot.place.corners.first(where: { $0 != spot.phrase }) {
      let seeker = pick(owner, friend)
      tell(
        .look(seeker, thing, Spot(place: spot.place, phrase: corner)),
        "(First |)\(seeker) looked \(corner), but \(thing.the) was not there.")
    }
    let finder = pick(owner, friend)
    tell(
      .find(finder, thing, spot), "(Then |)\(finder) (looked \(spot) and found \(thing.the)|saw \(thing.the) \(spot))!",
      "“Look!” \(finder.cried). \(thing.the) was \(spot).")
    if finder == owner { return feel(owner, .happy, because: "\(owner.he) had found \(thing.the).") }
    handBack(thing, by: friend, to: owner)
    feel(owner, .happy, because: "\(friend.call) had found \(thing.the).")
    thank(owner, friend)
  }

  mutating func handBack(_ thing: Thing, by person: Person, to owner: Person) {
    tell(
      .giveBack(person, thing, to: owner), "\(person) gave \(thing.the) back to \(owner.him).",
      "“Here is your \(thing.bare),” \(person.said), and gave \(thing.it) back to \(owner.him).")
  }

  mutating func handOver(_ thing: Thing, by person: Person, to other: Person) {
    tell(
      .give(person, thing, to: other), "\(person) gave (\(thing.the) to \(other.him)|\(other.him) \(thing.the)).",
      "“This \(thing.bare) is for you,” \(person.said), and gave \(thing.it) to \(other.him).")
  }

  /// Somebody feels something about what they got, or thanks for it.
  mutating func receive(_ thing: Thing, _ person: Person, from giver: Person) {
    if chance(50) { return thank(person, giver) }
    feel(person, .happy, .surprised, .thankful, because: "\(giver.call) had given \(person.him) \(thing.the).")
  }

  /// Somebody handy repairs a broken thing that somebody has.
  mutating func mend(_ thing: Thing, for person: Person) {
    let (fixer, shop) = (worker(), place())
    note(.appear(fixer, shop))
    travel(person, to: shop)
    meet(person, fixer)
    tell(
      .lend(person, thing, to: fixer),
      "“Please fix this \(thing.bare),” \(person.said), and gave \(thing.it) to \(fixer.him).")
    tell(
      .repair(fixer, thing), "\(fixer) took (some glue|a hammer|some string) and fixed \(thing.the).",
      "\(fixer) worked hard and fixed \(thing.the). It was as good as new.")
    tell(
      .lend(fixer, thing, to: person),
      "(Then \(fixer)|“Here you are,” \(fixer.said), and) gave \(thing.the) to \(person.him).")
  }

  /// Somebody has what somebody else needs, and gives it for a little work.
  mutating func earn(_ thing: Thing, _ person: Person) {
    let (worker, shop, chore) = (worker(), place(), random.pick(Lexicon.chores))
    note(.appear(worker, shop), .own(worker, thing))
    travel(person, to: shop)
    say(
      "There \(person) met \(worker.him). \(worker.call) had \(thing.intro).",
      "\(worker) was there with \(thing.intro).")
    say(
      "“(Help me \(chore), and you can have \(thing.the)|You can have \(thing.the) if you help me \(chore)),” \(worker.said)."
    )
    tell(.help(person, worker), "(So |)\(person) helped \(worker.him) \(chore).")
    tell(
      .give(worker, thing, to: person),
      "(Then \(worker)|“Well done,” \(worker.said), and) gave \(thing.the) to \(person.him).")
  }

  mutating func thank(_ person: Person, _ helper: Person) {
    say(
      "“(Thank you|Oh, thank you|You are so kind), \(helper.call)!” \(person.said).",
      "\(person) thanked \(helper.him) and gave \(helper.him) a (big |)hug.")
  }

  /// A last sentence for two who are together, or for somebody alone.
  mutating func close(_ person: Person, _ friend: Person? = nil) {
    guard let friend, world.together(person, friend) else {
      return say(
        "(That night, \(person) slept very well|That evening, \(person) sang a happy song|\(person) smiled all day long).",
        "It was the best day ever for \(person.him).", "(“What a day!” \(person.said)|\(person) never forgot that day)."
      )
    }
    say(
      "\(all: person, friend) (laughed and played|sat together and told stories) until the sun went down.",
      "\(all: person, friend) (were happy, and they sang a song|never forgot that day|smiled at each other).",
      "It was a (good|happy|wonderful) day for \(them: person, friend).",
      "“(What a day|You are a good friend), \(friend.call)!” \(person.said).")
  }
}
