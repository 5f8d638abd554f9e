import Files
import Inference
import ModelFiles
import Runs

struct EvalCommand: Command {
  static let name = "eval"
  static let summary = "Measures a model on text, conversations or pairs of answers"
  static let examples = [
    "train eval checkpoints/tiny --data data/stories/validation.txt",
    "train eval checkpoints/tiny --data 'held-out/*.jsonl' --limit 200 --json",
  ]
  static let operands = "CHECKPOINT"
  static let options =
    [
      Option.value("data", "FILE", "what to measure on; may be given several times, globs are allowed"),
      Option.value("sequence-length", "N", "tokens a window or an example; default: the model's positions"),
      Option.value("limit", "N", "windows or examples at most, spread over the data; default: all"),
      Option.value(
        "reference", "MODEL",
        "what rewards of answers are taken against, or none; default: the run's own, if it has one"),
      Option.flag("no-questions", "leaves out the answers that the model is to write itself"), PrecisionArgument.option,
      Option.json,
    ] + TemplateArguments.options
  static let details = [
    StoredModel.kinds,
    "Text, JSONL or token shards: loss, perplexity, bits per byte, token accuracy. Conversations: the same of the answers,",
    "and the share of greedy answers that are word for word the expected ones, beside that of always giving the commonest",
    "answer. Pairs: how often the chosen answer is the likelier one.",
  ]

  private let checkpoint: String
  private let data: [String]
  private let options: CheckpointEvaluation.Options
  private let reference: String?
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    checkpoint = try arguments.operand("CHECKPOINT")
    data = arguments.all("data")
    var options = CheckpointEvaluation.Options()
    options.sequenceLength = try arguments.integer("sequence-length", in: 2...(1 << 24))
    options.limit = try arguments.integer("limit", in: 1...Int(Int32.max))
    let template = try TemplateArguments(arguments)
    (options.template, options.templateVariables) = (template.template, template.variables)
    options.precision = try PrecisionArgument.read(arguments)
    options.asksQuestions = !arguments.flag("no-questions")
    self.options = options
    reference = arguments.string("reference")
    isJSON = arguments.flag("json")
    guard !data.isEmpty else { throw arguments.failure("--data is missing") }
  }

  func run() throws(Failure) {
    StopRequest.install(grace: 10)
    try MatrixLibrary.require()
    let stored = try StoredModel(at: checkpoint)
    for note in stored.notes { Output.log.line("note: \(note)") }
    var options = options
    options.reference = reference
    let results = try CheckpointEvaluation(stored, on: data, options: options).results
    if isJSON {
      let members = [JSONMember("step", JSONValue(stored.step))] + results.map { JSONMember($0.name, $0.value) }
      return Output.results.line(JSONValue(members).serialized())
    }
    for (name, value) in results {
      let number = value.string ?? value.integer.map(String.init) ?? Progress.fixed(value.double ?? .nan, 4)
      Output.results.line("\(name.replacing("_", with: " ").padded(to: 20)) \(number)")
    }
  }
}
