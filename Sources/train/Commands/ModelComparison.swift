import Files
import Inference
import Kernels
import ModelFiles
import Runs

/// `train compare A B --data FILE`: models side by side, before and after a run for instance.
struct ModelComparison {
  private let data: [String]
  private let options: CheckpointEvaluation.Options

  static let options =
    [
      Option.value("data", "FILE", "compares models on what is in the file instead of runs' curves"),
      Option.value("show", "N", "with --data: N answers of the models, below each other"),
      Option.value("limit", "N", "with --data: windows or examples at most; default: all"), PrecisionArgument.option,
    ] + TemplateArguments.options

  static let details = [
    "With --data FILE the operands are models of any kind that `train eval` takes, and their figures and answers are shown",
    "side by side: `train compare runs/base runs/tuned --data questions.jsonl --show 3`.",
  ]

  /// nil where no data is named.
  init?(_ arguments: Arguments) throws(Failure) {
    data = arguments.all("data")
    guard !data.isEmpty else {
      let given =
        ["show", "limit", "precision"].filter { arguments.string($0) != nil } + TemplateArguments.given(arguments)
      if let name = given.first {
        throw arguments.failure("--\(name) is for models that are compared on --data FILE")
      }
      return nil
    }
    var options = CheckpointEvaluation.Options()
    options.limit = try arguments.integer("limit", in: 1...Int(Int32.max), isLimit: true)
    options.shown = try arguments.integer("show", in: 1...10_000) ?? 0
    let template = try TemplateArguments(arguments)
    (options.template, options.templateVariables) = (template.template, template.variables)
    options.precision = PrecisionArgument.read(arguments)
    self.options = options
  }

  /// The models measured, which all read the same columns.
  private func evaluations(of paths: [String]) throws(Failure) -> [CheckpointEvaluation] {
    var models: [StoredModel] = []
    for path in paths {
      models.append(try Waiting.during("opening \(path)") { () throws(Failure) in try StoredModel(at: path) })
    }
    var options = options
    options.fields = try CheckpointEvaluation.fields(of: models, in: data)
    // What is tuned beside what it was tuned from, which most often has no template.
    options.lentTemplate = models.first { !$0.chatTemplate.isEmpty }.map { ($0.chatTemplate, $0.path) }
    var evaluations: [CheckpointEvaluation] = []
    for stored in models {
      for note in stored.notes { Output.log.line("note: \(note)") }
      evaluations.append(try CheckpointEvaluation(stored, on: data, options: options))
    }
    return evaluations
  }

  func run(_ paths: [String], isJSON: Bool) throws(Failure) {
    StopRequest.install(grace: 10)
    try MatrixLibrary.require()
    let evaluations = try evaluations(of: paths)
    let shares = Set(evaluations.map { $0.results.first { $0.name == "share_of_data" }?.value.double })
    if shares.count > 1 {
      Output.log.line("note: with windows of other lengths, --limit makes the models read other parts of the data")
    }
    // A key of JSON stands there once, and a model may be compared with itself.
    let names = paths.indices.map { index in
      let earlier = paths[..<index].count { $0 == paths[index] }
      return earlier == 0 ? paths[index] : "\(paths[index]) (\(earlier + 1))"
    }
    let answers = AnswerText.rows(zip(names, evaluations).map { ($0, $1.answers) })
    if isJSON {
      let models = zip(paths, evaluations).map { path, evaluation in
        JSONValue(
          [JSONMember("model", JSONValue(path))] + evaluation.results.map { JSONMember($0.name, $0.value) })
      }
      let json: JSONValue = ["models": JSONValue(models), "answers": JSONValue(answers.map(\.json))]
      return Output.results.line(json.serialized())
    }
    var measures: [String] = []
    for row in evaluations.flatMap(\.rows) where !measures.contains(row.name) { measures.append(row.name) }
    let figures = measures.map { name in
      [name] + evaluations.map { $0.rows.first { $0.name == name }?.value ?? "-" }
    }
    Output.results.line(CompareCommand.aligned([[""] + paths] + figures))
    for (index, answer) in answers.enumerated() { Output.results.line(answer.text(number: index + 1)) }
  }
}
