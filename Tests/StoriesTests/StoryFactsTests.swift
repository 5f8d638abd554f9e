import Stories
import Testing

/// A second, slow reading of the event log: who is where, and who has what, by strings.
private struct Ledger {
  var location: [String: String] = [:]
  var place: [String: String] = [:]
  var owner: [String: String] = [:]
  var stock: [String: Int] = [:]
  var broken: Set<String> = []
  var problems: [String] = []

  init(of story: Story) {
    for event in story.world.events { read(event) }
  }

  /// Whether people hold in the end what the story says they hold.
  func agrees(with story: Story) -> Bool {
    story.world.things.allSatisfy { thing in
      let place = place[thing.noun]
      return story.world.holder(of: thing).map { place == $0.name }
        ?? !story.world.people.contains { $0.name == place }
    }
  }

  private mutating func check(_ condition: Bool, _ event: Event) {
    if !condition { problems.append("\(event.verb): \(event)") }
  }

  private mutating func read(_ event: Event) {
    let (a, b) = (event.a?.name ?? "", event.b?.name ?? "")
    let (x, y) = (event.x?.noun ?? "", event.y?.noun ?? "")
    let spot = event.spot.map { "\($0.place.owner?.name ?? "")\($0.place.noun) \($0.phrase)" } ?? ""
    let spotPlace = event.spot.map { ($0.place.owner?.name ?? "") + $0.place.noun }
    let isTogether = location[a] != nil && location[a] == location[b]
    switch event.verb {
    case .appear, .go:
      check((location[a] == nil) == (event.verb == .appear), event)
      location[a] = event.place.map { ($0.owner?.name ?? "") + $0.noun }
    case .own, .make:
      check(place[x] == nil, event)
      (place[x], owner[x]) = (a, a)
    case .lie, .contain:
      check(place[x] == nil, event)
      place[x] = event.verb == .lie ? spot : y
    case .lose, .putDown, .carryOff:
      check(
        event.verb == .carryOff ? location[place[x] ?? ""] != nil : place[x] == a && location[a] == spotPlace, event)
      place[x] = spot
    case .find, .pickUp:
      check(place[x] == spot && location[a] == spotPlace, event)
      (place[x], owner[x]) = (a, owner[x] ?? a)
    case .look: check(place[x] != spot && location[a] == spotPlace, event)
    case .putIn:
      check(place[x] == a && place[y] != nil, event)
      place[x] = y
    case .takeOut:
      check(place[x] == y, event)
      (place[x], owner[x]) = (a, owner[x] ?? a)
    case .lookIn: check(place[x] != y, event)
    case .give, .lend, .giveBack:
      check(place[x] == a && isTogether && (event.verb != .giveBack || owner[x] == b), event)
      place[x] = b
      if event.verb == .give { owner[x] = b }
    case .trade:
      check(place[x] == a && place[y] == b && isTogether, event)
      (place[x], place[y], owner[x], owner[y]) = (b, a, b, a)
    case .eat, .useUp:
      check(place[x] == a, event)
      place[x] = "nowhere"
    case .damage:
      check(place[x] == a && broken.insert(x).inserted, event)
    case .repair:
      check(place[x] == a && broken.remove(x) != nil, event)
    case .gather: stock[a + x, default: 0] += event.count
    case .hand, .eatSome, .spill:
      check(stock[a + x, default: 0] >= event.count && (event.verb != .hand || isTogether), event)
      stock[a + x, default: 0] -= event.count
      if event.verb == .hand { stock[b + x, default: 0] += event.count }
    case .hide: check(location[a] == spotPlace, event)
    case .discover: check(isTogether && location[b] == spotPlace, event)
    case .win, .help, .apologise, .befriend: check(isTogether, event)
    case .feel: check(location[a] != nil, event)
    case .weather: break
    }
  }
}

struct StoryFactsTests {
  @Test func whatHappensIsPossible() {
    let world = StoryWorld(seed: 21)
    for index in 0..<3000 {
      let story = world.story(index)
      let ledger = Ledger(of: story)
      #expect(ledger.problems.isEmpty, "\(story.plot) \(index): \(story.text)")
      #expect(ledger.agrees(with: story), "\(story.plot) \(index): \(story.text)")
      #expect(ledger.location.count == story.world.people.count, "\(story.plot) \(index): somebody is nowhere")
      let counted = story.world.things.filter { $0.plural != nil }
      #expect(
        ledger.place.count + counted.count == story.world.things.count, "\(story.plot) \(index): a thing is nowhere")
    }
  }

  /// The reader counts many facts in the world's own stories and finds nearly all of them kept.
  @Test func theWorldKeepsItsFacts() {
    let world = StoryWorld(seed: 23)
    var (kept, all): ([StoryFacts.Kind: Int], [StoryFacts.Kind: Int]) = ([:], [:])
    for index in 0..<1000 {
      let facts = StoryFacts(of: world.story(index).text)
      for kind in StoryFacts.Kind.allCases {
        kept[kind, default: 0] += facts.count(kind, kept: true)
        all[kind, default: 0] += facts.count(kind)
      }
    }
    for kind in StoryFacts.Kind.allCases {
      #expect(all[kind, default: 0] > 100, "\(kind): \(all)")
      #expect(kept[kind, default: 0] * 100 >= all[kind, default: 0] * 99, "\(kind): \(kept) of \(all)")
    }
  }

  @Test(arguments: [
    ("There was a girl named Mia. Tom ran home.", StoryFacts.Kind.name),
    ("There was a girl named Mia. Her friend Mia ran home.", .name),
    ("There was a girl named Mia. Mia had a blue puppet. Mia took the green puppet.", .look),
    ("There was a girl named Mia. Mia had a blue puppet. Mia took the kite.", .look),
    ("There was a girl named Mia. Mia had a kite. He ran home.", .pronoun),
    ("There was a girl named Mia. Mia had a red kite. Her friend Tom gave the red kite to Mia.", .owner),
    ("There was a girl named Mia. Mia went to the hill. Mia looked under the bench.", .place),
    ("There was a girl named Mia. Mia ran back to the hill.", .place),
    ("There was a girl named Tom.", .kind),
    ("There was a girl named Mia. Mia had a lazy dog named Milo. \"I saw a pony at the park,\" said Mia.", .kind),
  ])
  func aBrokenFactIsSeen(_ text: String, _ kind: StoryFacts.Kind) {
    let facts = StoryFacts(of: text)
    #expect(facts.count(kept: false) == 1 && facts.count(kind, kept: false) == 1, "\(facts.facts)")
  }
}
