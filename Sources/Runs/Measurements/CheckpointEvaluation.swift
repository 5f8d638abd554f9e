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
    /// The template of another model, for one that has none of its own.
    package var lentTemplate: (jinja: String, owner: String)?
    /// The columns' names in the files.
    package var fields: [String: String] = [:]
    /// The model that answers' rewards are taken against, or `none`; nil for that of the run which the model is a checkpoint of.
    package var reference: String?
    /// How the operands of matrix products are rounded.
    package var precision = ProductPrecision.float32
    /// Whether the model writes answers, too.
    package var asksQuestions = true
    /// How many of its answers, or continuations of a text, are kept to be looked at.
    package var shown = 0

    fileprivate var writesAnswers: Bool { asksQuestions || shown > 0 }

    /// Says that a template which was asked for renders nothing of text.
    fileprivate func noteUnreadTemplate(_ kind: ExampleKind) {
      guard !kind.hasConversations, template != nil || !templateVariables.isEmpty else { return }
      Output.log.line("note: the chat template is not used: what is measured here are no conversations")
    }

    package init() {}
  }

  /// The first answers, to be looked at; as many as were asked for.
  package private(set) var answers: [AnswerEvaluation.Answer] = []

  private let stored: StoredModel
  private let model: any LanguageModel
  private let options: Options

  private init(_ stored: StoredModel, _ options: Options) throws(Failure) {
    model = try Waiting.during("opening \(stored.path)") { () throws(Failure) in try stored.model() }
    model.setPrecision(options.precision)
    self.stored = stored
    self.options = options
  }

  /// Measures `stored` on the files that `patterns` name. Their columns may have the names that those of the model's run have.
  package init(_ stored: StoredModel, on patterns: [String], options: Options) throws(Failure) {
    var options = options
    if options.fields.isEmpty { options.fields = try Self.fields(of: [stored], in: patterns) }
    try self.init(stored, options)
    let length = try Self.length(options.sequenceLength, of: stored)
    var objective = Self.objective(of: try RowKind(of: patterns, fields: options.fields))
    let kind = type(of: objective).examples
    options.noteUnreadTemplate(kind)
    let run = kind.answersPerSample > 0 ? try EvaluatedRun(of: stored, precision: options.precision) : nil
    if let run, run.recipe.examples == kind { objective = run.recipe.objective }
    let text = TextFormat(of: stored, chat: kind.hasConversations ? try Self.chat(stored, options) : nil)
    let source = ExampleSource(
      objective: objective,
      data: Recipe.Data(files: patterns, fields: options.fields, task: Recipe.Task(reading: kind)), seed: 0,
      sequenceLength: length, text: text, configuration: stored.configuration, isMeasured: true)
    let data = try source.open { Output.log.line($0) }.train
    try measure(data, objective, run)
    var questions: [AnswerEvaluation.Question]?
    if options.writesAnswers, let chat = text.chat { questions = try self.questions(in: patterns, kind, chat) }
    try ask(questions, data, kind, text)
  }

  /// How conversations with `stored` become tokens. That it has another model's template is said.
  private static func chat(_ stored: StoredModel, _ options: Options) throws(Failure) -> ChatFormat {
    if options.template == nil, stored.chatTemplate.isEmpty, let lent = options.lentTemplate {
      Output.log.line("note: \(stored.path) has no chat template, and is asked by that of \(lent.owner)")
    }
    return try stored.chatFormat(
      template: options.template, variables: options.templateVariables, lent: options.lentTemplate?.jinja ?? "")
  }

  /// The names of columns in the files that `patterns` name: those of the run of the first of `models` whose columns are there, which
  /// is said; none where they are the usual ones.
  package static func fields(
    of models: [StoredModel], in patterns: [String]
  ) throws(Failure) -> [String: String] {
    for stored in models {
      guard let run = try? EvaluatedRun(of: stored, precision: .float32) else { continue }
      let fields = try RowKind.fields(run.recipe.data.fields, in: patterns)
      if fields.isEmpty { continue }
      let names = fields.sorted { $0.key < $1.key }.map { "\($0.key) is \"\($0.value)\"" }
      Output.log.line("note: columns by the data.fields of \(run.path): \(names.joined(separator: ", "))")
      return fields
    }
    return [:]
  }

  /// Measures `stored`, a checkpoint of a run, on what the run holds out, as the run reads and measures it but for what `options`
  /// say.
  ///
  /// - Throws: `.usage` if it is no run's, or the run holds nothing out.
  package init(heldOutOf stored: StoredModel, options: Options) throws(Failure) {
    guard let run = try EvaluatedRun(of: stored, precision: options.precision) else {
      throw Failure(
        .usage, "--data or --suite is missing", at: stored.path,
        notes: ["only the checkpoint of a run knows what was held out of its data: this is none"])
    }
    var recipe = run.recipe
    recipe.evaluation.suites = []
    if let length = options.sequenceLength { recipe.data.sequenceLength = try Self.length(length, of: stored) }
    if let template = options.template { recipe.data.template = template }
    if !options.templateVariables.isEmpty { recipe.data.templateVariables = options.templateVariables }
    options.noteUnreadTemplate(recipe.examples)
    let preparation = try Preparation(recipe, resuming: stored) { Output.log.line($0) }
    guard let data = preparation.data.validation else {
      throw Failure(
        .usage, "the run holds nothing out to be measured on", at: run.path,
        notes: [
          "its recipe has no data.validation and no data.validation_fraction", "name what to measure on: --data FILE",
        ])
    }
    try self.init(stored, options)
    Output.log.line("measuring on what the run held out: \(data.summary)")
    let kind = run.recipe.examples
    try measure(data, run.recipe.objective, run)
    var questions: [AnswerEvaluation.Question]?
    if options.writesAnswers, kind == .conversations || kind == .pairs, let tokenizer = preparation.text.tokenizer {
      questions = try AnswerEvaluation.questions(of: data, tokenizer, limit: options.limit ?? .max)
    }
    try ask(questions, data, kind, preparation.text)
  }

  /// The tokens of a text at most: as many as are `wanted`, else as the model has positions.
  package static func length(_ wanted: Int?, of stored: StoredModel) throws(Failure) -> Int {
    let positions = stored.configuration.maximumPositions
    guard let wanted, wanted > positions else { return wanted ?? positions }
    throw Failure(.usage, "--sequence-length \(wanted) exceeds the model's \(positions) positions")
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

  /// What rewards are taken against.
  private enum Rewards {
    /// A reference model, which the objective may need itself; or an objective that has none.
    case against((any LanguageModel)?)
    /// A model that is not known: there are no rewards, and no loss.
    case unknown
  }

  /// The samples with the scores of the reference model; without one the scores are all alike.
  private func scored(
    _ loader: any SampleLoader, _ objective: any Objective, _ run: EvaluatedRun?
  ) throws(Failure) -> (TrainingData, Rewards) {
    func note(_ line: String) { Output.log.line(line) }
    let data = TrainingData(train: loader, validation: nil)
    if let path = options.reference, path != "none" {
      let (stored, model) = try Waiting.during("opening \(path)") { () throws(Failure) in
        let stored = try StoredModel(at: path)
        return (stored, try stored.model())
      }
      model.setPrecision(options.precision)
      let scores = ReferenceScores(of: model, stored.configuration)
      return (
        try data.withReferences { (loader) throws(Failure) in try scores.scores(of: loader, note: note)! },
        .against(model)
      )
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
      return (scored, .against(reference.model))
    }
    note("there is no reference model: log-probabilities are reported, and no rewards")
    return (
      try data.withReferences { loader in
        Array(repeating: Array(repeating: 0, count: loader.answersPerSample), count: loader.sampleCount)
      }, .unknown
    )
  }

  private mutating func measure(
    _ loader: any SampleLoader, _ objective: any Objective, _ run: EvaluatedRun?
  ) throws(Failure) {
    var (loader, rewards) = (loader, Rewards.against(nil))
    if objective.reference != nil {
      let scored = try scored(loader, objective, run)
      (loader, rewards) = (scored.0.train, scored.1)
    } else if let path = options.reference, path != "none" {
      Output.log.line("note: the reference \(path) is not used: what is measured here is taken against no model")
    }
    var reference: (any LanguageModel)?
    if case .against(let model) = rewards { reference = model }
    let count = min(options.limit ?? loader.sampleCount, loader.sampleCount)
    var progress = WorkProgress("evaluating", total: count, unit: "samples")
    let result = try Evaluation(
      model, objective: objective, loader: loader, samples: count, size: .tokens(4096),
      tokenizer: stored.tokenizer, reference: reference
    ) { progress.show($0) }
    if case .unknown = rewards {
      for (name, value) in result.measures.means where name.hasPrefix("logps/") {
        results.append((name, JSONValue(measured: value)))
      }
    } else {
      results.append(("loss", JSONValue(measured: result.loss)))
      if let perplexity = result.perplexity { results.append(("perplexity", JSONValue(measured: perplexity))) }
      if let bits = result.bitsPerByte { results.append(("bits_per_byte", JSONValue(measured: bits))) }
      for (name, value) in result.measures.means where name != "loss" {
        results.append((name, JSONValue(measured: value)))
      }
    }
    results.append(("tokens", JSONValue(result.tokens)))
    results.append(("share_of_data", JSONValue(result.share)))
  }

  /// The results as a row of text each: their names and values.
  package var rows: [(name: String, value: String)] {
    results.map { name, value in
      let number = value.string ?? value.integer.map(String.init) ?? Progress.fixed(value.double ?? .nan, 4)
      return (name.replacing("_", with: " "), number)
    }
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
        AnswerEvaluation.Question(prompt: .turns($0.prompt), answer: $0.chosen, rejected: $0.rejected)
      }
    }
  }

  /// Asks the questions; a text has none, and goes on instead where it is to be shown.
  private mutating func ask(
    _ questions: [AnswerEvaluation.Question]?, _ data: any SampleLoader, _ kind: ExampleKind, _ text: TextFormat
  ) throws(Failure) {
    guard let tokenizer = text.tokenizer, options.writesAnswers else { return }
    let generator = TextGenerator(model, tokenizer, endTokens: text.chat?.stopTokens)
    if kind == .windows {
      let questions = try AnswerEvaluation.continuations(of: data, tokenizer, limit: options.shown)
      answers = try AnswerEvaluation(generator, nil, questions: questions, showing: options.shown).shown
      return
    }
    guard var questions else {
      if options.shown > 0 {
        Output.log.line("note: no answers are shown: of answers with labels nobody says what they should be")
      }
      return
    }
    if !options.asksQuestions { questions = Array(questions.prefix(options.shown)) }
    let found = try AnswerEvaluation(generator, text.chat, questions: questions, showing: options.shown)
    answers = found.shown
    guard options.asksQuestions else { return }
    results.append(("exact_match", JSONValue(found.exactMatch)))
    results.append(("majority_answer", JSONValue(found.majorityBaseline)))
    if found.hasRejected { results.append(("win_rate", JSONValue(found.winRate))) }
    results.append(("questions", JSONValue(found.questions)))
    if found.unanswerable > 0 { results.append(("too_long_to_answer", JSONValue(found.unanswerable))) }
  }
}
