/// A source of pairs of answers.
package protocol AnswerPairs: Sendable {
  var count: Int { get }
  subscript(index: Int) -> AnswerPair { get }
  /// A digest of everything the pairs depend on.
  var digest: String { get }
}

/// Two answers to one prompt, as tokens.
package struct AnswerPair: Sendable {
  package var prompt: ArraySlice<Int32>
  /// The better answer of a pair, or the answer that is wanted or not.
  package var first: ArraySlice<Int32>
  /// The worse answer of a pair, or an answer to another prompt.
  package var second: ArraySlice<Int32>
  /// Whether the first answer is wanted; of two that are compared it always is.
  package var isFirstPreferred: Bool
  /// Whether the second answer is one to the same prompt.
  package var isComparison: Bool

  package init(
    prompt: ArraySlice<Int32>, first: ArraySlice<Int32>, second: ArraySlice<Int32>, isFirstPreferred: Bool = true,
    isComparison: Bool = true
  ) {
    self.prompt = prompt
    self.first = first
    self.second = second
    self.isFirstPreferred = isFirstPreferred
    self.isComparison = isComparison
  }
}

extension AnswerPair {
  /// The tokens that it takes in a batch.
  var length: Int { prompt.count - 1 + first.count + second.count }
}

/// Preference data as it is trained.
package struct RankedPairs: AnswerPairs {
  private let data: PreferenceData

  package init(_ data: PreferenceData) { self.data = data }

  package var count: Int { data.count }
  package var digest: String { data.digest }

  package subscript(index: Int) -> AnswerPair {
    let pair = data[index]
    return AnswerPair(prompt: pair.prompt, first: pair.chosen, second: pair.rejected)
  }
}

/// Answers without partners as they are trained: each beside the answer to the next prompt, from which the divergence is estimated.
package struct UnpairedPreferences: AnswerPairs {
  private let data: UnpairedPreferenceData

  package init(_ data: UnpairedPreferenceData) { self.data = data }

  package var count: Int { data.count }
  package var digest: String { data.digest }

  package subscript(index: Int) -> AnswerPair {
    let (example, next) = (data[index], data[(index + 1) % data.count])
    return AnswerPair(
      prompt: example.prompt, first: example.completion, second: next.completion,
      isFirstPreferred: example.isDesirable, isComparison: false)
  }
}
