import Corpus
import Files
import Inference
import ModelFiles
import Runs

struct EvalCommand: Command {
  static let name = "eval"
  static let summary = "Measures a model on text, conversations, pairs of answers, or evaluation suites"
  static let examples = [
    "train eval checkpoints/tiny",
    "train eval checkpoints/tiny --data 'held-out/*.jsonl' --limit 200 --json",
    "train eval checkpoints/tiny --suite piqa/valid.jsonl blimp/*.jsonl",
    "train eval checkpoints/stories-sft --show 3",
  ]
  static let operands = "CHECKPOINT"
  static let options =
    [
      Option.value(
        "data", "FILE ...", "what to measure on, globs are allowed; default: what the checkpoint's run held out"),
      Option.value(
        "suite", "FILE ...", "questions of a suite such as PIQA or BLiMP, scored as lm-evaluation-harness does"),
      Option.value("few-shot", "N", "examples before each question of a suite; default 0"),
      Option.value("fewshot-data", "FILE", "where the examples come from; default: the suite itself"),
      Option.value("seed", "N", "of the draws of examples; default 1234, as in lm-evaluation-harness"),
      Option.value(
        "sequence-length", "N",
        "tokens a window or an example; default: the model's positions, of what a run held out the run's own"),
      Option.value(
        "limit", "N",
        "windows or examples at most, spread over the data; of a suite the first N questions; default: all"),
      Option.value(
        "reference", "MODEL",
        "what rewards of answers are taken against, or none; default: the run's own, if it has one"),
      Option.flag("no-questions", "leaves out the answers that the model is to write itself"),
      Option.value(
        "show", "N", "shows N of its answers, N beginnings of a text as it goes on, or N questions of a suite"),
      PrecisionArgument.option,
      Option.json,
    ] + TemplateArguments.options
  static let details = [
    StoredModel.kinds,
    "Text, JSONL or token shards: loss, perplexity, bits per byte, token accuracy. Conversations: the same of the answers,",
    "and the share of greedy answers that are word for word the expected ones, beside that of always giving the commonest",
    "answer. Pairs: what training reports of them; without a reference model only log-probabilities (logps/accuracies: how",
    "often the chosen answer is the likelier one).",
    "Suites are told by their columns: BLiMP, PIQA, LAMBADA, HellaSwag, ARC, OpenBookQA, MMLU, and your own rows",
    "{\"prompt\": ..., \"choices\": [...], \"answer\": 0}. acc_norm divides a log-likelihood by the answer's characters, acc_bytes by",
    "its bytes.",
  ]

  private let checkpoint: String
  private let data: [String]
  private let suites: [String]
  private let options: CheckpointEvaluation.Options
  private let suiteOptions: SuiteSet.Options
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    checkpoint = try arguments.operand("CHECKPOINT")
    let (data, suites) = (arguments.all("data"), arguments.all("suite"))
    // `--suite *.jsonl` is a file after the option and more behind it.
    let more = data.isEmpty != suites.isEmpty ? arguments.rest() : []
    (self.data, self.suites) = (data.isEmpty ? data : data + more, suites.isEmpty ? suites : suites + more)
    var options = CheckpointEvaluation.Options()
    options.sequenceLength = try arguments.integer("sequence-length", in: 2...(1 << 24))
    options.limit = try arguments.integer("limit", in: 1...Int(Int32.max), isLimit: true)
    let template = try TemplateArguments(arguments)
    (options.template, options.templateVariables) = (template.template, template.variables)
    options.precision = PrecisionArgument.read(arguments)
    options.asksQuestions = !arguments.flag("no-questions")
    options.reference = arguments.string("reference")
    options.shown = try arguments.integer("show", in: 1...10_000) ?? 0
    self.options = options
    var suiteOptions = try Self.suiteOptions(arguments, limit: options.limit)
    suiteOptions.shown = options.shown
    self.suiteOptions = suiteOptions
    isJSON = arguments.flag("json")
    // Suites have their own way to ask, and their answers are given.
    let ofData = (arguments.string("reference") == nil ? [] : ["reference"]) + TemplateArguments.given(arguments)
    if self.data.isEmpty, !self.suites.isEmpty, let name = ofData.first {
      throw arguments.failure("--\(name) has no meaning for a --suite: it is for --data")
    }
  }

  private static func suiteOptions(_ arguments: Arguments, limit: Int?) throws(Failure) -> SuiteSet.Options {
    var options = SuiteSet.Options()
    options.limit = limit
    options.examples = try arguments.integer("few-shot", in: 0...1000) ?? 0
    options.exampleFiles = arguments.all("fewshot-data")
    options.seed = UInt64(try arguments.integer("seed", in: 0...Int.max) ?? Int(options.seed))
    for name in ["few-shot", "fewshot-data", "seed"] where arguments.string(name) != nil {
      if arguments.all("suite").isEmpty { throw arguments.failure("--\(name) is for --suite") }
      if options.examples == 0, name != "few-shot" { throw arguments.failure("--\(name) needs --few-shot N") }
    }
    return options
  }

  func run() throws(Failure) {
    StopRequest.install(grace: 10)
    try MatrixLibrary.require()
    let stored = try Waiting.during("opening \(checkpoint)") { () throws(Failure) in try StoredModel(at: checkpoint) }
    for note in stored.notes { Output.log.line("note: \(note)") }
    var members = [JSONMember("step", JSONValue(stored.step))]
    var lines: [String] = []
    if !suites.isEmpty {
      let results = try measureSuites(stored)
      members.append(JSONMember("suites", results.json))
      lines += results.lines + results.shown
    }
    if !data.isEmpty || suites.isEmpty {
      let evaluation =
        data.isEmpty
        ? try CheckpointEvaluation(heldOutOf: stored, options: options)
        : try CheckpointEvaluation(stored, on: data, options: options)
      members += evaluation.results.map { JSONMember($0.name, $0.value) }
      lines += evaluation.rows.map { "\($0.name.padded(to: 20)) \($0.value)" }
      let answers = AnswerText.rows([("answer", evaluation.answers)])
      if !answers.isEmpty { members.append(JSONMember("answers", JSONValue(answers.map(\.json)))) }
      lines += answers.enumerated().map { $1.text(number: $0 + 1) }
    }
    Output.results.line(isJSON ? JSONValue(members).serialized() : lines.joined(separator: "\n"))
  }

  private func measureSuites(_ stored: StoredModel) throws(Failure) -> SuiteResults {
    guard let tokenizer = stored.tokenizer else {
      throw Failure(
        .tokenizer, "the model has no tokenizer", at: stored.path, notes: ["suites are text, and have to become tokens"]
      )
    }
    let set = try SuiteSet(
      SuiteFile.files(suites), tokenizer: tokenizer, beginningToken: stored.beginningToken,
      positions: try CheckpointEvaluation.length(options.sequenceLength, of: stored), options: suiteOptions)
    for note in set.notes { Output.log.line(note) }
    let model = try Waiting.during("opening \(checkpoint)") { () throws(Failure) in try stored.model() }
    model.setPrecision(options.precision)
    return try set.measure(model)
  }
}
