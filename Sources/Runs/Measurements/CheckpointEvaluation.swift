import Corpus
import Files
import Inference
import ModelFiles
import Models
import Tokenizers
import Training

/// A stored model measured on files, whatever kind of rows they hold.
package struct CheckpointEvaluation {
  /// What was measured, in the order in which it is shown.
  package private(set) var results: [(name: String, value: JSONValue)] = []

  /// What to measure and how.
  package struct Options: Sendable {
    /// Tokens a window or an example; nil for the model's positions.
    package var sequenceLength: Int?
    /// Windows or examples at most; nil for all.
    package var limit: Int?
    /// A chat template instead of the model's own.
    package var template: String?
    /// The columns' names in the files.
    package var fields: [String: String] = [:]
    /// The model that answers' rewards are taken against.
    package var reference: String?
    /// Whether the model writes answers, too.
    package var asksQuestions = true

    package init() {}
  }

  private let stored: StoredModel
  private let model: any LanguageModel
  private let length: Int
  private let options: Options

  /// Measures `stored` on the files that `patterns` name.
  package init(_ stored: StoredModel, on patterns: [String], options: Options) throws(Failure) {
    model = try stored.model()
    length = options.sequenceLength ?? model.maximumPositions
    guard length <= model.maximumPositions else {
      throw Failure(.usage, "--sequence-length \(length) exceeds the model's \(model.maximumPositions) positions")
    }
    self.stored = stored
    self.options = options
    switch try RowKind(of: patterns, fields: options.fields) {
    case .text: try measureText(patterns)
    case .conversation: try measureConversations(patterns)
    case let kind: try measurePairs(patterns, kind)
    }
  }

  private mutating func measureText(_ patterns: [String]) throws(Failure) {
    let stream = try PretrainingData.open(
      .init(train: patterns), tokenizer: stored.tokenizer, vocabularySize: model.vocabularySize
    ).train
    let loader = try WindowLoader(stream, sequenceLength: length, seed: 0, shuffle: false)
    try measure(loader, NextToken())
  }

  private mutating func measureConversations(_ patterns: [String]) throws(Failure) {
    let format = try stored.chatFormat(template: options.template)
    let settings = TuningSettings(fields: options.fields, maximumLength: length)
    let data = try InstructionData.open(
      patterns, settings: settings, format: format)
    for line in data.summary.lines { Output.log.line(line) }
    let loader = ExampleLoader(data.examples, digest: data.digest, sequenceLength: length, seed: 0, shuffle: false)
    try measure(loader, SFT())
    guard options.asksQuestions else { return }
    let conversations = try ConversationFile.conversations(
      patterns, settings: settings, format: format)
    let questions = AnswerEvaluation.questions(of: Array(conversations.prefix(options.limit ?? conversations.count)))
    try ask(questions, format)
  }

  private mutating func measurePairs(_ patterns: [String], _ kind: RowKind) throws(Failure) {
    let format = try stored.chatFormat(template: options.template)
    let settings = TuningSettings(fields: options.fields, maximumLength: length)
    let pairs: any AnswerPairs
    let summary: TuningSummary
    if kind == .pair {
      let data = try PreferenceData.open(
        patterns, settings: settings, format: format)
      (pairs, summary) = (RankedPairs(data), data.summary)
    } else {
      let data = try UnpairedPreferenceData.open(
        patterns, settings: settings, format: format)
      (pairs, summary) = (UnpairedPreferences(data), data.summary)
    }
    for line in summary.lines { Output.log.line(line) }
    let loader = PairLoader(pairs, seed: 0, shuffle: false)
    try measure(loader.with(references: try references(of: loader)), kind == .pair ? DPO() : KTO())
    guard options.asksQuestions, kind == .pair else { return }
    let preferences = try ConversationFile.preferences(patterns, settings: settings, format: format)
    let questions = preferences.prefix(options.limit ?? preferences.count).map {
      AnswerEvaluation.Question(messages: $0.prompt, answer: $0.chosen, rejected: $0.rejected)
    }
    try ask(questions, format)
  }

  /// The scores of the answers under the reference model. Without one they are all alike: rewards are then the model's own
  /// log-probabilities.
  private func references(of loader: PairLoader) throws(Failure) -> [(first: Double, second: Double)] {
    guard let path = options.reference else { return Array(repeating: (0, 0), count: loader.sampleCount) }
    let reference = try ReferenceScores { () throws(Failure) in try StoredModel(at: path).model() }
    return try reference.scores(of: loader) { Output.log.line($0) }
  }

  private mutating func measure(_ loader: any SampleLoader, _ objective: any Objective) throws(Failure) {
    let result = try Evaluation(
      model, objective: objective, loader: loader, samples: options.limit ?? loader.sampleCount, size: .tokens(4096),
      tokenizer: stored.tokenizer)
    results.append(("loss", JSONValue(result.loss)))
    if let perplexity = result.perplexity { results.append(("perplexity", JSONValue(perplexity))) }
    if let bits = result.bitsPerByte { results.append(("bits_per_byte", JSONValue(bits))) }
    for (name, value) in result.measures.means where name != "loss" { results.append((name, JSONValue(value))) }
    results.append(("tokens", JSONValue(result.tokens)))
  }

  private mutating func ask(_ questions: [AnswerEvaluation.Question], _ format: ChatFormat) throws(Failure) {
    let generator = TextGenerator(model, format.tokenizer, endTokens: format.stopTokens)
    let answers = try AnswerEvaluation(generator, format, questions: questions)
    results.append(("exact_match", JSONValue(answers.exactMatch)))
    results.append(("majority_answer", JSONValue(answers.majorityBaseline)))
    if answers.hasRejected { results.append(("win_rate", JSONValue(answers.winRate))) }
    results.append(("questions", JSONValue(answers.questions)))
    if answers.unanswerable > 0 { results.append(("too_long_to_answer", JSONValue(answers.unanswerable))) }
  }
}
