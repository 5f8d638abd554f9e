/// A source of prompts with the answers that are weighed: two of one prompt, or one that is wanted or not.
package protocol AnswerPairs: Sendable {
  var count: Int { get }
  subscript(index: Int) -> AnswerPair { get }
  /// A digest of everything the answers depend on.
  var digest: String { get }
}

extension AnswerPairs {
  /// The tokens of the longest prompt with an answer.
  package var longest: Int {
    (0..<count).reduce(0) { longest, index in
      let pair = self[index]
      return pair.answers.reduce(longest) { max($0, pair.prompt.count + $1.count) }
    }
  }
}

/// One or two answers to a prompt, as tokens.
package struct AnswerPair: Sendable {
  package var prompt: ArraySlice<Int32>
  /// The better answer of a pair, or the answer that is wanted or not.
  package var first: ArraySlice<Int32>
  /// The worse answer of a pair; nil where there is one answer only.
  package var second: ArraySlice<Int32>?
  /// Whether the first answer is wanted; of two that are compared it always is.
  package var isFirstPreferred: Bool

  package init(
    prompt: ArraySlice<Int32>, first: ArraySlice<Int32>, second: ArraySlice<Int32>? = nil, isFirstPreferred: Bool = true
  ) {
    self.prompt = prompt
    self.first = first
    self.second = second
    self.isFirstPreferred = isFirstPreferred
  }
}

extension AnswerPair {
  /// The answers, one or two.
  var answers: [ArraySlice<Int32>] { [first] + (second.map { [$0] } ?? []) }

  /// The places that it takes in a batch.
  var length: Int { answers.reduce(prompt.count - 1) { $0 + $1.count } }

  /// The tokens of the prompt with each of its answers.
  var tokenCount: Int { answers.reduce(0) { $0 + prompt.count + $1.count } }
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

/// Answers without partners as they are trained.
package struct UnpairedPreferences: AnswerPairs {
  private let data: UnpairedPreferenceData

  package init(_ data: UnpairedPreferenceData) { self.data = data }

  package var count: Int { data.count }
  package var digest: String { data.digest }

  package subscript(index: Int) -> AnswerPair {
    let example = data[index]
    return AnswerPair(prompt: example.prompt, first: example.completion, isFirstPreferred: example.isDesirable)
  }
}
