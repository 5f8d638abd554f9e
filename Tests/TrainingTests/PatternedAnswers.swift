import Corpus

/// Prompts of one token more each, with answers of several lengths, in pairs or judged.
struct PatternedAnswers: AnswerPairs {
  let count: Int
  let isPaired: Bool
  var digest: String { "\(count)" }

  subscript(index: Int) -> AnswerPair {
    func tokens(_ count: Int, _ factor: Int) -> ArraySlice<Int32> {
      (0..<count).map { Int32((7 + factor * ($0 + 3 * index)) % 19) }[...]
    }
    return AnswerPair(
      prompt: tokens(index + 1, 5), first: tokens(1 + index * 3 % 7, 3), second: isPaired ? tokens(3, 2) : nil,
      isFirstPreferred: isPaired || index % 3 != 1)
  }
}
