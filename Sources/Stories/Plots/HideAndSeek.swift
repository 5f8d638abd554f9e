extension Stage {
  /// One counts, two hide, and both are found.
  mutating func hideAndSeek() {
    let seeker = child()
    open(with: seeker)
    let friend = friend(of: seeker)
    let third = !setting.isWoodland && random.chance(35) ? pet() : self.friend(of: seeker)
    let ground = place()
    oneDay(seeker, friend, at: ground)
    arrive(third, at: ground)
    say(HideAndSeekPhrases.third, Roles(a: third))
    say(HideAndSeekPhrases.idea, Roles(a: friend, b: seeker))
    say(HideAndSeekPhrases.count, Roles(a: seeker, b: friend, n: random.pick([5, 8, 10])))
    paragraph()

    let corners = world.places[ground.index].hideouts.map { Spot(place: ground, phrase: $0) }
    tell(.hide(friend, corners[0]), HideAndSeekPhrases.hide)
    tell(.hide(third, corners[1]), HideAndSeekPhrases.hide)
    paragraph()
    say(HideAndSeekPhrases.start, Roles(a: seeker))
    var hidden = [(friend, corners[0]), (third, corners[1])]
    if random.chance(50) { hidden.swapAt(0, 1) }
    if random.chance(50) { say(HideAndSeekPhrases.lookInVain, Roles(a: seeker, s: corners[2])) }
    for (place, (person, corner)) in hidden.enumerated() {
      let hints = world.people[person.index].speaks ? HideAndSeekPhrases.noise : HideAndSeekPhrases.petNoise
      if random.chance(50) { say(hints, Roles(a: person, b: seeker)) }
      tell(.discover(seeker, person, corner), place == 0 ? HideAndSeekPhrases.first : HideAndSeekPhrases.second)
    }
    paragraph()
    let (winner, loser) = (hidden[1].0, hidden[0].0)
    let victory = tell(.win(winner, over: [loser]), HideAndSeekPhrases.win)
    if random.chance(50) { feel(winner, random.pick([.happy, .proud]), because: victory) }
    close(seeker, friend)
  }
}

private enum HideAndSeekPhrases {
  static let third: [Frame] = [
    "{a} was there too.",
    "soon {a} came to play with them.",
    "{a} came along.",
  ]
  static let idea: [Frame] = [
    "\"let us play hide and seek!\" {a:said}.",
    "\"do you want to play hide and seek, {b:name}?\" {a:asked}.",
    "{a} wanted to play hide and seek.",
  ]
  static let count: [Frame] = [
    "\"I will count to {n},\" {a:said}, and closed {a:own} eyes.",
    "{a} closed {a:own} eyes and counted to {n}.",
    "it was {a:his} turn to look, so {a:he} counted to {n}.",
  ]
  static let hide: [Frame] = [
    "{a} hid {s}.",
    "{a} ran and hid {s}.",
    "quickly, {a} hid {s}.",
    "{a} found a good place {s} and hid there.",
  ]
  static let start: [Frame] = [
    "\"here I come!\" {a:called}.",
    "then {a} opened {a:own} eyes and began to look.",
    "\"ready or not, here I come!\" {a:shouted}.",
  ]
  static let lookInVain: [Frame] = [
    "{a} looked {s}, but nobody was there.",
    "nobody was {s}.",
    "{a} looked {s} first. there was nobody.",
  ]
  static let noise: [Frame] = [
    "{a} had to laugh, and {b} heard it.",
    "then {a} sneezed.",
    "{a} could not stay quiet.",
  ]
  static let petNoise: [Frame] = [
    "{b} saw a tail move.",
    "{a} could not sit still.",
  ]
  static let first: [Frame] = [
    "{a} looked {s} and found {b:him}.",
    "\"I see you, {b:name}!\" {a:cried}. {b} was {s}.",
    "{b:name} was there, {s}!",
    "first {a} found {b:him} {s}.",
  ]
  static let second: [Frame] = [
    "then {a} looked {s} and found {b:him}.",
    "\"there you are, {b:name}!\" {a:cried}. {b} was {s}.",
    "at last, {a} found {b:him} {s}.",
    "last of all, {a} found {b:him} {s}.",
  ]
  static let win: [Frame] = [
    "{a} was found last, so {a:he} won the game.",
    "\"you win, {a:name}!\" said {b}.",
    "{a} had won, because {b} was found first.",
  ]
}
