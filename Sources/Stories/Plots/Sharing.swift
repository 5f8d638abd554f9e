extension Stage {
  /// Somebody gathers goods, loses a few, shares them, and everybody knows how many are left.
  mutating func sharing() {
    let hero = child()
    open(with: hero)
    let (grove, goods) = gatheringPlace()
    let basket = thing(random.pick(["basket", "bag", "bucket"]), random.pick(["little", "big", "old"]))
    note(.own(hero, basket))
    say(SharingPhrases.basket, Roles(a: hero, x: basket))
    paragraph()

    var total = random.number(in: 4...10)
    oneDay(hero, at: grove)
    if random.chance(40) { pass(hero, at: grove) }
    tell(.gather(hero, goods, total), SharingPhrases.gather, Roles(y: basket))
    feel(hero, random.pick([.happy, .proud]), because: nil)
    if random.chance(35) {
      let spilt = random.number(in: 1...2)
      let accident = tell(.spill(hero, goods, spilt), SharingPhrases.spill, Roles(p: grove))
      total -= spilt
      say(SharingPhrases.left, Roles(a: hero, x: goods, n: total))
      if random.chance(50) { feel(hero, .sad, because: accident, saysWhy: false) }
    }
    paragraph()

    if random.chance(70) { travel([hero], to: place()) }
    let friend = friend(of: hero)
    total -= share(goods, of: hero, with: friend, most: total - 2)
    if total > 3, isShorter(than: 115), random.chance(60) {
      let other = worker()
      total -= share(goods, of: hero, with: other, most: total - 1)
    }
    if isFood(goods), total > 1, random.chance(60) {
      tell(.eatSome(hero, goods, 1), SharingPhrases.eat)
      total -= 1
    }
    paragraph()
    say(SharingPhrases.count, Roles(a: hero, b: friend, x: goods, n: total, m: world.count(goods, of: friend)))
    if random.chance(60) { close(hero, friend) } else { close(hero) }
  }

  /// The hero meets somebody who has none and gives them some. Returns how many.
  private mutating func share(
    _ goods: Thing.ID, of hero: Person.ID, with other: Person.ID, most: Int
  ) -> Int {
    meet(hero, other)
    let share = random.number(in: 1...max(1, min(most, 4)))
    say(isFood(goods) ? SharingPhrases.hungry : SharingPhrases.wish, Roles(a: other, b: hero, x: goods))
    let gift = tell(.hand(hero, goods, share, to: other), SharingPhrases.hand)
    if random.chance(60) { thank(other, hero) } else { feel(other, .happy, because: gift) }
    return share
  }

  private func isFood(_ goods: Thing.ID) -> Bool {
    Lexicon.goods.contains { $0.noun == world.things[goods.index].noun && $0.isFood }
  }
}

private enum SharingPhrases {
  static let basket: [Frame] = [
    "{a} had {x:a}.",
    "{a} liked to carry {x:a}.",
    "{a} always took {x:a} with {a:him}.",
  ]
  static let gather: [Frame] = [
    "{a} (found|picked up) {n:x} and put them in {y:the}.",
    "there {a:he} found {n:x}. {a} put them in {y:the}.",
    "{a} looked for {x:all}. soon {a:he} had {n:x} in {y:the}.",
  ]
  static let spill: [Frame] = [
    "but there was a hole in the side, and {n:x} fell out.",
    "then {a} fell over a root and lost {n:x}.",
    "a bird came down and took {n:x}.",
  ]
  static let left: [Frame] = [
    "now {a} had only {n:x}.",
    "{a} had {n:x} left.",
  ]
  static let hungry: [Frame] = [
    "\"I am so hungry,\" {a:said}.",
    "\"those {x:all} look good!\" {a:said}.",
    "\"may I have some {x:all}?\" {a:asked}.",
    "{a} had nothing to eat.",
  ]
  static let wish: [Frame] = [
    "\"those {x:all} are so pretty!\" {a:said}.",
    "\"may I have some {x:all}?\" {a:asked}.",
    "\"I could not find any {x:all},\" {a:said}.",
  ]
  static let hand: [Frame] = [
    "{a} gave {b:him} {n:x}.",
    "\"here,\" {a:said}, and gave {b:him} {n:x}.",
    "\"let us share,\" {a:said}. {a} gave {n:x} to {b:him}.",
    "so {a} gave {n:x} to {b:him}.",
  ]
  static let eat: [Frame] = [
    "then {a} ate {n:x}. it was sweet.",
    "{a} was hungry too, and ate {n:x}.",
  ]
  static let count: [Frame] = [
    "now {a} had {n:x}, and {b} had {m:x}.",
    "in the end, {a} had {n:x} left, and {b} had {m:x}.",
    "{a} counted. {a:he} still had {n:x}, and {b} had {m:x}.",
  ]
}
