import Files
import Tokenizers

/// What a row for tuning on answers without partners (KTO) holds: an answer that is wanted, or one that is not.
struct UnpairedPreferenceRow {
  let prompt: ChatInput
  let completion: [Message]
  let isDesirable: Bool
}

extension TuningRow {
  /// The row as an answer that is wanted or not; its form is recognised by its columns.
  ///
  /// `label` (or LLaMA-Factory's `kto_tag`) says whether it is wanted: true or false, 1 or 0. Prompt and answer are `prompt` and
  /// `completion` (texts or messages), Alpaca's columns, or a conversation whose last turn is the answer.
  func unpairedPreference() throws(Failure) -> UnpairedPreferenceRow {
    guard let label = self["label"] else {
      throw unusable(
        "the row has no \"\(name("label"))\"", "found \(foundColumns)",
        has("chosen", "rejected") ? "pairs are read without objective.name=kto, by the objective dpo" : nil)
    }
    guard let isDesirable = label.bool ?? Self.labels[label.string?.lowercased() ?? label.number?.text ?? ""] else {
      throw unusable("\"\(name("label"))\" is neither true nor false", "found \(label.kind)")
    }
    let (prompt, completion) = try promptAndAnswer()
    try check(completion, to: prompt)
    return UnpairedPreferenceRow(
      prompt: try input(withSystem(prompt)), completion: completion, isDesirable: isDesirable)
  }

  /// What stands for false and true, in delimited values as text. A column of numbers in which some are missing is one of fractions.
  private static let labels = [
    "0": false, "1": true, "0.0": false, "1.0": true, "false": false, "true": true,
  ]

  private func promptAndAnswer() throws(Failure) -> (prompt: [Message], completion: [Message]) {
    for column in ["messages", "conversations"] where has(column) && !has("prompt", "completion") {
      let turns = try messages(column)
      return (turns.dropLast(), turns.suffix(1))
    }
    guard let prompt = try prompt() else {
      throw unknownForm("prompt/completion, messages, conversations, or instruction/output, each with a label")
    }
    if has("instruction") || !has("prompt") && !has("question") && hasOwn("input") {
      return (prompt, [try answer("output")])
    }
    return (prompt, try turns("completion", as: "assistant"))
  }
}
