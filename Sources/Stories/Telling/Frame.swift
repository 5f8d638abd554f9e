/// A sentence (or two) with places to fill in, as the plots write it.
///
/// `{a}` stands for whoever plays role a, `{a:his}` for a form of it, `(one|two)` for either text; choices may hold slots.
///
/// | roles     | are                 | forms |
/// |-----------|---------------------|-------|
/// | `a b c`   | people              | none (subject), `he him his` (a pronoun where that is clear), `own himself` (always), `name`, `a` ("a shy girl"), `kind`, and verbs of speech: `{a:said}` is "said Mia" or "she said" |
/// | `ab abc`  | two or three people | none (subject), `them their names` |
/// | `x y z`   | things              | none, `the`, `a`, `n` ("red ball"), `short` ("ball"), `it they` (object, subject), `was is this`, `all` ("apples") |
/// | `p q`     | places              | none, `at to from` |
/// | `s t`     | spots               | none |
/// | `n m`     | numbers             | none, `x y`: with the goods of that role |
/// | `f`       | a feeling           | none |
/// | `w v`     | words               | none |
///
/// The first letter of a sentence is raised when it is told, so frames begin in lower case.
struct Frame: Sendable, ExpressibleByStringLiteral {
  enum Role: String, Sendable {
    case a, b, c
    case ab, abc
    case x, y, z
    case p, q
    case s, t
    case n, m
    case f
    case w, v
  }

  enum Form: Sendable, Equatable {
    case plain
    case he, him, his, own, himself, name, kind
    case them, their, names
    case indefinite
    case the, bare, short, it, they, was, `is`, this, all
    case at, to, from
    case counted(Role)
    case speech(String)
  }

  indirect enum Piece: Sendable {
    case text([UInt8])
    case slot(Role, Form)
    case choice([[Piece]])
  }

  let pieces: [Piece]
  /// Whether somebody speaks in it.
  let speaker: Role?
  let source: String

  init(stringLiteral source: String) {
    self.source = source
    var parser = Parser(source: source)
    pieces = parser.pieces()
    precondition(parser.isAtEnd, "unbalanced ')' or '|' in the frame \"\(source)\"")
    speaker = parser.speaker
  }

  private struct Parser {
    private let source: String
    private let bytes: [UInt8]
    private var position = 0
    private(set) var speaker: Role?

    init(source: String) {
      self.source = source
      bytes = Array(source.utf8)
    }

    var isAtEnd: Bool { position == bytes.count }

    mutating func pieces() -> [Piece] {
      var pieces: [Piece] = []
      var text: [UInt8] = []
      func flush() {
        if !text.isEmpty { pieces.append(.text(text)) }
        text = []
      }
      while position < bytes.count {
        switch bytes[position] {
        case UInt8(ascii: "{"):
          flush()
          pieces.append(slot())
        case UInt8(ascii: "("):
          flush()
          pieces.append(choice())
        case UInt8(ascii: "|"), UInt8(ascii: ")"):
          flush()
          return pieces
        case let byte:
          text.append(byte)
          position += 1
        }
      }
      flush()
      return pieces
    }

    private mutating func choice() -> Piece {
      var alternatives: [[Piece]] = []
      repeat {
        position += 1
        alternatives.append(pieces())
        precondition(!isAtEnd, "a choice is not closed in the frame \"\(source)\"")
      } while bytes[position] == UInt8(ascii: "|")
      position += 1
      return .choice(alternatives)
    }

    private mutating func slot() -> Piece {
      guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "}")) else {
        preconditionFailure("a slot is not closed in the frame \"\(source)\"")
      }
      let words = String(decoding: bytes[(position + 1)..<end], as: UTF8.self)
        .split(separator: ":", maxSplits: 1).map(String.init)
      position = end + 1
      guard let role = Role(rawValue: words[0]), let form = Self.form(words.count > 1 ? words[1] : "", of: role) else {
        preconditionFailure("unknown slot \(words) in the frame \"\(source)\"")
      }
      if case .speech(let verb) = form, verb != "thought" { speaker = role }
      return .slot(role, form)
    }

    private static let speechVerbs = [
      "said", "asked", "cried", "called", "whispered", "thought", "shouted", "answered",
    ]

    private static func form(_ word: String, of role: Role) -> Form? {
      if word.isEmpty { return .plain }
      switch role {
      case .a, .b, .c:
        if speechVerbs.contains(word) { return .speech(word) }
        return personForms[word]
      case .ab, .abc: return groupForms[word]
      case .x, .y, .z: return thingForms[word]
      case .p, .q: return placeForms[word]
      case .n, .m: return Role(rawValue: word).map(Form.counted)
      case .s, .t, .f, .w, .v: return nil
      }
    }

    private static let personForms: [String: Form] = [
      "he": .he, "him": .him, "his": .his, "own": .own, "himself": .himself, "name": .name, "kind": .kind,
      "a": .indefinite,
    ]
    private static let groupForms: [String: Form] = ["them": .them, "their": .their, "names": .names]
    private static let thingForms: [String: Form] = [
      "the": .the, "a": .indefinite, "n": .bare, "short": .short, "it": .it, "they": .they, "was": .was, "is": .is,
      "this": .this, "all": .all,
    ]
    private static let placeForms: [String: Form] = ["at": .at, "to": .to, "from": .from]
  }
}
