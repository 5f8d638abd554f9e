import Numerics

/// One way to tell something, with people and things in it: `"\(a) gave \(x.the) to \(b.him)."`.
///
/// What stands for a person is decided when it is told: `\(a)` is "she", "Mia" or "her friend Mia". `(ran|went)` in the
/// text is one of the two; an alternative may hold people and things, and more alternatives. The first letter of a
/// sentence is raised when it is told.
struct Sentence: Sendable, ExpressibleByStringInterpolation {
  enum Piece: Sendable {
    case text(String)
    case person(Person, PersonForm)
    case group([Person], isObject: Bool)
    case thing(Thing, ThingForm)
    case place(Place, isGoal: Bool)
    case goods(Int, Thing)
    case open
    case bar
    case close
  }

  enum PersonForm: Sendable, Equatable {
    /// The subject: a pronoun or the name.
    case subject
    /// A pronoun wherever it is clear.
    case he, him, his
    /// Always the pronoun: "her".
    case own
    /// Always the name.
    case name
    /// "a shy girl"
    case introduction
    /// "said Mia" or "she said"
    case speech(String)
  }

  enum ThingForm: Sendable {
    /// "a red ball" at first, then "it" or "the red ball".
    case plain
    case the, introduction, bare, it
  }

  struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var pieces: [Piece] = []

    init(literalCapacity: Int, interpolationCount: Int) { pieces.reserveCapacity(2 * interpolationCount + 1) }

    mutating func appendLiteral(_ text: String) {
      if !text.isEmpty { pieces.append(.text(text)) }
    }
    mutating func appendInterpolation(_ piece: Piece) { pieces.append(piece) }
    mutating func appendInterpolation(_ person: Person) { pieces.append(.person(person, .subject)) }
    mutating func appendInterpolation(all people: Person...) { pieces.append(.group(people, isObject: false)) }
    mutating func appendInterpolation(them people: Person...) { pieces.append(.group(people, isObject: true)) }
    mutating func appendInterpolation(_ thing: Thing) { pieces.append(.thing(thing, .plain)) }
    mutating func appendInterpolation(_ spot: Spot) { pieces.append(.text(spot.phrase)) }
    mutating func appendInterpolation(_ count: Int, _ goods: Thing) { pieces.append(.goods(count, goods)) }
    mutating func appendInterpolation(_ feeling: Feeling) { pieces.append(.text(feeling.rawValue)) }
    mutating func appendInterpolation(_ words: String) { pieces.append(.text(words)) }
  }

  private let pieces: [Piece]
  private static let marks = Array("(|)".utf8)

  init(stringLiteral text: String) { pieces = [.text(text)] }
  init(stringInterpolation interpolation: StringInterpolation) { pieces = interpolation.pieces }

  /// The pieces, with one alternative of each choice.
  func chosen(_ random: inout SplitMix64) -> [Piece] {
    var marked: [Piece] = []
    for piece in pieces {
      if case .text(let text) = piece, text.utf8.contains(where: Self.marks.contains) {
        marked += Self.marked(text)
      } else {
        marked.append(piece)
      }
    }
    return Self.choose(marked[...], &random)
  }

  private static func marked(_ text: String) -> [Piece] {
    var pieces: [Piece] = []
    var words = ""
    for character in text {
      let mark: Piece
      switch character {
      case "(": mark = .open
      case "|": mark = .bar
      case ")": mark = .close
      default:
        words.append(character)
        continue
      }
      if !words.isEmpty { pieces.append(.text(words)) }
      pieces.append(mark)
      words = ""
    }
    return words.isEmpty ? pieces : pieces + [.text(words)]
  }

  private static func choose(_ pieces: ArraySlice<Piece>, _ random: inout SplitMix64) -> [Piece] {
    var chosen: [Piece] = []
    var alternatives: [Int] = []
    var depth = 0
    for (index, piece) in zip(pieces.indices, pieces) {
      switch piece {
      case .open:
        depth += 1
        if depth == 1 { alternatives = [index] }
      case .bar where depth == 1:
        alternatives.append(index)
      case .close:
        depth -= 1
        guard depth == 0 else { continue }
        alternatives.append(index)
        let choice = random.below(alternatives.count - 1)
        chosen += choose(pieces[(alternatives[choice] + 1)..<alternatives[choice + 1]], &random)
      default:
        if depth == 0 { chosen.append(piece) }
      }
    }
    precondition(depth == 0, "a choice is not closed in \(pieces)")
    return chosen
  }
}

extension Person {
  var he: Sentence.Piece { .person(self, .he) }
  var him: Sentence.Piece { .person(self, .him) }
  var his: Sentence.Piece { .person(self, .his) }
  var own: Sentence.Piece { .person(self, .own) }
  var call: Sentence.Piece { .person(self, .name) }
  var intro: Sentence.Piece { .person(self, .introduction) }
  var said: Sentence.Piece { .person(self, .speech("said")) }
  var asked: Sentence.Piece { .person(self, .speech("asked")) }
  var cried: Sentence.Piece { .person(self, .speech("cried")) }
  var called: Sentence.Piece { .person(self, .speech("called")) }
  var thought: Sentence.Piece { .person(self, .speech("thought")) }
}

extension Thing {
  var the: Sentence.Piece { .thing(self, .the) }
  var intro: Sentence.Piece { .thing(self, .introduction) }
  /// "red ball"
  var bare: Sentence.Piece { .thing(self, .bare) }
  var it: Sentence.Piece { .thing(self, .it) }
}

extension Place {
  /// "at the park", "at home"
  var at: Sentence.Piece { .place(self, isGoal: false) }
  /// "to the park", "home"
  var to: Sentence.Piece { .place(self, isGoal: true) }
}
