import Files
import Tokenizers

/// Pairs of answers for preference tuning, as tokens.
package struct PreferenceData: Sendable {
  /// One prompt and two answers to it, which end with the end-of-turn token unless they were cut.
  package struct Pair: Sendable {
    /// The conversation up to the header of the assistant's turn.
    package let prompt: ArraySlice<Int32>
    package let chosen: ArraySlice<Int32>
    package let rejected: ArraySlice<Int32>
  }

  package private(set) var prompts = TokenLists()
  package private(set) var chosen = TokenLists()
  package private(set) var rejected = TokenLists()
  package let summary: TuningSummary
  /// The index after the last example of each of the patterns.
  package let ends: [Int]
  /// A SHA-256 over the files, the template, the tokenizer and the settings.
  package let digest: String

  package var count: Int { prompts.count }

  package subscript(index: Int) -> Pair {
    Pair(prompt: prompts[index], chosen: chosen[index], rejected: rejected[index])
  }

  /// Reads the rows of the files that `patterns` name and encodes them; `settings.lossOn` is ignored.
  ///
  /// `settings.maximumLength` holds for a prompt with the longer of its answers. Where pairs are truncated, the answers
  /// keep their beginnings; a prompt is cut at its start, and only as far as an answer needs the room and the prompt has
  /// more than half of it. Pairs that are the same after that are dropped.
  ///
  /// - Throws: as ``InstructionData/open(_:settings:format:)``.
  package static func open(
    _ patterns: [String], settings: TuningSettings, format: ChatFormat
  ) throws(Failure) -> PreferenceData {
    let reader = try TuningReader(settings: settings, format: format)
    var lists = (prompts: TokenLists(), chosen: TokenLists(), rejected: TokenLists())
    let reading = try reader.read(patterns, PreferenceEncoder(pairs: PairEncoder(reader.format))) {
      (example, place, summary) throws(Failure) in
      guard let example = try reader.fitted(example, place, &summary) else { return }
      lists.prompts.append(example.prompt)
      lists.chosen.append(example.answers[0])
      lists.rejected.append(example.answers[1])
      summary.used += 1
    }
    return PreferenceData(
      prompts: lists.prompts, chosen: lists.chosen, rejected: lists.rejected, summary: reading.summary,
      ends: reading.ends, digest: reading.digest)
  }

  /// The data in two parts, about `fraction` of the rows in the second; ``TuningSplit`` says which.
  package func split(
    fraction: Double, seed: UInt64?
  ) throws(Failure) -> (train: PreferenceData, validation: PreferenceData) {
    let split = try TuningSplit(count, fraction: fraction, seed: seed)
    func part(_ rows: [Int]) -> PreferenceData {
      PreferenceData(
        prompts: prompts.sublists(rows), chosen: chosen.sublists(rows), rejected: rejected.sublists(rows),
        summary: summary, ends: TuningSplit.ends(ends, among: rows), digest: TuningSplit.identity(of: rows, in: digest))
    }
    return (part(split.train), part(split.validation))
  }
}

private struct PreferenceEncoder: RowEncoder {
  var pairs: PairEncoder

  mutating func example(of row: TuningRow) throws(Failure) -> PairEncoder.Example {
    switch try row.preference() {
    case .conversation(let prompt, let chosen, let rejected):
      var example = try pairs.example(prompt: prompt, answers: [chosen, rejected])
      example.remarks.formUnion(row.unread(isText: false, prompt.messages))
      return example
    case .text(let prompt, let chosen, let rejected):
      var example = pairs.example(prompt: prompt, answers: [chosen, rejected])
      example.remarks.formUnion(row.unread(isText: true))
      return example
    }
  }
}

extension TuningReader {
  /// The example truncated to the allowed length; nil if it is dropped.
  func fitted(
    _ example: PairEncoder.Example, _ place: String, _ summary: inout TuningSummary
  ) throws(Failure) -> PairEncoder.Example? {
    summary.remark(Array(example.remarks))
    guard try admits(example.length, place, &summary) else { return nil }
    let fitted = example.truncated(to: settings.maximumLength, keeping: format.tokenizer.beginningOfText)
    if fitted.answers.count == 2, fitted.answers[0] == fitted.answers[1] {
      summary.truncated -= 1
      summary.drop(Failure(.data, "the two sides are identical after truncation", at: place), isFault: false)
      return nil
    }
    return fitted
  }
}
