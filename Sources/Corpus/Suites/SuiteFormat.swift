import Files

/// The evaluation suites that are known, told by the columns of their files, and how each of them asks its questions.
///
/// Prompts, answers and measures are those of lm-evaluation-harness 0.4, whose tasks are named with each case.
package enum SuiteFormat: String, Sendable, CaseIterable {
  /// Two sentences, of which the first is grammatical (`blimp_*`).
  case blimp
  /// A goal and two ways to it (`piqa`).
  case piqa
  /// The last word of a passage (`lambada_openai`, `lambada_standard`).
  case lambada
  /// A beginning and its endings (`hellaswag`).
  case hellaswag
  /// A question of science and its answers (`arc_easy`, `arc_challenge`).
  case arc
  /// The beginning of a sentence and its ends (`openbookqa`).
  case openbookqa
  /// A question with lettered answers, of which the letters are scored (`mmlu_*`).
  case mmlu
  /// A prompt and its continuations: a task of one's own, with the harness's defaults.
  case choices

  /// What a suite's figures are.
  package enum Measure: Sendable {
    /// The share of questions whose right answer is the likeliest.
    case accuracy
    /// The same with log-likelihoods divided by the answers' lengths.
    case normalizedAccuracy
    /// The share of last words that are the model's own greedy continuation, and their perplexity.
    case lastWord
  }

  /// What it is called where people speak of it.
  package var title: String {
    switch self {
    case .blimp: "BLiMP"
    case .piqa: "PIQA"
    case .lambada: "LAMBADA"
    case .hellaswag: "HellaSwag"
    case .arc: "ARC"
    case .openbookqa: "OpenBookQA"
    case .mmlu: "MMLU"
    case .choices: "a task of prompts and choices"
    }
  }

  package var measures: [Measure] {
    switch self {
    case .blimp, .mmlu: [.accuracy]
    case .piqa, .hellaswag, .arc, .openbookqa, .choices: [.accuracy, .normalizedAccuracy]
    case .lambada: [.lastWord]
    }
  }

  /// What stands between a question and an answer that is scored. A last word brings its own space.
  var delimiter: String { self == .lambada ? "" : " " }

  /// Whether examples may stand before a question: a pair of sentences has no question.
  package var takesExamples: Bool { self != .blimp }

  /// Whether the examples are the first rows of a file rather than drawn ones.
  var takesFirstExamples: Bool { self == .mmlu }

  /// Whether the harness draws one example more than it needs, in case the question is among them: it does where a task has no
  /// test split.
  var drawsSpareExample: Bool { self == .piqa || self == .hellaswag || self == .choices }

  /// The columns that each format is told by, for messages.
  static let forms = [
    "BLiMP {\"sentence_good\", \"sentence_bad\"}, PIQA {\"goal\", \"sol1\", \"sol2\"}, LAMBADA {\"text\"} alone, HellaSwag "
      + "{\"ctx_a\", \"ctx_b\", \"endings\"},",
    "ARC and OpenBookQA {\"question\" or \"question_stem\", \"choices\", \"answerKey\"}, MMLU {\"question\", \"choices\", "
      + "\"answer\"}, and {\"prompt\", \"choices\", \"answer\"}",
  ]

  /// The format of a file by one of its rows; nil for a row of none. Columns that tell of another suite make it none: texts
  /// with a label are to be classified, and CommonsenseQA has ARC's columns but asks for a letter. So have QASC and QuaRTz, which
  /// give facts to a question.
  ///
  /// - Parameter path: of the file. The Allen Institute's own files of ARC and OpenBookQA have the same columns.
  init?(of row: JSONValue, path: String) {
    func has(_ keys: String...) -> Bool { keys.allSatisfy { row[$0] != nil } }
    if Self.isCommonsenseQA(row) || ["formatted_question", "combinedfact", "para"].contains(where: { row[$0] != nil }) {
      return nil
    }
    if has("sentence_good", "sentence_bad") {
      self = .blimp
    } else if has("goal", "sol1", "sol2") {
      self = .piqa
    } else if has("ctx_a", "ctx_b", "endings") {
      self = .hellaswag
    } else if has("question_stem", "choices") {
      self = .openbookqa
    } else if row["question"]?["stem"] != nil {
      let name = path.lowercased()
      self = row["fact1"] != nil || name.contains("openbook") || name.contains("obqa") ? .openbookqa : .arc
    } else if has("question", "choices", "answerKey") {
      self = .arc
    } else if has("prompt", "choices", "answer") {
      self = .choices
    } else if has("question", "choices", "answer") {
      self = .mmlu
    } else if has("text"), row.object?.allSatisfy({ ["text", "domain"].contains($0.key) }) == true {
      self = .lambada
    } else {
      return nil
    }
  }

  /// Whether a row is one of CommonsenseQA, in Hugging Face's columns or its authors' own.
  static func isCommonsenseQA(_ row: JSONValue) -> Bool {
    row["question_concept"] != nil || row["question"]?["question_concept"] != nil
  }
}
