import Corpus
import Tokenizers

/// Examples as text whose trained tokens are marked.
package enum ExampleText {
  /// The text of an example: trained tokens in colour, or in brackets without one.
  package static func marked(_ tokens: TrainedTokens, _ tokenizer: Tokenizer, inColour: Bool) -> String {
    let (open, close) = inColour ? ("\u{1B}[32m", "\u{1B}[0m") : ("[", "]")
    var text: [UInt8] = []
    for (run, isTrained) in runs(tokens) {
      if isTrained { text += Array(open.utf8) }
      let bytes = tokenizer.decode(run)
      let shown = inColour ? String(decoding: bytes, as: UTF8.self) : ""
      // A character that begins in one run and ends in the next is left as it is.
      text += shown.withVisibleControls == shown ? bytes : Array(shown.withVisibleControls.utf8)
      if isTrained { text += Array(close.utf8) }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The longest stretches of tokens that are all trained or all not.
  private static func runs(_ tokens: TrainedTokens) -> [(tokens: [Int32], isTrained: Bool)] {
    var runs: [(tokens: [Int32], isTrained: Bool)] = []
    for (token, isTrained) in zip(tokens.tokens, tokens.isTrained) {
      if runs.last?.isTrained == isTrained {
        runs[runs.count - 1].tokens.append(token)
      } else {
        runs.append(([token], isTrained))
      }
    }
    return runs
  }

  /// How many of `lengths` fall into each of at most twelve equal ranges, a line each with a bar.
  package static func histogram(_ lengths: [Int]) -> [String] {
    guard let longest = lengths.max(), longest > 0 else { return [] }
    let width = (longest + 11) / 12
    var counts = [Int](repeating: 0, count: (longest - 1) / width + 1)
    for length in lengths { counts[max(0, length - 1) / width] += 1 }
    let most = counts.max()!
    func column(_ number: Int, _ width: Int) -> String {
      let text = "\(number)"
      return String(repeating: " ", count: max(0, width - text.count)) + text
    }
    return counts.enumerated().map { index, count in
      let range = "\(column(index * width + 1, 6)) - \(column(min(longest, (index + 1) * width), 6))"
      return "\(range) \(column(count, 8)) \(String(repeating: "#", count: (40 * count + most - 1) / most))"
    }
  }
}
