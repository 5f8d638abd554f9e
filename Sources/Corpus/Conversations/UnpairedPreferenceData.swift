import Files
import Tokenizers

/// Answers that are wanted or not, without partners (KTO), as tokens.
package struct UnpairedPreferenceData: Sendable {
  /// A prompt and an answer to it, which ends with the end-of-turn token unless it was cut.
  package struct Example: Sendable {
    /// The conversation up to the header of the assistant's turn.
    package let prompt: ArraySlice<Int32>
    package let completion: ArraySlice<Int32>
    package let isDesirable: Bool
  }

  package private(set) var prompts = TokenLists()
  package private(set) var completions = TokenLists()
  package private(set) var labels: [Bool] = []
  package let summary: TuningSummary
  /// The index after the last example of each of the patterns.
  package let ends: [Int]
  /// A SHA-256 over the files, the template, the tokenizer and the settings.
  package let digest: String

  package var count: Int { labels.count }

  package subscript(index: Int) -> Example {
    Example(prompt: prompts[index], completion: completions[index], isDesirable: labels[index])
  }

  /// Reads the rows of the files that `patterns` name and encodes them; lengths are treated as in ``PreferenceData``.
  ///
  /// - Throws: as ``InstructionData/open(_:settings:format:)``.
  package static func open(
    _ patterns: [String], settings: TuningSettings, format: ChatFormat
  ) throws(Failure) -> UnpairedPreferenceData {
    let reader = try TuningReader(settings: settings, format: format)
    var (prompts, completions, labels) = (TokenLists(), TokenLists(), [Bool]())
    let reading = try reader.read(patterns, UnpairedPreferenceEncoder(pairs: PairEncoder(reader.format))) {
      (labelled, place, summary) throws(Failure) in
      guard let example = try reader.fitted(labelled.0, place, &summary) else { return }
      prompts.append(example.prompt)
      completions.append(example.answers[0])
      labels.append(labelled.1)
      summary.used += 1
    }
    return UnpairedPreferenceData(
      prompts: prompts, completions: completions, labels: labels, summary: reading.summary, ends: reading.ends,
      digest: reading.digest)
  }

  /// The data in two parts, about `fraction` of the rows in the second; ``TuningSplit`` says which.
  package func split(
    fraction: Double, seed: UInt64?
  ) throws(Failure) -> (train: UnpairedPreferenceData, validation: UnpairedPreferenceData) {
    let split = try TuningSplit(count, fraction: fraction, seed: seed)
    func part(_ rows: [Int]) -> UnpairedPreferenceData {
      UnpairedPreferenceData(
        prompts: prompts.sublists(rows), completions: completions.sublists(rows), labels: rows.map { labels[$0] },
        summary: summary, ends: TuningSplit.ends(ends, among: rows), digest: TuningSplit.identity(of: rows, in: digest))
    }
    return (part(split.train), part(split.validation))
  }
}

private struct UnpairedPreferenceEncoder: RowEncoder {
  var pairs: PairEncoder

  mutating func example(
    of row: TuningRow
  ) throws(Failure) -> (answer: PairEncoder.Example, isDesirable: Bool) {
    let labelled = try row.unpairedPreference()
    var example = try pairs.example(prompt: labelled.prompt, answers: [labelled.completion])
    example.remarks.formUnion(row.unread(isText: false, labelled.prompt.messages))
    return (example, labelled.isDesirable)
  }
}
