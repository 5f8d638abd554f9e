/// One has what another one lacks.
extension Stage {
  /// Somebody gathers goods, loses a few, shares them, and everybody knows how many are left.
  mutating func sharing() {
    let hero = child()
    open(with: hero)
    let (grove, goods, name) = gatheringPlace()
    let (basket, friend) = (
      thing(pick("basket", "bag", "bucket"), pick("little", "big", "old", "red", "blue")), friend(of: hero)
    )
    var total = random.number(in: 4...10)
    tellOwning(hero, basket)
    oneDay(hero, at: grove)
    tell(
      .gather(hero, total, goods),
      "(\(hero) found \(total, goods) and put them in \(basket.the)|There \(hero) found \(total, goods)).")
    feel(hero, .happy, .proud, because: "\(hero.he) had found \(total, goods).")
    if chance(35) {
      let spilt = random.number(in: 1...2)
      tell(.spill(hero, spilt, goods), "(Then \(hero) fell and lost|A bird came down and took) \(spilt, goods).")
      total -= spilt
      say("(Now \(hero) had \(total, goods)|\(hero) had \(total, goods) left).")
    }
    paragraph()
    meet(hero, friend)
    say("“(May I have some \(name)?|Those \(name) look good!)” \(friend.asked).")
    let share = random.number(in: 1...max(1, min(total - 2, 4)))
    tell(
      .hand(hero, share, goods, to: friend),
      "(|“Let us share,” \(hero.said). )\(hero) gave \(friend.him) \(share, goods).")
    total -= share
    if chance(60) {
      thank(friend, hero)
    } else {
      feel(friend, .happy, because: "\(hero.call) had shared with \(friend.him).")
    }
    say("(Now|In the end,) \(hero.call) had \(total, goods), and \(friend.call) had \(share, goods).")
    if chance(60) { close(hero, friend) }
  }

  /// Two have a picnic; what one brought is lost or forgotten, and they share.
  mutating func picnic() {
    let hero = child()
    open(with: hero)
    let (friend, meadow, weather) = (friend(of: hero), place(.green), pick(Weather.sunny, .windy))
    let (lunch, other) = (thing(.food), thing(.food))
    note(.weather(weather))
    arrive(hero, at: meadow)
    arrive(friend, at: meadow)
    say("One \(weather.rawValue) day, \(all: hero, friend) (had a picnic \(meadow.at)|went \(meadow.to) for a picnic).")
    tell(.own(hero, lunch), "\(hero) (had|brought) \(lunch.intro).")
    if chance(60) {
      loseLunch(other, of: friend, at: meadow.corner(0))
    } else {
      say("But \(friend.call) (had nothing to eat|had left all the food at home).")
      feel(friend, .sad, .hungry, .sorry, because: "\(friend.he) had no food.")
      tell(.own(hero, other), "(But \(hero) also had \(other.intro)|“I also have \(other.intro),” \(hero.said)).")
    }
    paragraph()
    let meal = world.holder(of: other) == hero ? pick(lunch, other) : lunch
    tell(
      .give(hero, meal, to: friend),
      "(“You can have my \(meal.bare),” \(hero.said), and|So \(hero)) gave \(meal.the) to \(friend.him).")
    receive(meal, friend, from: hero)
    tell(.eat(friend, meal), "\(friend) (|was happy and )ate \(meal.the).")
    say(
      "(After that, they played a game|Then they lay down and looked at the sky|They told funny stories and laughed).")
    if chance(50) { close(hero, friend) }
  }

  /// A pet eats the food, or it falls down.
  private mutating func loseLunch(_ lunch: Thing, of person: Person, at corner: Spot) {
    tell(.own(person, lunch), "\(person) (had|brought) \(lunch.intro).")
    if setting.isWoodland || chance(40) {
      tell(
        .lose(person, lunch, corner),
        "But \(person) (fell, and \(lunch.the) lay \(corner)|dropped \(lunch.the) \(corner)).")
      return feel(person, .sad, .hungry, because: "\(lunch.the) was dirty.")
    }
    let thief = pet()
    tell(.putDown(person, lunch, corner), "\(person) put \(lunch.the) \(corner).")
    note(.appear(thief, corner.place), .pickUp(thief, lunch, corner))
    tell(.eat(thief, lunch), "(Suddenly|But) \(thief) came and ate \(lunch.the)!")
    feel(person, .sad, .hungry, because: "\(thief.call) had eaten \(lunch.the).")
  }

  /// Somebody new is alone and shy; a thing that is lent or given makes them a friend.
  mutating func newFriend() {
    let newcomer = child()
    open(with: newcomer)
    say("\(newcomer) (was new there and had no friends yet|had just moved there and knew nobody).")
    if chance(30) { feel(newcomer, .lonely, because: "\(newcomer.he) had no friends.") }
    let (ground, host, toy) = (place(), child(), thing(.toy))
    oneDay(newcomer, at: ground)
    note(.appear(host, ground))
    paragraph()
    if chance(50) {
      tell(
        .hide(newcomer, ground.corner(0)),
        "\(newcomer) was (too shy to say hello|a little scared) and hid \(ground.corner(0)).")
      tell(.discover(host, newcomer, ground.corner(0)), "\(host) looked \(ground.corner(0)) and found \(newcomer.him).")
    } else {
      say("There \(newcomer) saw \(host.him).", "\(host) was there too and \(ground.activities[0]).")
    }
    say(
      "“Hello! I am \(host.call),” \(host.he) said. “Who are you?”",
      "“Hi! What is your name?” \(host) asked \(newcomer.him).")
    say("“(I am \(newcomer.call), and I am new here|My name is \(newcomer.call)),” \(newcomer.said).")
    paragraph()
    tell(.own(host, toy), "\(host) (had|showed \(newcomer.him)) \(toy.intro).")
    if chance(50) {
      tell(
        .lend(host, toy, to: newcomer),
        "“You can play with my \(toy.bare),” \(host.said), and gave \(toy.it) to \(newcomer.him).")
      feel(newcomer, .happy, because: "\(newcomer.he) had \(toy.the).")
      say("They (played with \(toy.the) for a long time|took turns with \(toy.the) and laughed).")
      handBack(toy, by: newcomer, to: host)
    } else {
      handOver(toy, by: host, to: newcomer)
      receive(toy, newcomer, from: host)
    }
    tell(
      .befriend(newcomer, host), "Now \(newcomer) had a new friend.",
      "“You are my friend now, \(host.call),” \(newcomer.said).")
    if chance(40) { close(newcomer, host) }
  }

  /// Somebody has trouble: a thing is out of reach, a load too heavy, or the day too cold; the hero helps.
  mutating func helpingHand() {
    let hero = child()
    open(with: hero)
    let (other, ground) = (chance(60) ? friend(of: hero) : worker(), place(.open, .green))
    switch random.below(3) {
    case 0: reach(with: hero, for: other, at: ground)
    case 1: carry(with: hero, for: other, at: ground)
    default: warm(other, by: hero, at: ground)
    }
    if chance(60) { close(hero, other) }
  }

  /// A thing is stuck high up.
  private mutating func reach(with hero: Person, for other: Person, at ground: Place) {
    let (toy, tool) = (thing(.light), thing(pick("ladder", "rope", "pole"), pick("long", "strong")))
    let branch = Spot(place: ground, phrase: pick("in a tall tree", "on a high branch", "on a roof"))
    oneDay(hero, other, at: ground, .windy)
    tell(.own(other, toy), "\(other) had (|brought )\(toy.intro).")
    tell(
      .carryOff(toy, branch), "The wind (blew \(toy.the) away, and now it was|came, and soon \(toy.the) was) \(branch)."
    )
    feel(other, .sad, .worried, because: "\(toy.the) was \(branch).")
    say("“(Wait here|Do not cry), \(other.call),” \(hero.said).")
    paragraph()
    tell(.own(hero, tool), "\(hero) (ran and got|came back with) \(tool.intro).")
    tell(
      .pickUp(hero, toy, branch),
      "(With \(tool.the), \(hero) got \(toy.the) down|\(hero) used \(tool.the) to get \(toy.the)).")
    note(.help(hero, other))
    handBack(toy, by: hero, to: other)
    feel(other, .happy, because: "\(other.he) had \(toy.the) back.")
    thank(other, hero)
  }

  /// A heavy load is carried to a house, and the helper gets something for it.
  private mutating func carry(with hero: Person, for other: Person, at ground: Place) {
    let (load, reward) = (thing(pick("sack", "box", "basket"), pick("heavy", "big")), thing(.food, .treasure))
    oneDay(hero, other, at: ground)
    tell(.own(other, load), "\(other) (had to carry|was pulling) \(load.intro).")
    feel(other, .tired, because: "\(load.the) was too heavy.")
    say("“(Let me help you, \(other.call)|I can carry \(load.the)),” \(hero.said).")
    tell(.lend(other, load, to: hero), "(So|Then) \(other) gave \(load.the) to \(hero.him).")
    note(.help(hero, other))
    paragraph()
    travel(hero, other, to: home(of: other))
    handBack(load, by: hero, to: other)
    feel(other, .thankful, .happy, because: "\(hero.call) had helped \(other.him).")
    note(.own(other, reward))
    tell(
      .give(other, reward, to: hero),
      "(\(other)|“This is for you, \(hero.call),” \(other.said), and) gave \(hero.him) \(reward.intro).")
    receive(reward, hero, from: other)
  }

  /// Somebody freezes, and the hero has something warm.
  private mutating func warm(_ other: Person, by hero: Person, at ground: Place) {
    let (cloth, house, drink) = (
      thing(all: .clothing, .handmade), home(of: other), pick("soup", "cocoa", "tea", "milk")
    )
    tellOwning(hero, cloth)
    oneDay(hero, other, at: ground, .cold, .snowy)
    say("\(other) (was so cold that \(other.he) shook|had nothing warm to wear).")
    say("“(Are you cold|Why do you shake), \(other.call)?” \(hero.asked).")
    paragraph()
    tell(
      .give(hero, cloth, to: other),
      "(\(hero) gave \(cloth.the) to \(other.him)|“Take my \(cloth.bare),” \(hero.said), and gave it to \(other.him)).")
    note(.help(hero, other))
    note(.go(other, house), .go(hero, house))
    say("(|“Come with me, \(hero.call),” \(other.said). )They went \(house.to) and had some hot \(drink).")
    receive(cloth, other, from: hero)
  }
}
