import Corpus
import Files
import Inference
import Kernels
import ModelFiles
import Models
import Tokenizers
import Training

/// A stored model measured on files of any kind of rows.
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
    /// What the template reads besides messages.
    package var templateVariables: [JSONMember] = []
    /// The columns' names in the files.
    package var fields: [String: String] = [:]
    /// The model that answers' rewards are taken against, or `none`; nil for that of the run which the model is a checkpoint of.
    package var reference: String?
    /// How the operands of matrix products are rounded.
    package var precision = ProductPrecision.float32
    /// Whether the model writes answers, too.
    package var asksQuestions = true

    package init() {}
  }

  private let stored: StoredModel
  private let model: any LanguageModel
  private let options: Options

  /// Measures `stored` on the files that `patterns` name.
  package init(_ stored: StoredModel, on patterns: [String], options: Options) throws(Failure) {
    model = try stored.model()
    model.setPrecision(options.precision)
    self.stored = stored
    self.options = options
    let length = options.sequenceLength ?? model.maximumPositions
    guard length <= model.maximumPositions else {
      throw Failure(.usage, "--sequence-length \(length) exceeds the model's \(model.maximumPositions) positions")
    }
    var objective = Self.objective(of: try RowKind(of: patterns, fields: options.fields))
    let kind = type(of: objective).examples
    let run = kind.answersPerSample > 0 ? try EvaluatedRun(of: stored, precision: options.precision) : nil
    if let run, run.recipe.examples == kind { objective = run.recipe.objective }
    let text = try TextFormat(of: stored, kind.hasConversations ? (options.template, options.templateVariables) : nil)
    let source = ExampleSource(
      objective: objective,
      data: Recipe.Data(files: patterns, fields: options.fields, task: Recipe.Task(reading: kind)), seed: 0,
      sequenceLength: length, text: text, vocabularySize: model.vocabularySize, isMeasured: true)
    var data = try source.open { Output.log.line($0) }
    var reference: (any LanguageModel)?
    if objective.reference != nil {
      (data, reference) = try scored(data, objective, run)
    }
    try measure(data.train, objective, reference)
    guard options.asksQuestions, let chat = text.chat, let questions = try questions(in: patterns, kind, chat) else {
      return
    }
    try ask(questions, chat)
  }

  /// The objective that measures rows of a kind.
  private static func objective(of rows: RowKind) -> any Objective {
    switch rows {
    case .text: NextToken()
    case .conversation: SFT()
    case .pair: DPO()
    case .labelled: KTO()
    }
  }

  /// The data with the scores of the reference model, and that model where the objective needs it. Without one the scores are all
  /// alike: rewards are then the model's own log-probabilities.
  private func scored(
    _ data: TrainingData, _ objective: any Objective, _ run: EvaluatedRun?
  ) throws(Failure) -> (TrainingData, (any LanguageModel)?) {
    func note(_ line: String) { Output.log.line(line) }
    if let path = options.reference, path != "none" {
      let stored = try StoredModel(at: path)
      let model = try stored.model()
      model.setPrecision(options.precision)
      let scores = ReferenceScores(of: model, stored.configuration)
      return (try data.withReferences { (loader) throws(Failure) in try scores.scores(of: loader, note: note)! }, model)
    }
    if options.reference == nil, let reference = try run?.reference(of: stored, for: objective) {
      note("rewards are against the run's reference model")
      let scored = try data.withReferences { (loader) throws(Failure) in
        do throws(Failure) {
          return try reference.scores(of: loader, note: note)
        } catch {
          throw EvaluatedRun.adding(error)
        }
      }
      return (scored, reference.model)
    }
    note("rewards are without a reference model: the model's own log-probabilities")
    return (
      try data.withReferences { loader in
        Array(repeating: Array(repeating: 0, count: loader.answersPerSample), count: loader.sampleCount)
      }, nil
    )
  }

  private mutating func measure(
    _ loader: any SampleLoader, _ objective: any Objective, _ reference: (any LanguageModel)?
  ) throws(Failure) {
    let result = try Evaluation(
      model, objective: objective, loader: loader, samples: options.limit ?? loader.sampleCount, size: .tokens(4096),
      tokenizer: stored.tokenizer, reference: reference)
    results.append(("loss", JSONValue(measured: result.loss)))
    if let perplexity = result.perplexity { results.append(("perplexity", JSONValue(measured: perplexity))) }
    if let bits = result.bitsPerByte { results.append(("bits_per_byte", JSONValue(measured: bits))) }
    for (name, value) in result.measures.means where name != "loss" {
      results.append((name, JSONValue(measured: value)))
    }
    results.append(("tokens", JSONValue(result.tokens)))
    results.append(("share_of_data", JSONValue(result.share)))
  }

  /// What the model is to answer itself: the turns of the assistant, or the prompts of pairs; nil where there is no answer to
  /// compare with.
  private func questions(
    in patterns: [String], _ kind: ExampleKind, _ format: ChatFormat
  ) throws(Failure) -> [AnswerEvaluation.Question]? {
    switch kind {
    case .windows, .unpaired: return nil
    case .conversations:
      let conversations = try ConversationFile.conversations(patterns, fields: options.fields, format: format)
      return AnswerEvaluation.questions(of: Array(conversations.prefix(options.limit ?? conversations.count)))
    case .pairs:
      let preferences = try ConversationFile.preferences(patterns, fields: options.fields, format: format)
      return preferences.prefix(options.limit ?? preferences.count).map {
        AnswerEvaluation.Question(input: $0.prompt, answer: $0.chosen, rejected: $0.rejected)
      }
    }
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
