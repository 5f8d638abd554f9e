import Files
import Runs
import Stories

struct StoriesCommand: Command {
  static let name = "stories"
  static let summary = "Writes stories of the built-in world, or counts the facts that stories keep"
  static let operands = "[FILE]"
  static let examples = [
    "train stories --count 3 --seed 5", "train stories samples.jsonl --show 5",
  ]
  static let options = [
    Option.value("count", "N", "how many stories to write; default 1"),
    .value("seed", "N", "of the world; default 1"),
    .value("show", "N", "show N sentences that break a fact"),
    .json,
  ]
  static let details = [
    "FILE is what `train generate RUN --num-samples N --json` writes, or text with <|endoftext|> after each story.",
    "A fact is kept when a story does not contradict itself: names, colors, pronouns, who has what, places.",
  ]

  private let path: String?
  private let count: Int
  private let seed: Int
  private let shown: Int
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    path = arguments.optionalOperand()
    count = try arguments.integer("count", in: 1...1_000_000) ?? 1
    seed = try arguments.integer("seed", in: 0...Int.max) ?? 1
    shown = try arguments.integer("show", in: 0...1_000_000) ?? 0
    isJSON = arguments.flag("json")
    // Stories are written or counted.
    let unread = (path == nil ? ["show", "json"] : ["count", "seed"]).first { arguments.flag($0) }
    if let unread {
      let stories = path == nil ? "the stories of a FILE" : "stories of the built-in world"
      throw arguments.failure("--\(unread) is for \(stories)")
    }
  }

  func run() throws(Failure) {
    guard let path else {
      let world = StoryWorld(seed: UInt64(seed))
      for index in 0..<count { Output.results.write(world.story(index).text + StoryCorpus.separator) }
      return
    }
    let stories = try Self.stories(in: path).map { StoryFacts(of: $0) }
    if isJSON {
      let kinds = StoryFacts.Kind.allCases.map { JSONMember($0.rawValue, json(stories, $0)) }
      let unbroken = JSONMember("unbroken", JSONValue(stories.count { $0.count(kept: false) == 0 }))
      let members = [JSONMember("stories", JSONValue(stories.count)), unbroken, JSONMember("all", json(stories, nil))]
      Output.results.line(JSONValue(members + kinds).serialized())
    } else {
      show(stories)
    }
  }

  private func json(_ stories: [StoryFacts], _ kind: StoryFacts.Kind?) -> JSONValue {
    ["facts": JSONValue(total(stories, kind)), "kept": JSONValue(total(stories, kind, kept: true))]
  }

  private func show(_ stories: [StoryFacts]) {
    let (facts, kept) = (total(stories), total(stories, kept: true))
    let unbroken = stories.count { $0.count(kept: false) == 0 }
    for kind in StoryFacts.Kind.allCases where total(stories, kind) > 0 {
      let (facts, kept) = (total(stories, kind), total(stories, kind, kept: true))
      Output.results.line("\(kind.rawValue.padded(to: 9))\(kept) of \(facts) kept, \(percent(kept, facts))")
    }
    Output.results.line("\("all".padded(to: 9))\(kept) of \(facts) kept, \(percent(kept, facts))")
    let perStory = Progress.fixed(Double(kept) / Double(stories.count), 1)
    Output.results.line(
      """
      \(stories.count.counted("story", "stories")), \(perStory) facts kept in each; \
      \(percent(unbroken, stories.count)) break none
      """)
    for fact in stories.flatMap(\.facts).filter({ !$0.isKept }).prefix(shown) {
      Output.results.line("\(fact.kind.rawValue.padded(to: 9))\(fact.sentence)")
    }
  }

  private func percent(_ part: Int, _ whole: Int) -> String {
    "\(Progress.fixed(100 * Double(part) / Double(max(1, whole)), 1)) %"
  }

  private func total(_ stories: [StoryFacts], _ kind: StoryFacts.Kind? = nil, kept: Bool? = nil) -> Int {
    stories.reduce(0) { $0 + $1.count(kind, kept: kept) }
  }

  /// The stories of a file: JSON lines with a `text`, which a `prompt` may begin, or texts with a separator between.
  private static func stories(in path: String) throws(Failure) -> [String] {
    let bytes = try ReadableFile.contents(of: path, area: .usage)
    if let invalid = bytes.withUnsafeBytes({ UTF8Bytes.firstInvalid(in: $0) }) {
      throw Failure(.usage, "the stories are not UTF-8", at: "\(path), byte \(invalid)")
    }
    var stories: [String] = []
    if bytes.first == UInt8(ascii: "{") {
      for (index, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
        let place = "\(path):\(index + 1)"
        let json = try JSONValue.parse(Array(line), source: place, area: .usage)
        guard let text = json["text"]?.string else {
          throw Failure(
            .usage, "a line has no text", at: place, notes: ["every line is {\"prompt\": ..., \"text\": ...}"])
        }
        stories.append((json["prompt"]?.string ?? "") + text)
      }
    } else {
      let text = String(decoding: bytes, as: UTF8.self)
      stories = text.split(separator: StoryCorpus.separator).map(String.init)
    }
    guard !stories.isEmpty else { throw Failure(.usage, "there are no stories", at: path) }
    return stories
  }
}
