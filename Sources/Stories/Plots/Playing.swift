/// Games that two play.
extension Stage {
  /// One counts, two hide, and both are found.
  mutating func hideAndSeek() {
    let seeker = child()
    open(with: seeker)
    let (friend, ground) = (friend(of: seeker), place())
    let third = !setting.isWoodland && chance(40) ? pet() : child()
    oneDay(seeker, friend, at: ground)
    note(.appear(third, ground))
    say("(\(third) was there too|Soon \(third) came along).")
    say("“(Let us play hide and seek|I want to play hide and seek), \(seeker.call)!” \(friend.said).")
    let number = Lexicon.number(pick(5, 8, 10))
    say("“I will count to \(number),” \(seeker.said).", "\(seeker) closed \(seeker.own) eyes and counted to \(number).")
    paragraph()
    var hidden = [(friend, ground.corner(0)), (third, ground.corner(1))]
    for (person, corner) in hidden {
      tell(.hide(person, corner), "(\(person)|Quickly, \(person)|\(person) ran and) hid \(corner).")
    }
    paragraph()
    say("(“Here I come!” \(seeker.called)|Then \(seeker) began to look).")
    if chance(50) { hidden.swapAt(0, 1) }
    for (moment, (person, corner)) in zip(["First", "Then"], hidden) {
      tell(
        .discover(seeker, person, corner), "\(moment) \(seeker) looked \(corner) and found \(person.call).",
        "“I see you, \(person.call)!” \(seeker.cried). \(person.call) was \(corner).")
    }
    paragraph()
    let (winner, loser) = (hidden[1].0, hidden[0].0)
    tell(
      .win(winner, over: loser), "\(winner.call) was found last, so \(winner.he) won the game.",
      "“You win, \(winner.call)!” \(seeker.said).")
    feel(winner, .happy, .proud, because: "\(winner.he) had won.")
    if chance(50) { close(seeker, friend) }
  }

  /// Two run to a place; one is too sure, or falls, or is simply slower.
  mutating func race() {
    let hero = child()
    open(with: hero)
    let (rival, start, goal) = (friend(of: hero), place(), place())
    oneDay(hero, rival, at: start)
    say("“I (can run faster than you, \(rival.call)|am the fastest of all),” \(hero.said).")
    say("“(Then let us race \(goal.to)|Let us see who is first \(goal.at)),” \(rival.said).")
    let judge = chance(50) ? worker() : nil
    let prize = judge.map { _ in thing(.treasure, .baked, .present) }
    if let judge, let prize {
      note(.appear(judge, goal), .own(judge, prize))
      say("\(judge) (waited \(goal.at) with|was \(goal.at) and had) \(prize.intro)( for the winner|).")
    }
    paragraph()
    say("(“One, two, three, go!” \(hero.cried)|\(all: hero, rival) began to run).")
    let winner = run(hero, against: rival)
    let loser = winner == hero ? rival : hero
    note(.go(winner, goal), .go(loser, goal))
    tell(
      .win(winner, over: loser),
      "(\(winner.call) got \(goal.to) first and won the race|In the end, \(winner.call) won the race \(goal.to)).")
    paragraph()
    if let judge, let prize {
      tell(
        .give(judge, prize, to: winner),
        "(\(judge)|“Well done, \(winner.call)!” \(judge.said), and) gave \(prize.the) to \(winner.him).")
    }
    feel(winner, .happy, .proud, because: "\(winner.he) had won.")
    if chance(50) { feel(loser, .sad, .tired, because: "\(loser.he) had not won.") }
    say("“(That was a good race|You run very well), \(winner.call),” \(loser.said).")
    if chance(60) { close(hero, rival) }
  }

  /// What happens on the way. Returns the winner.
  private mutating func run(_ hero: Person, against rival: Person) -> Person {
    switch random.below(3) {
    case 0:
      say("\(hero) was far ahead. \(hero) (sat down under a tree and fell asleep|stopped to pick flowers).")
      say("(\(rival) was slow, but \(rival.he) never stopped|Quietly, \(rival) ran past \(hero.him)).")
      return rival
    case 1:
      let (fallen, helper) = pick((hero, rival), (rival, hero))
      say("\(fallen) fell (and hurt \(fallen.own) knee|into the mud).")
      tell(.help(helper, fallen), "\(helper) (stopped and helped \(fallen.him) up|came back to help \(fallen.him)).")
    default:
      say("They (ran side by side all the way|both ran as fast as the wind).")
    }
    return pick(hero, rival)
  }

  /// A key is found, the chest it opens is searched for, and what is in it is kept, shared or returned.
  mutating func treasure() {
    let hero = child()
    open(with: hero)
    let (friend, first, second) = (friend(of: hero), place(), place())
    let (finder, other) = pick((hero, friend), (friend, hero))
    let (key, prize) = (thing("key", pick("golden", "silver", "old", "tiny", "shiny")), thing(.treasure, .toy))
    let chest = thing(pick("chest", "box", "trunk"), pick("big", "brown", "wooden", "heavy", "green"))
    note(.lie(key, first.corner(0)), .lie(chest, second.corner(1)), .contain(prize, in: chest))
    oneDay(hero, friend, at: first)
    tell(
      .find(finder, key, first.corner(0)), "\(finder) looked \(first.corner(0)) and found \(key.intro).",
      "Then \(finder) found \(key.intro) \(first.corner(0)).")
    say("“(What does \(key.the) open?|Maybe it opens something big!)” \(other.asked).")
    paragraph()
    travel(hero, friend, to: second)
    say("(There, \(second.corner(1)), they saw|\(other) looked \(second.corner(1)) and found) \(chest.intro).")
    say("\(finder) (put \(key.the) in the lock. Click!|tried \(key.the), and it fit.) \(chest.the) opened.")
    tell(
      .takeOut(finder, prize, of: chest),
      "\(finder) (looked inside and took out \(prize.intro)|found \(prize.intro) in it).")
    paragraph()
    switch random.below(3) {
    case 0:
      handOver(prize, by: finder, to: other)
      receive(prize, other, from: finder)
    case 1:
      tell(.give(finder, key, to: other), "\(finder) kept \(prize.the) and gave \(key.the) to \(other.him).")
      feel(finder, .happy, .excited, because: "\(finder.he) had \(prize.the) now.")
    default:
      let (owner, house) = (worker(), place())
      note(.appear(owner, house))
      travel(hero, friend, to: house)
      say("There they met \(owner.him). “I lost my \(prize.bare) long ago,” \(owner.said).")
      tell(
        .give(finder, prize, to: owner),
        "(So \(finder)|“Then it is yours,” \(finder.said), and) gave \(prize.the) to \(owner.him).")
      feel(owner, .happy, .thankful, because: "\(owner.he) had \(prize.the) back.")
    }
    close(hero, friend)
  }
}
