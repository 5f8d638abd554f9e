extension Stage {
  /// Somebody wants to give somebody a present, has to get it first, and something gets in the way.
  mutating func gift() {
    let hero = child()
    open(with: hero)
    let receiver = random.chance(70) ? friend(of: hero) : elder()
    let house = home(of: receiver)
    note(.appear(receiver, house))
    let isSick = random.chance(25)
    say(isSick ? GiftPhrases.sickness : GiftPhrases.occasion, Roles(a: hero, b: receiver))
    let gift = obtain(for: receiver, by: hero)
    paragraph()

    if isShorter(than: 110) { setBack(hero, with: gift, to: receiver, isSick: isSick) }
    if let place = world.place(of: receiver) { travel([hero], to: place) }
    let giving = tell(.give(hero, gift, to: receiver), GiftPhrases.give)
    feel(receiver, random.pick([.happy, .surprised]), because: giving, saysWhy: random.chance(40))
    if random.chance(60) { thank(receiver, hero) } else { say(GiftPhrases.like, Roles(a: receiver, b: hero, x: gift)) }
    if isSick {
      say(GiftPhrases.recovery, Roles(a: receiver, b: hero))
    } else if random.chance(40) {
      feel(hero, random.pick([.happy, .proud]), because: giving)
    } else {
      close(hero, receiver)
    }
  }

  /// Gets a present: makes, finds, swaps or earns it.
  private mutating func obtain(for receiver: Person.ID, by hero: Person.ID) -> Thing.ID {
    let roles = Roles(a: hero, c: receiver)
    switch random.below(4) {
    case 0:
      let gift = thing([.handmade, .present], all: true)
      say(GiftPhrases.planToMake, roles)
      tell(.make(hero, gift), GiftPhrases.make, roles)
      return gift
    case 1:
      let gift = thing([.treasure])
      let field = place()
      say(GiftPhrases.planToLook, roles)
      paragraph()
      travel([hero], to: field, isPurposeful: true)
      if random.chance(50) { pass(hero, at: field) }
      let corner = spot(at: field)
      note(.lie(gift, corner))
      tell(.find(hero, gift, corner), GiftPhrases.find)
      say(GiftPhrases.decide, roles)
      return gift
    case 2:
      return swap(for: receiver, by: hero)
    default:
      let worker = worker()
      let gift = thing([.present])
      let shop = place()
      say(GiftPhrases.planToAsk, roles)
      paragraph()
      note(.appear(worker, shop))
      note(.own(worker, gift))
      travel([hero], to: shop, isPurposeful: true)
      say(GiftPhrases.seeAtWorker, Roles(a: hero, b: worker, x: gift))
      let chore = random.pick(Lexicon.chores)
      say(GiftPhrases.offerWork, Roles(a: worker, b: hero, x: gift, w: chore))
      tell(.help(hero, worker), GiftPhrases.work, Roles(w: chore))
      tell(.give(worker, gift, to: hero), GiftPhrases.pay)
      return gift
    }
  }

  private mutating func swap(for receiver: Person.ID, by hero: Person.ID) -> Thing.ID {
    let own = thing([.toy])
    let gift = thing([.present])
    let seller = friend(of: hero)
    let square = place()
    note(.own(hero, own))
    note(.own(seller, gift))
    note(.appear(seller, square))
    say(GiftPhrases.planToSwap, Roles(a: hero, c: receiver, x: own))
    paragraph()
    travel([hero], to: square, isPurposeful: true)
    say(GiftPhrases.seeAtSeller, Roles(a: seller, b: hero, x: gift))
    say(GiftPhrases.offerSwap, Roles(a: hero, b: seller, x: own, y: gift))
    tell(.trade(hero, own, with: seller, gift), GiftPhrases.swap)
    return gift
  }

  /// Something gets between the giver and the receiver.
  private mutating func setBack(_ hero: Person.ID, with gift: Thing.ID, to receiver: Person.ID, isSick: Bool) {
    switch random.below(isSick ? 2 : 3) {
    case 0:
      let crossing = place()
      let corner = spot(at: crossing)
      note(.weather(.windy))
      arrive(hero, at: crossing)
      let accident = tell(.lose(hero, gift, corner), GiftPhrases.drop)
      feel(hero, random.pick([.worried, .sad]), because: accident, saysWhy: false)
      let (_, _) = search(for: gift, by: [hero])
    case 2:
      let helper = friend(of: hero)
      let away = place()
      note(.go(receiver, away))
      note(.appear(helper, home(of: receiver)))
      arrive(hero, at: home(of: receiver))
      say(GiftPhrases.notHome, Roles(a: hero, b: helper, c: receiver, p: home(of: receiver)))
      say(GiftPhrases.tellWhere, Roles(a: helper, b: hero, c: receiver, q: away))
    default:
      break
    }
  }
}

private enum GiftPhrases {
  static let occasion: [Frame] = [
    "today was the birthday of {b:him}.",
    "{b} had always been kind to {a:him}. {a} wanted to say thank you.",
    "it was almost time for the birthday of {b:him}.",
  ]
  static let sickness: [Frame] = [
    "{b} was sick and had to stay in bed. {a} wanted to cheer {b:him} up.",
    "{b} was sick that day, and {a} wanted to do something nice for {b:him}.",
  ]
  static let recovery: [Frame] = [
    "the next day, {a} was well again.",
    "soon {a} felt much better, and {b} was happy.",
    "after that, {a} felt a little better.",
  ]
  static let planToMake: [Frame] = [
    "\"I will make a present,\" {a:thought}.",
    "{a} had no money, but {a:he} was good at making things.",
    "\"I can make something for {c:name},\" {a:said}.",
  ]
  static let make: [Frame] = [
    "{a} worked (all day|all morning|very hard) and made {x:a}.",
    "{a} sat at the table and made {x:a} for {c:him}.",
    "soon {a:he} had made {x:a}.",
  ]
  static let planToLook: [Frame] = [
    "\"I will look for something special,\" {a:thought}.",
    "{a} wanted to find something pretty for {c:him}.",
    "\"what can I give to {c:name}?\" {a:thought}.",
  ]
  static let find: [Frame] = [
    "there, {s}, {a} found {x:a}.",
    "{a} looked {s} and found {x:a}.",
    "then {a} saw {x:a} {s}. {a} picked {x:it} up.",
    "something was {s}. {a} looked closer and found {x:a}.",
  ]
  static let decide: [Frame] = [
    "\"{c:name} will love this!\" {a:thought}.",
    "it was just right for {c:him}.",
    "\"this is for {c:name},\" {a:said}.",
  ]
  static let planToAsk: [Frame] = [
    "but {a} had nothing to give.",
    "{a} had no present yet.",
    "but what could {a} give to {c:him}?",
  ]
  static let seeAtWorker: [Frame] = [
    "there {a} met {b:him}. {b} had {x:a}.",
    "{b} was there with {x:a}.",
    "{b} was at work there. next to {b:him} {a} saw {x:a}.",
  ]
  static let offerWork: [Frame] = [
    "\"you can have {x:it} if you help me {w},\" {a:said}.",
    "\"help me {w}, and {x:they} {x:is} yours,\" {a:said} to {b:him}.",
    "\"I need to {w},\" {a:said}. \"if you help me, you can have {x:the}.\"",
  ]
  static let work: [Frame] = [
    "so {a} helped {b:him} {w}.",
    "{a} helped {b:him} {w} (all morning|until noon|all day).",
    "{a} was glad to help {b:him} {w}.",
  ]
  static let pay: [Frame] = [
    "then {a} gave {b:him} {x:the}.",
    "\"well done,\" {a:said}, and gave {x:the} to {b:him}.",
    "when the work was done, {a} gave {x:the} to {b:him}.",
  ]
  static let planToSwap: [Frame] = [
    "{a} had no present. {a:he} had only {x:a}.",
    "{a} had {x:a}, but {c} did not like toys like that.",
    "all {a} had was {x:a}.",
  ]
  static let seeAtSeller: [Frame] = [
    "{a} was there with {x:a}.",
    "{a} was playing there. {a} had {x:a}.",
    "{b} saw {a:him} there. {a} had {x:a}.",
  ]
  static let offerSwap: [Frame] = [
    "\"will you give me {y:the} for my {x:short}?\" {a:asked}. \"yes,\" {b:said}.",
    "\"do you want {x:the}? I would like {y:the},\" {a:said}.",
    "\"let us trade,\" {a:said}. \"my {x:short} for your {y:short}.\"",
  ]
  static let swap: [Frame] = [
    "so {a} got {y:the}, and {b} got {x:the}.",
    "{a} gave {b:him} {x:the} and got {y:the}.",
    "they traded. now {a} had {y:the} and {b} had {x:the}.",
  ]
  static let drop: [Frame] = [
    "{p:at}, {a} saw a butterfly and ran after it. when {a:he} came back, {x:the} {x:was} gone.",
    "{a} walked (fast|quickly). {p:at}, {a:he} fell down, and {x:the} {x:was} gone.",
    "{p:at}, {a} stopped to rest. when {a:he} got up, {x:the} {x:was} gone.",
  ]
  static let notHome: [Frame] = [
    "{a} went {p:to}, but {c} was not there. {a} only found {b:him}.",
    "{a} knocked at the door, but {c} was not there. {b} opened the door.",
  ]
  static let tellWhere: [Frame] = [
    "\"{c:name} went {q:to},\" {a:said}.",
    "\"you can find {c:name} {q:at},\" {a:said}.",
  ]
  static let give: [Frame] = [
    "\"{x:this} {x:is} for you,\" {a:said}, and gave {b:him} {x:the}.",
    "{a} gave {x:the} to {b:him}.",
    "\"I have something for you, {b:name},\" {a:said}. it was {x:the}.",
    "\"close your eyes,\" {a:said}. then {a:he} gave {b:him} {x:the}.",
  ]
  static let like: [Frame] = [
    "\"I love {x:it}!\" {a:said}.",
    "{a} laughed and hugged {b:him}.",
    "\"what a nice present!\" {a:said}.",
    "\"{x:they} {x:is} so pretty,\" {a:said}.",
  ]
}
