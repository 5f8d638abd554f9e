extension Stage {
  /// Somebody wants what somebody else has, and gets it for a thing of their own, at once or by way of a third.
  mutating func trade() {
    let hero = child()
    let own = thing([.toy, .treasure])
    open(with: hero)
    tell(.own(hero, own), Phrases.own)
    paragraph()

    let owner = friend(of: hero)
    let wish = random.chance(25) ? twin(of: own) : thing([.toy, .treasure, .clothing])
    let square = place()
    oneDay(hero, owner, at: square)
    note(.own(owner, wish))
    say(TradePhrases.show, Roles(a: owner, b: hero, x: wish))
    tell(.want(hero, wish), TradePhrases.want)
    say(TradePhrases.ask, Roles(a: hero, b: owner, x: own, y: wish))
    if random.chance(50) {
      say(TradePhrases.agree, Roles(a: owner, b: hero))
      let deal = tell(.trade(hero, own, with: owner, wish), TradePhrases.deal)
      feel(hero, random.pick([.happy, .excited]), because: deal)
      if random.chance(50) { regret(hero, own, with: owner, wish, at: square) } else { close(hero, owner) }
    } else {
      tradeTwice(hero, own, for: wish, of: owner, at: square)
    }
  }

  /// The first owner misses the old thing, and the two swap back.
  private mutating func regret(
    _ hero: Person.ID, _ own: Thing.ID, with owner: Person.ID, _ wish: Thing.ID, at square: Place.ID
  ) {
    paragraph()
    tell(.go(hero, home(of: hero)), TradePhrases.goHome, Roles(x: wish))
    say(TradePhrases.miss, Roles(a: hero, x: own))
    feel(hero, .sad, because: nil)
    tell(.go(hero, square), TradePhrases.goBack, Roles(c: owner, q: square))
    say(TradePhrases.askBack, Roles(a: hero, b: owner, x: wish, y: own))
    say(TradePhrases.agree, Roles(a: owner, b: hero))
    let deal = tell(.trade(hero, wish, with: owner, own), TradePhrases.dealBack)
    feel(hero, .happy, because: deal)
    close(hero, owner)
  }

  /// The owner wants a third person's thing.
  private mutating func tradeTwice(
    _ hero: Person.ID, _ own: Thing.ID, for wish: Thing.ID, of owner: Person.ID, at square: Place.ID
  ) {
    let middle = random.chance(50) ? worker() : friend(of: hero)
    let other = thing([.tool, .clothing, .food])
    say(TradePhrases.refuse, Roles(a: owner, b: hero, x: own, y: other))
    paragraph()
    let shop = place()
    note(.appear(middle, shop))
    note(.own(middle, other))
    travel([hero], to: shop, isPurposeful: true)
    say(TradePhrases.foundSeller, Roles(a: middle, b: hero, x: other))
    say(TradePhrases.ask, Roles(a: hero, b: middle, x: own, y: other))
    say(TradePhrases.agree, Roles(a: middle, b: hero))
    tell(.trade(hero, own, with: middle, other), TradePhrases.deal)
    paragraph()
    tell(.go(hero, square), TradePhrases.goBack, Roles(c: owner, q: square))
    say(TradePhrases.offer, Roles(a: hero, b: owner, x: other))
    let deal = tell(.trade(hero, other, with: owner, wish), TradePhrases.deal)
    if random.chance(50) { feel(owner, .happy, because: deal, saysWhy: false) }
    feel(hero, random.pick([.happy, .proud]), because: deal)
    if random.chance(50) { close(hero, owner) }
  }
}

private enum TradePhrases {
  static let show: [Frame] = [
    "{a} had {x:a}.",
    "{a} showed {b:him} {x:a}.",
    "{a} was playing with {x:a}.",
    "{a} had brought {x:a}.",
  ]
  static let want: [Frame] = [
    "{a} wanted {x:it} very much.",
    "\"what {x:a}!\" {a:thought}. {a} wanted to have {x:it}.",
    "{a} could not stop looking at {x:it}.",
    "how {a} wished for {x:it}!",
  ]
  static let ask: [Frame] = [
    "\"will you give me your {y:n} for my {x:n}?\" {a:asked}.",
    "\"do you want to trade?\" {a:asked}. \"you can have my {x:n} for your {y:n}.\"",
    "\"let us trade,\" {a:said}. \"my {x:n} for your {y:n}.\"",
    "{a} held out {a:own} {x:n}. \"can I have your {y:n} for this?\" {a:he} asked.",
  ]
  static let agree: [Frame] = [
    "\"yes, let us do it,\" {a:said}.",
    "\"that is a good trade,\" {a:said}.",
    "{a} thought for a while and said yes.",
    "\"all right,\" {a:said}.",
  ]
  static let refuse: [Frame] = [
    "\"no,\" {a:said}. \"but I will trade for {y:a}.\"",
    "{a} did not want {x:the}. \"but I need {y:a},\" {a:he} said.",
    "\"I do not want your {x:n},\" {a:said}. \"I want {y:a}.\"",
  ]
  static let deal: [Frame] = [
    "so {a} gave {x:the} to {b:him} and got {y:the}.",
    "they traded. now {a} had {y:the}, and {b} had {x:the}.",
    "{a} took {y:the}, and {b} took {x:the}.",
    "{b} got {x:the}, and {a} got {y:the}.",
  ]
  static let dealBack: [Frame] = [
    "so {a} gave {x:the} back and got {y:the}.",
    "they traded back. now {a} had {y:the} again, and {b} had {x:the}.",
    "{a} took {y:the}, and {b} took {x:the}.",
  ]
  static let goHome: [Frame] = [
    "{a} went {p:to} with {x:the}.",
    "in the evening, {a} took {x:the} {p:to}.",
  ]
  static let miss: [Frame] = [
    "but soon {a} missed {a:own} old {x:short}.",
    "but that night, {a} thought about {x:the} all the time.",
    "{a} played for a while. but {a:he} missed {x:the}.",
  ]
  static let goBack: [Frame] = [
    "{a} (ran|hurried|went) back {p:to}. {c} was still there.",
    "{a} went back {p:to} to find {c:him}.",
  ]
  static let askBack: [Frame] = [
    "\"please, can we trade back?\" {a:asked}. \"I miss my {y:n}.\"",
    "\"I am sorry, but I want my {y:n} back,\" {a:said}.",
  ]
  static let foundSeller: [Frame] = [
    "{a} was there and had {x:a}.",
    "there {b} saw {a:him} with {x:a}.",
    "{a} was sitting there with {x:a}.",
  ]
  static let offer: [Frame] = [
    "\"look, I have {x:a} for you!\" {a:said}.",
    "\"here {x:is} {x:a},\" {a:said}. \"now we can trade.\"",
    "\"I have what you want, {b:name},\" {a:said}, and showed {b:him} {x:the}.",
  ]
}
