extension Stage {
  /// Somebody new is alone and shy; an invitation, a thing lent or food shared makes them a friend.
  mutating func newFriend() {
    let newcomer = child()
    open(with: newcomer)
    say(NewFriendPhrases.new, Roles(a: newcomer))
    feel(newcomer, .lonely, because: nil)
    paragraph()

    let host = child()
    let ground = place()
    note(.appear(host, ground))
    let weather = random.pick([Weather.sunny, .windy, .cold])
    note(.weather(weather))
    tell(.go(newcomer, ground), NewFriendPhrases.arrive, Roles(w: weather.rawValue))
    say(NewFriendPhrases.seeHost, Roles(a: newcomer, b: host, w: world.places[ground.index].activities[0]))
    if random.chance(50) {
      let corner = Spot(place: ground, phrase: world.places[ground.index].hideouts[0])
      tell(.hide(newcomer, corner), NewFriendPhrases.hide)
      tell(.discover(host, newcomer, corner), NewFriendPhrases.discover)
    }
    say(NewFriendPhrases.greet, Roles(a: host, b: newcomer))
    say(NewFriendPhrases.introduce, Roles(a: newcomer, b: host))
    paragraph()

    switch random.below(3) {
    case 0:
      let toy = thing([.toy])
      note(.own(host, toy))
      let loan = tell(.lend(host, toy, to: newcomer), NewFriendPhrases.lend)
      feel(newcomer, .happy, because: loan)
      say(NewFriendPhrases.playWith, Roles(a: newcomer, b: host, x: toy))
      tell(.giveBack(newcomer, toy, to: host), NewFriendPhrases.giveBack)
    case 1:
      shareMeal(newcomer, with: host)
    default:
      let (toy, gift) = (thing([.toy]), thing([.treasure]))
      note(.own(newcomer, toy))
      say(NewFriendPhrases.showToy, Roles(a: newcomer, b: host, x: toy))
      note(.own(host, gift))
      tell(.give(host, gift, to: newcomer), NewFriendPhrases.giveToken)
      if random.chance(60) { thank(newcomer, host) }
    }
    let bond = tell(.befriend(newcomer, host), NewFriendPhrases.befriend)
    feel(newcomer, .happy, because: bond, saysWhy: false)
    if random.chance(40) { close(newcomer, host) }
  }

  private mutating func shareMeal(_ newcomer: Person.ID, with host: Person.ID) {
    let (first, second) = (thing([.food]), thing([.food]))
    let (giver, taker) = random.chance(50) ? (newcomer, host) : (host, newcomer)
    note(.own(giver, first))
    note(.own(giver, second))
    say(NewFriendPhrases.food, Roles(a: giver, b: taker, x: first, y: second))
    let gift = tell(.give(giver, second, to: taker), NewFriendPhrases.shareFood, Roles(y: first))
    note(.eat(giver, first))
    note(.eat(taker, second))
    say(NewFriendPhrases.eatTogether, Roles(a: giver, b: taker))
    if random.chance(50) { feel(taker, .thankful, because: gift) }
  }
}

private enum NewFriendPhrases {
  static let new: [Frame] = [
    "{a} was new there and did not know anybody.",
    "{a} had just moved there and had no friends yet.",
    "it was a new place for {a:him}, and {a:he} knew nobody.",
  ]
  static let arrive: [Frame] = [
    "one {w} (day|morning|afternoon), {a} went {p:to}.",
    "it was a {w} day, and {a} walked {p:to} all alone.",
  ]
  static let seeHost: [Frame] = [
    "there was {b:a} named {b:name}, who {w}.",
    "{b} was there, too. {b:he} {w}.",
    "{a} saw {b:him} there.",
  ]
  static let hide: [Frame] = [
    "{a} was too shy to say hello and hid {s}.",
    "{a} was a little scared, so {a:he} hid {s}.",
  ]
  static let discover: [Frame] = [
    "but {a} looked {s} and saw {b:him}.",
    "{a} heard something and found {b:him} {s}.",
  ]
  static let greet: [Frame] = [
    "\"hello! I am {a:name},\" {a:he} said. \"who are you?\"",
    "\"hi! do you want to play with me?\" {a} asked {b:him}.",
    "{a} smiled at {b:him}. \"what is your name?\" {a:he} asked.",
  ]
  static let introduce: [Frame] = [
    "\"I am {a:name},\" said {a:name} in a quiet voice.",
    "\"my name is {a:name},\" {a:said}.",
    "\"I am {a:name}, and I am new here,\" {a:said}.",
  ]
  static let lend: [Frame] = [
    "{a} had {x:a} and gave it to {b:him} to play with.",
    "\"you can play with my {x:n},\" {a:said}, and gave it to {b:him}.",
    "{a} let {b:him} have {x:a} for a while.",
  ]
  static let playWith: [Frame] = [
    "they played with {x:the} for a long time.",
    "they took turns with {x:the} and laughed.",
  ]
  static let giveBack: [Frame] = [
    "then {a} gave {x:the} back to {b:him}.",
    "when it was late, {a} gave {x:the} back to {b:him}.",
  ]
  static let showToy: [Frame] = [
    "{a} had {x:a}. {a:he} showed {x:it} to {b:him}.",
    "{a} took out {x:a} and let {b:him} see {x:it}.",
  ]
  static let giveToken: [Frame] = [
    "\"that is nice!\" {a:said}. \"and this is for you.\" {a} gave {b:him} {x:a}.",
    "{a} liked it. {a:he} took out {x:a} and gave {x:it} to {b:him}.",
  ]
  static let food: [Frame] = [
    "{a} had {x:a} and {y:a}. {b} had nothing to eat.",
    "{a} had brought {x:a} and {y:a}.",
  ]
  static let shareFood: [Frame] = [
    "{a} kept {y:the} and gave {x:the} to {b:him}.",
    "\"one for you and one for me,\" {a:said}. {a} gave {b:him} {x:the}.",
  ]
  static let eatTogether: [Frame] = [
    "they sat down and ate together.",
    "then they sat in the sun and ate.",
  ]
  static let befriend: [Frame] = [
    "now {a} had a new friend.",
    "that was how {ab} became friends.",
    "\"you are my friend now, {b:name},\" {a:said}.",
  ]
}
