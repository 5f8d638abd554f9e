extension Stage {
  /// A thing is borrowed with a promise, which is kept against odds or broken and made good.
  mutating func promise() {
    let hero = child()
    open(with: hero)
    let lender = friend(of: hero)
    let loan = thing([.fragile, .toy], all: true)
    let ground = place()
    oneDay(hero, lender, at: ground)
    note(.own(lender, loan))
    say(PromisePhrases.show, Roles(a: lender, x: loan))
    say(PromisePhrases.ask, Roles(a: hero, b: lender, x: loan))
    note(.promise(hero, to: lender))
    say(PromisePhrases.condition, Roles(a: lender, b: hero, x: loan))
    say(PromisePhrases.promise, Roles(a: hero, b: lender))
    tell(.lend(lender, loan, to: hero), PromisePhrases.lend)
    paragraph()

    if random.chance(50) {
      keep(loan, of: lender, by: hero, at: ground)
    } else {
      breakLoan(loan, of: lender, by: hero, at: ground)
    }
  }

  /// The borrower forgets the thing somewhere, remembers, and brings it in time.
  private mutating func keep(
    _ loan: Thing.ID, of lender: Person.ID, by hero: Person.ID, at ground: Place.ID
  ) {
    let away = place()
    tell(.go(hero, away), PromisePhrases.goPlay, Roles(x: loan))
    pass(hero, at: away)
    let corner = spot(random.below(3), at: away)
    tell(.putDown(hero, loan, corner), PromisePhrases.putDown)
    tell(.go(hero, home(of: hero)), PromisePhrases.goHome)
    say(PromisePhrases.remember, Roles(a: hero, c: lender, x: loan))
    paragraph()
    tell(.go(hero, away), PromisePhrases.runBack)
    tell(.pickUp(hero, loan, corner), PromisePhrases.stillThere)
    tell(.go(hero, ground), PromisePhrases.goToLender, Roles(c: lender))
    let back = tell(.giveBack(hero, loan, to: lender), PromisePhrases.giveBack)
    note(.keepPromise(hero, to: lender))
    say(PromisePhrases.kept, Roles(a: lender, b: hero))
    feel(random.pick([hero, lender]), .happy, because: back, saysWhy: false)
    close(hero, lender)
  }

  /// The borrower breaks the thing, owns up, and makes it good.
  private mutating func breakLoan(
    _ loan: Thing.ID, of lender: Person.ID, by hero: Person.ID, at ground: Place.ID
  ) {
    let away = place()
    tell(.go(hero, away), PromisePhrases.goPlay, Roles(x: loan))
    let accident = tell(.damage(hero, loan), PromisePhrases.breaking)
    note(.breakPromise(hero, to: lender))
    feel(hero, random.pick([.scared, .sorry, .worried]), because: accident)
    if random.chance(50) { say(PromisePhrases.temptation, Roles(a: hero, c: lender)) }
    paragraph()
    let isMended = random.chance(50)
    if isMended { mend(loan, for: hero) }
    tell(.go(hero, ground), PromisePhrases.goToLender, Roles(c: lender))
    tell(.apologise(hero, to: lender), PromisePhrases.confess, Roles(x: loan))
    if !isMended {
      feel(lender, random.pick([.sad, .angry]), because: accident)
      let own = thing([.toy])
      note(.own(hero, own))
      tell(.give(hero, own, to: lender), PromisePhrases.makeGood)
    }
    tell(.giveBack(hero, loan, to: lender), isMended ? PromisePhrases.giveBackMended : PromisePhrases.giveBackBroken)
    let pardon = tell(.forgive(lender, hero), PromisePhrases.forgive)
    if random.chance(50) { feel(hero, .happy, because: pardon) }
    if random.chance(60) { close(hero, lender) }
  }

  /// Somebody handy repairs a broken thing.
  mutating func mend(_ thing: Thing.ID, for person: Person.ID) {
    let fixer = worker()
    let shop = place()
    note(.appear(fixer, shop))
    travel([person], to: shop)
    say(PromisePhrases.askFixer, Roles(a: person, b: fixer, x: thing))
    note(.lend(person, thing, to: fixer))
    let repair = tell(.repair(fixer, thing), PromisePhrases.mend, Roles(b: person))
    if world.owner[thing.index] == person {
      tell(.giveBack(fixer, thing, to: person), Phrases.giveBack)
    } else {
      note(.lend(fixer, thing, to: person))
      say(PromisePhrases.takeBack, Roles(a: person, b: fixer, x: thing))
    }
    if random.chance(50) { feel(person, .happy, because: repair) }
  }
}

private enum PromisePhrases {
  static let show: [Frame] = [
    "{a} had {x:a}.",
    "{a} had brought {x:a}.",
    "{a} was playing with {x:a}.",
  ]
  static let ask: [Frame] = [
    "\"may I play with {x:it} today?\" {a:asked}.",
    "\"will you lend me your {x:short}?\" {a:asked}.",
    "{a} asked to borrow {x:it} for the day.",
  ]
  static let condition: [Frame] = [
    "\"yes, but be careful, and bring it back,\" {a:said}.",
    "\"only if you bring it back before dark,\" {a:said}.",
    "\"please take good care of it,\" {a:said}.",
  ]
  static let promise: [Frame] = [
    "\"I promise,\" {a:said}.",
    "\"I will. I promise!\" {a:said}.",
    "{a} gave {b:him} {a:his} word.",
  ]
  static let lend: [Frame] = [
    "so {a} gave {x:the} to {b:him}.",
    "{a} gave {b:him} {x:the}.",
    "then {a} lent {b:him} {x:the}.",
  ]
  static let goPlay: [Frame] = [
    "{a} took {x:the} {p:to}.",
    "{a} went {p:to} with {x:the}.",
    "{a} carried {x:it} {p:to}.",
  ]
  static let putDown: [Frame] = [
    "{a} put {x:the} {s}.",
    "{a} left {x:the} {s}.",
  ]
  static let goHome: [Frame] = [
    "when {a:he} was tired, {a} went {p:to}.",
    "then {a} was hungry and ran {p:to}.",
  ]
  static let remember: [Frame] = [
    "\"oh no!\" {a:cried}. \"I forgot the {x:short}!\"",
    "then {a} remembered {a:own} promise to {c:name}. where was {x:the}?",
    "suddenly {a} thought of {x:the}, and of {c:name}.",
  ]
  static let runBack: [Frame] = [
    "{a} ran back {p:to} as fast as {a:he} could.",
    "it was almost dark, but {a} ran back {p:to}.",
  ]
  static let stillThere: [Frame] = [
    "{x:the} was still {s}.",
    "{a} looked {s}, and there was {x:the}.",
    "there, {s}, was {x:the}!",
  ]
  static let goToLender: [Frame] = [
    "then {a} went {p:to}, where {c} was waiting.",
    "{a} ran {p:to} to find {c:him}.",
    "{a} went to see {c:him} {p:at}.",
  ]
  static let giveBack: [Frame] = [
    "\"here is your {x:short},\" {a:said}, and gave it back to {b:him}.",
    "{a} gave {x:the} back to {b:him}.",
  ]
  static let kept: [Frame] = [
    "\"you kept your promise,\" {a:said}.",
    "\"thank you for keeping your promise, {b:name},\" {a:said}.",
    "\"I knew you would come,\" {a:said}.",
  ]
  static let breaking: [Frame] = [
    "but {a} fell, and {x:the} broke.",
    "crack! {x:the} fell on a stone and broke.",
    "{a} was not careful. {a:he} dropped {x:the}, and it broke.",
  ]
  static let temptation: [Frame] = [
    "{a} wanted to run away. but that was not right.",
    "\"what will {c:name} say?\" {a:thought}.",
    "{a} wanted to hide it, but {a:he} knew that was wrong.",
  ]
  static let askFixer: [Frame] = [
    "{b} was there. \"can you fix this {x:short}?\" {a:asked}.",
    "there {a} met {b:him}. \"this {x:short} is broken,\" {a:said}. \"can you help me?\"",
    "\"please help me,\" {a} said to {b:him}, and showed {b:him} the broken {x:short}.",
  ]
  static let mend: [Frame] = [
    "{a} took some glue and fixed {x:the}.",
    "{a} worked on {x:it} for a while. soon {x:the} was as good as new.",
    "with a hammer and some string, {a} fixed {x:the}.",
  ]
  static let takeBack: [Frame] = [
    "{a} thanked {b:him} and took {x:the}.",
    "{a} was glad and took {x:the} back.",
  ]
  static let confess: [Frame] = [
    "\"I am sorry,\" {a:said}. \"I broke your {x:short}.\"",
    "\"I broke the {x:short},\" {a} said to {b:him}. \"I am so sorry.\"",
  ]
  static let makeGood: [Frame] = [
    "\"you can have my {x:n},\" {a:said}, and gave it to {b:him}.",
    "so {a} gave {b:him} {a:his} own {x:n}.",
  ]
  static let giveBackMended: [Frame] = [
    "\"but now it is fixed,\" {a:he} said, and gave {x:the} back.",
    "then {a} gave {x:the} back to {b:him}. it was fixed.",
  ]
  static let giveBackBroken: [Frame] = [
    "{a} gave back the broken {x:short} too.",
    "then {a:he} gave {x:the} back.",
  ]
  static let forgive: [Frame] = [
    "\"it is all right,\" {a:said}. \"thank you for telling me.\"",
    "\"I am not angry,\" {a:said}, and hugged {b:him}.",
    "{a} smiled at {b:him}. \"we are still friends,\" {a:he} said.",
  ]
}
