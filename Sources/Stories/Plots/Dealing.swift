/// Two who want, borrow or break the same thing.
extension Stage {
  /// Two agree to trade, and do.
  mutating func agree(_ person: Person, _ own: Thing, with owner: Person, _ wish: Thing) {
    say(
      "“Will you give me your \(wish.bare) for my \(own.bare)?” \(person.asked).",
      "“Let us trade,” \(person.said). “My \(own.bare) for your \(wish.bare).”")
    say("“(Yes, let us do it|That is a good trade|All right),” \(owner.said).")
    tell(
      .trade(person, own, with: owner, wish), "So \(person) gave \(own.the) to \(owner.him) and got \(wish.the).",
      "They traded. Now \(person.call) had \(wish.the), and \(owner.call) had \(own.the).")
  }

  /// Somebody wants what somebody else has, and gets it for a thing of their own, at once or by way of a third.
  mutating func trade() {
    let (hero, own) = (child(), thing(.toy, .treasure))
    open(with: hero)
    tellOwning(hero, own)
    let (owner, wish, square) = (friend(of: hero), thing(.toy, .treasure, .clothing), place())
    oneDay(hero, owner, at: square)
    paragraph()
    tell(.own(owner, wish), "\(owner) (had|showed \(hero.him)) \(wish.intro).")
    say("\(hero) wanted \(wish.the) (very much|more than anything).")
    if chance(60) {
      agree(hero, own, with: owner, wish)
    } else {
      let (middle, other, shop) = (chance(50) ? worker() : child(), thing(.tool, .clothing, .food), place())
      say("“(No, but I will trade for|I only want) \(other.intro),” \(owner.said).")
      paragraph()
      note(.appear(middle, shop), .own(middle, other))
      travel(hero, to: shop)
      say("There \(hero) met \(middle.him). \(middle.call) had \(other.the).", "\(middle) was there with \(other.the).")
      agree(hero, own, with: middle, other)
      paragraph()
      tell(.go(hero, square), "\(hero) ran back \(square.to). \(owner.call) was still there.")
      tell(.trade(hero, other, with: owner, wish), "\(hero) gave \(other.the) to \(owner.him) and got \(wish.the).")
    }
    feel(hero, .happy, .excited, .proud, because: "\(hero.he) had \(wish.the) now.")
    close(hero, owner)
  }

  /// A thing is borrowed with a promise, which is kept against odds or broken and made good.
  mutating func promise() {
    let hero = child()
    open(with: hero)
    let (lender, loan, ground, away) = (friend(of: hero), thing(all: .fragile, .toy), place(), place())
    oneDay(hero, lender, at: ground)
    tell(.own(lender, loan), "\(lender) (had|was playing with) \(loan.intro).")
    say("“(May I play with|Will you lend me) your \(loan.bare)?” \(hero.asked).")
    say("“Yes, but please bring it back,” \(lender.said). “I promise,” said \(hero.call).")
    tell(.lend(lender, loan, to: hero), "(So|Then) \(lender) gave \(loan.the) to \(hero.him).")
    paragraph()
    tell(.go(hero, away), "\(hero) (took \(loan.the) \(away.to)|went \(away.to) with \(loan.the)).")
    if chance(50) {
      let corner = away.corner(0)
      tell(.putDown(hero, loan, corner), "\(hero) (put|left) \(loan.the) \(corner).")
      tell(.go(hero, home(of: hero)), "Then \(hero) was (tired|hungry) and went home.")
      say(
        "“Oh no! I forgot the \(loan.bare)!” \(hero.cried).",
        "Suddenly \(hero) thought of \(loan.the) and of \(lender.call).")
      paragraph()
      tell(.go(hero, away), "(It was almost dark, but |)\(hero) ran back \(away.to).")
      tell(.pickUp(hero, loan, corner), "(\(loan.the) was still|There was \(loan.the),) \(corner).")
    } else {
      tell(.damage(hero, loan), "(But \(hero) fell, and \(loan.the)|\(hero) dropped \(loan.the), and it) broke.")
      paragraph()
      mend(loan, for: hero)
    }
    tell(
      .go(hero, ground), "Then \(hero) went \(ground.to), where \(lender.call) was waiting.",
      "\(hero) ran \(ground.to) to find \(lender.him).")
    handBack(loan, by: hero, to: lender)
    if chance(50) { return say("“(You kept your promise|I knew you would come), \(hero.call),” \(lender.said).") }
    feel(lender, .happy, because: "\(lender.he) had \(loan.the) back.")
  }

  /// A toy breaks while two play with it, and somebody handy repairs it.
  mutating func brokenToy() {
    let (hero, toy) = (child(), thing(all: .toy, .fragile))
    open(with: hero)
    tellOwning(hero, toy)
    let (friend, ground) = (friend(of: hero), place())
    oneDay(hero, friend, at: ground)
    paragraph()
    let culprit = pick(hero, friend)
    if culprit == friend {
      tell(
        .lend(hero, toy, to: friend),
        "(“Now it is your turn,” \(hero.said), and|\(hero)) gave \(toy.the) to \(friend.him).")
    }
    tell(
      .damage(culprit, toy), "(But \(culprit) dropped \(toy.the), and it|Then \(culprit) fell, and \(toy.the)) broke.")
    if culprit == hero {
      feel(hero, .sad, because: "\(hero.he) had broken \(toy.the).")
    } else {
      feel(hero, .sad, .angry, because: "\(friend.call) had broken \(toy.the).")
      tell(.apologise(friend, to: hero), "“(I am so sorry, \(hero.call)|It was my fault. I am sorry),” \(friend.said).")
      handBack(toy, by: friend, to: hero)
    }
    paragraph()
    mend(toy, for: hero)
    feel(hero, .happy, .thankful, because: "\(toy.the) was as good as new.")
  }

  /// Two want the same thing, hurt each other, and make up.
  mutating func quarrel() {
    let hero = child()
    open(with: hero)
    let (other, ground, toy) = (friend(of: hero), place(), thing(.toy))
    oneDay(hero, other, at: ground)
    note(.lie(toy, ground.corner(0)))
    tell(
      .find(hero, toy, ground.corner(0)), "\(hero) looked \(ground.corner(0)) and found \(toy.intro).",
      "Then \(hero) found \(toy.intro) \(ground.corner(0)).")
    say("“(I want to play with \(toy.the) too.|Please, can I have \(toy.the)?)” \(other.asked).")
    say("“No, it is mine!” \(hero.said).")
    feel(other, .angry, .sad, because: "\(hero.call) did not share \(toy.the).")
    paragraph()
    let house = chance(50) ? home(of: other) : place()
    tell(.go(other, house), "\(other) (ran away|did not say a word) and went \(house.to).")
    say(
      "(\(hero) played with \(toy.the). But it was no fun alone|Now \(hero) had \(toy.the), but nobody to play with).")
    paragraph()
    tell(.go(hero, house), "(So \(hero) ran \(house.to) with \(toy.the)|\(hero) took \(toy.the) and went \(house.to)).")
    tell(.apologise(hero, to: other), "“(I am sorry|I was not nice to you), \(other.call),” \(hero.said).")
    if chance(50) {
      handOver(toy, by: hero, to: other)
      receive(toy, other, from: hero)
    } else {
      tell(.lend(hero, toy, to: other), "“You can go first,” \(hero.he) said, and gave \(toy.the) to \(other.him).")
    }
    say("“(Let us be friends again|I am not angry anymore), \(hero.call),” \(other.said).")
    if chance(60) { close(hero, other) }
  }
}
