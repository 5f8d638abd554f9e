/// Lists of tokens, concatenated in one array.
package struct TokenLists: Sendable, Equatable, RandomAccessCollection {
  private var tokens: [Int32] = []
  private var ends: [Int] = []

  package init() {}

  package var startIndex: Int { 0 }
  package var endIndex: Int { ends.count }

  package subscript(index: Int) -> ArraySlice<Int32> { tokens[range(index)] }

  /// The range of a list's tokens in the array.
  func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

  mutating func append(_ list: some Sequence<Int32>) {
    tokens.append(contentsOf: list)
    ends.append(tokens.count)
  }

  /// A copy of the lists at some indices.
  func sublists(_ indices: [Int]) -> TokenLists {
    var result = TokenLists()
    for index in indices { result.append(self[index]) }
    return result
  }
}

/// Tokenized examples, and which of their tokens a model is trained to predict.
package struct TokenizedExamples: Sendable, Equatable {
  private var tokens = TokenLists()
  private var trained: [Bool] = []

  package init() {}

  package var count: Int { tokens.count }
  package var isEmpty: Bool { tokens.isEmpty }

  /// The number of tokens of each example.
  package var lengths: [Int] { tokens.map(\.count) }

  /// The number of tokens that are trained.
  package var trainedCount: Int { trained.count(where: \.self) }

  /// An example. `isTrained[i]` says whether `tokens[i]` is to be predicted; both slices have the same indices, which do
  /// not begin at 0. The first token never is: nothing precedes it.
  package subscript(index: Int) -> (tokens: ArraySlice<Int32>, isTrained: ArraySlice<Bool>) {
    (tokens[index], trained[tokens.range(index)])
  }

  /// Adds an example.
  package mutating func append(tokens list: some Collection<Int32>, isTrained: some Collection<Bool>) {
    precondition(
      list.count == isTrained.count, "\(list.count) tokens, \(isTrained.count) say whether they are trained")
    precondition(isTrained.first != true, "the first token of an example cannot be predicted")
    tokens.append(list)
    trained.append(contentsOf: isTrained)
  }

  func subexamples(_ indices: [Int]) -> TokenizedExamples {
    var result = TokenizedExamples()
    for index in indices { result.append(tokens: self[index].tokens, isTrained: self[index].isTrained) }
    return result
  }
}
