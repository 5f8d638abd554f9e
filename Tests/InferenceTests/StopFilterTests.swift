import Inference
import Support
import Testing

@Suite struct StopFilterTests {
  /// What is never shown counts where it is part of a stop string, alone or with text around it.
  @Test(arguments: [
    ("ab", "<e>", "cd", ["<e>"], "ab", true), ("ab", "<e>", "cd", ["b<e>c"], "a", true),
    ("ab", "<e>", "cd", ["bc"], "abcd", false), ("ab", "<e>", "cd", ["<e>x"], "abcd", false),
    ("ab", "<e>", "cd", [], "abcd", false), ("ab", "<e>", "cd", ["e"], "abcd", false),
    ("ab", "<e>", "cd", [">c"], "abcd", false),
    ("ab", "<e>", "cd", ["b<"], "abcd", false),
  ])
  func hiddenTextMayStop(
    _ before: String, _ hidden: String, _ after: String, _ stops: [String], _ expected: String, _ isStopped: Bool
  ) {
    var filter = StopFilter(stops)
    var text = filter.append(before)
    text += filter.append(hidden: Array(hidden.utf8))
    text += filter.append(after)
    text += filter.finish()
    #expect(text == expected && filter.isStopped == isStopped)
  }

  /// The output for a text that arrives in pieces.
  private func filtered(_ pieces: [String], _ stops: [String]) -> (text: String, isStopped: Bool) {
    var filter = StopFilter(stops)
    var text = ""
    for piece in pieces { text += filter.append(piece) }
    return (text + filter.finish(), filter.isStopped)
  }

  @Test(arguments: [
    ("hello world", ["o w"], "hell", true),
    ("hello world", ["xyz"], "hello world", false),
    ("hello wor", ["world"], "hello wor", false),
    ("aaab", ["aab"], "a", true),
    ("abcabd", ["abd"], "abc", true),
    ("one\n\ntwo", ["\n\n", "two"], "one", true),
    ("überé", ["é"], "über", true),
    // Of stop strings that are complete at the same place the longest counts.
    ("say <end>", ["end>", "<end>"], "say ", true),
    // The first to be complete counts, even inside one that would be longer.
    ("a<stop>", ["<stop>", "to"], "a<s", true),
    ("", ["x"], "", false),
    ("x", ["x"], "", true),
  ])
  func theTextEndsWhereAStopStringBegins(_ text: String, _ stops: [String], _ expected: String, _ isStopped: Bool) {
    var generator = SeededGenerator(seed: 5)
    for size in 1...12 {
      var pieces: [String] = []
      var rest = text[...]
      while !rest.isEmpty {
        let count = size == 12 ? Int.random(in: 1...3, using: &generator) : size
        pieces.append(String(rest.prefix(count)))
        rest = rest.dropFirst(count)
      }
      let result = filtered(pieces, stops)
      #expect(result.text == expected, "in pieces \(pieces)")
      #expect(result.isStopped == isStopped)
    }
  }

  @Test func onlyWhatMayBecomeAStopStringIsHeldBack() {
    var filter = StopFilter(["<end>"])
    #expect(filter.append("some text <") == "some text ")
    #expect(filter.append("en") == "")
    #expect(filter.append("t> more") == "<ent> more")
    #expect(filter.append("<end") == "")
    #expect(filter.append("> and more") == "")
    #expect(filter.isStopped)
    #expect(filter.finish() == "")
    #expect(filter.append("nothing") == "")
  }
}
