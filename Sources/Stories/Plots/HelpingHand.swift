extension Stage {
  /// Somebody has trouble: a thing is out of reach, a load too heavy, or the day too cold; the hero helps.
  mutating func helpingHand() {
    let hero = child()
    open(with: hero)
    let other = random.chance(60) ? friend(of: hero) : worker()
    switch random.below(3) {
    case 0: reach(with: hero, for: other)
    case 1: carry(with: hero, for: other)
    default: warm(other, by: hero)
    }
    close(hero, random.chance(50) ? other : nil)
  }

  /// A thing is stuck high up, and somebody nearby lends a ladder or a rope.
  private mutating func reach(with hero: Person.ID, for other: Person.ID) {
    let ground = place(.open, .green)
    let toy = thing([.light])
    let branch = Spot(place: ground, phrase: random.pick(["in a tall tree", "on a high branch", "on a roof"]))
    oneDay(hero, other, at: ground, weather: [.windy])
    tell(.own(other, toy), HelpingPhrases.hold)
    let accident = tell(.carryOff(toy, branch), HelpingPhrases.stuck, Roles(a: other))
    feel(other, random.pick([.sad, .worried]), because: accident, saysWhy: false)
    say(HelpingPhrases.tooHigh, Roles(a: hero, b: other))
    paragraph()
    let lender = worker()
    let shop = place()
    let tool = thing(random.pick(["ladder", "rope", "pole"]), random.pick(["long", "strong", "old"]))
    note(.appear(lender, shop))
    note(.own(lender, tool))
    tell(.go(hero, shop), Phrases.setOut)
    say(HelpingPhrases.askTool, Roles(a: hero, b: lender, x: tool))
    tell(.lend(lender, tool, to: hero), HelpingPhrases.lendTool)
    tell(.go(hero, ground), HelpingPhrases.comeBack, Roles(x: tool))
    note(.help(hero, other))
    tell(.pickUp(hero, toy, branch), HelpingPhrases.climb, Roles(y: tool))
    let back = tell(.giveBack(hero, toy, to: other), Phrases.giveBack)
    paragraph()
    feel(other, .happy, because: back)
    thank(other, hero)
    tell(.go(hero, shop), HelpingPhrases.bringBack, Roles(b: lender, x: tool))
    note(.giveBack(hero, tool, to: lender))
  }

  /// A heavy load is carried to a house, and the helper gets something for it.
  private mutating func carry(with hero: Person.ID, for other: Person.ID) {
    let ground = place()
    oneDay(hero, other, at: ground)
    let load = thing(random.pick(["sack", "box", "basket"]), random.pick(["heavy", "big"]))
    tell(.own(other, load), HelpingPhrases.load)
    feel(other, .tired, because: nil)
    say(HelpingPhrases.offer, Roles(a: hero, b: other, x: load))
    tell(.lend(other, load, to: hero), HelpingPhrases.takeLoad)
    let help = note(.help(hero, other))
    travel([hero, other], to: home(of: other))
    tell(.giveBack(hero, load, to: other), HelpingPhrases.setDown)
    paragraph()
    if random.chance(60) {
      feel(other, .thankful, because: help)
    } else {
      thank(other, hero)
    }
    let reward = thing([.food, .treasure])
    note(.own(other, reward))
    let giving = tell(.give(other, reward, to: hero), HelpingPhrases.reward)
    feel(hero, random.pick([.happy, .proud, .surprised]), because: giving, saysWhy: random.chance(30))
  }

  /// Somebody freezes, and the hero has something warm.
  private mutating func warm(_ other: Person.ID, by hero: Person.ID) {
    let ground = place(.open, .green)
    let cloth = thing([.clothing, .handmade], all: true)
    tell(.own(hero, cloth), HelpingPhrases.wear)
    paragraph()
    oneDay(hero, other, at: ground, weather: [.cold, .snowy])
    say(HelpingPhrases.freeze, Roles(a: other))
    if random.chance(50) { say(HelpingPhrases.askCold, Roles(a: hero, b: other)) }
    note(.help(hero, other))
    let giving = tell(.give(hero, cloth, to: other), HelpingPhrases.giveCloth)
    feel(other, random.pick([.happy, .thankful]), because: giving)
    paragraph()
    let drink = random.pick(["soup", "cocoa", "tea", "milk"])
    note(.go(other, home(of: other)))
    note(.go(hero, home(of: other)))
    say(HelpingPhrases.invite, Roles(a: other, b: hero, w: drink))
    thank(other, hero)
  }
}

private enum HelpingPhrases {
  static let hold: [Frame] = ["{a} had {x:a}.", "{a} was holding {x:a}.", "{a} had brought {x:a}."]
  static let stuck: [Frame] = [
    "the wind blew {x:the} away, and now {x:they} {x:was} {s}.",
    "a gust of wind came, and soon {x:the} {x:was} {s}.",
  ]
  static let tooHigh: [Frame] = [
    "{a} jumped and jumped, but it was too high.",
    "\"I cannot reach that far,\" {a:said}. \"but wait here, {b:name}!\"",
    "\"do not cry, {b:name},\" {a:said}. \"I have an idea.\"",
  ]
  static let askTool: [Frame] = [
    "{b} was there. \"may I borrow your {x:n}?\" {a:asked}.",
    "there {a} met {b:him}. \"I need {x:a} to help somebody,\" {a:said}.",
  ]
  static let lendTool: [Frame] = [
    "\"of course,\" {a:said}, and gave {b:him} {x:the}.",
    "{a} gave {x:the} to {b:him}.",
  ]
  static let comeBack: [Frame] = [
    "{a} ran back {p:to} with {x:the}.",
    "{a} carried {x:the} {p:to}.",
  ]
  static let climb: [Frame] = [
    "with {y:the}, {a} got {x:the} down.",
    "{a} used {y:the} to get {x:the}.",
  ]
  static let bringBack: [Frame] = [
    "then {a} went back {p:to} and gave {x:the} back to {b:him}.",
    "{a} did not forget {x:the}. {a:he} brought {x:it} back to {b:him} {p:at}.",
  ]
  static let load: [Frame] = [
    "{a} had {x:a} to carry.",
    "{a} had to carry {x:a} home.",
    "{a} was pulling {x:a}.",
  ]
  static let offer: [Frame] = [
    "\"let me help you,\" {a:said}.",
    "\"that is too heavy for you, {b:name},\" {a:said}.",
    "\"can I carry {x:the}?\" {a} asked {b:him}.",
  ]
  static let takeLoad: [Frame] = [
    "so {a} let {b:him} take {x:the}.",
    "{a} was glad and gave {x:the} to {b:him}.",
  ]
  static let setDown: [Frame] = [
    "{a} put {x:the} down for {b:him}.",
    "at the door, {a} gave {x:the} back to {b:him}.",
  ]
  static let reward: [Frame] = [
    "{a} gave {b:him} {x:a}.",
    "\"this is for you, {b:name},\" {a:said}, and gave {b:him} {x:a}.",
  ]
  static let wear: [Frame] = [
    "{a} had {x:a} that kept {a:him} warm.",
    "{a} always wore {x:a} when it was cold.",
  ]
  static let freeze: [Frame] = [
    "{a} was so cold that {a:he} shook.",
    "{a} had nothing warm to wear.",
  ]
  static let askCold: [Frame] = [
    "\"are you cold, {b:name}?\" {a:asked}.",
    "\"why do you shake?\" {a} asked {b:him}.",
  ]
  static let giveCloth: [Frame] = [
    "{a} took off {x:the} and gave {x:it} to {b:him}.",
    "\"take my {x:n},\" {a:said}, and gave {x:it} to {b:him}.",
  ]
  static let invite: [Frame] = [
    "then they went to {a:his} house and had some {w}.",
    "\"come with me,\" {a:said}. they went to {a:his} house and had hot {w}.",
  ]
}
