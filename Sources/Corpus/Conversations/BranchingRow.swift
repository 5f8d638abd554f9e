import Kernels

/// A row of documents one after the other, whose branches do not see each other.
struct BranchingRow {
  /// The number of places that are filled.
  var count: Int { tokens.count }
  private var tokens: [Int32] = []
  private var targets: [Int32] = []
  private var positions: [Int32] = []
  private var documentStarts: [Int32] = []
  private var hidden = VisibleKeys.Gap(starts: [], ends: [])

  /// The row as a batch, with the answers in it; `tokenCount` is that of its examples.
  func batch(tokenCount: Int, answers: [Batch.Answer] = []) -> Batch {
    let layout = SequenceLayout(
      rows: 1, columns: count, positions: positions, documentStarts: documentStarts,
      gap: hidden.starts == hidden.ends ? nil : hidden)
    return Batch(layout, tokens: tokens, targets: targets, answers: answers, tokenCount: tokenCount)
  }

  /// Appends tokens from `position` of the document that begins at column `document`, to which the columns in `hidden` do
  /// not belong.
  mutating func append(
    _ read: some Collection<Int32>, targets: some Collection<Int32>, from position: Int, document: Int,
    hidden: Range<Int> = 0..<0
  ) {
    tokens += read
    self.targets += targets
    positions += Int32(position)..<Int32(position + read.count)
    documentStarts += repeatElement(Int32(document), count: read.count)
    self.hidden.starts += repeatElement(Int32(hidden.lowerBound), count: read.count)
    self.hidden.ends += repeatElement(Int32(hidden.upperBound), count: read.count)
  }

  /// Appends a text with its continuations as one document, `c[..<m-1] | c[m-1] a | c[m-1] b | ...`, each branch without its
  /// last token: positions of every branch continue after the context, and none sees another.
  ///
  /// Returns the places whose targets are the continuations' tokens.
  mutating func append(
    _ context: ArraySlice<Int32>, continuations: [ArraySlice<Int32>]
  ) -> [Range<Int>] {
    precondition(
      !context.isEmpty && continuations.allSatisfy { !$0.isEmpty }, "a context and its continuations have tokens")
    let document = count
    let shared = context.dropLast()
    append(shared, targets: shared.map { _ in -1 }, from: 0, document: document)
    let first = count
    return continuations.map { continuation in
      let places = count..<count + continuation.count
      append(
        [context.last!] + continuation.dropLast(), targets: continuation, from: shared.count, document: document,
        hidden: places.lowerBound == first ? 0..<0 : first..<places.lowerBound)
      return places
    }
  }

  /// Appends a text with one continuation, read to its end: what its last token predicts is nobody's.
  ///
  /// Returns the places whose targets are the continuation's tokens.
  mutating func append(whole context: ArraySlice<Int32>, continuation: ArraySlice<Int32>) -> Range<Int> {
    let document = count
    let places = append(context, continuations: [continuation])[0]
    append([continuation.last!], targets: [-1 as Int32], from: count - document, document: document)
    return places
  }
}
