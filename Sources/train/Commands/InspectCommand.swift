import Checkpoints
import Corpus
import Files
import ModelFiles
import Runs

struct InspectCommand: Command {
  static let name = "inspect"
  static let summary = "Shows what a recipe trains on, or what is in a checkpoint or a token shard"
  static let examples = [
    "train inspect stories-sft --limit 2",
    "train inspect checkpoints/tiny",
    "train inspect smollm2-sft data.train=rows.jsonl",
  ]
  static let operands = "RECIPE_OR_FILE [KEY=VALUE ...]"
  static let options = [
    Option.value("limit", "N", "how many samples to show; default 3, with --json all"),
    .flag("validation", "the held-out data instead of the training data"),
    .flag("verify", "compare a checkpoint, or all of a run, with every digest and checksum that was written with it"),
    .flag("resolved", "the recipe with every default filled in instead of its samples"),
    .json,
  ]
  static let details = [
    "Trained tokens are green, or in brackets where there are no colours.",
    "With --json one object a sample: {\"input_ids\": [...], \"trained\": [0, 1, ...]}; pairs have \"chosen\" and \"rejected\" of that form.",
  ]

  private enum Subject {
    case recipe(Recipe)
    case file(String)
  }

  private let subject: Subject
  private let limit: Int?
  private let isValidation: Bool
  private let isResolved: Bool
  private let verifies: Bool
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    limit = try arguments.integer("limit")
    isValidation = arguments.flag("validation")
    isResolved = arguments.flag("resolved")
    verifies = arguments.flag("verify")
    isJSON = arguments.flag("json")
    guard let path = arguments.peek else { throw arguments.failure("RECIPE_OR_FILE is missing") }
    if path.hasSuffix(".json") || BuiltInRecipe.path(for: path) != path {
      if verifies { throw arguments.failure("--verify has a meaning only for a checkpoint or a run") }
      subject = .recipe(try arguments.recipe())
    } else {
      subject = .file(try arguments.operand("RECIPE_OR_FILE"))
    }
  }

  func run() throws(Failure) {
    switch subject {
    case .file(let path):
      if verifies { return try verify(path) }
      let contents = try FileContents(path)
      Output.results.line(isJSON ? contents.json.serialized(pretty: true) : contents.text)
    case .recipe(let recipe):
      if isResolved { return Output.results.line(recipe.resolved.serialized(pretty: !isJSON)) }
      try show(Preparation(recipe) { Output.log.line($0) })
    }
  }

  /// Verifies what is at `path`, and shows what was compared.
  private func verify(_ path: String) throws(Failure) {
    guard case .checkpoint = try ModelFormat(of: path) else {
      throw Failure(
        .usage, "the model's format has no checksums: there is nothing to verify", at: path,
        notes: ["`train import` makes a checkpoint of it, which has"])
    }
    let files = try CheckpointVerification(path).files
    guard isJSON else {
      for file in files { Output.results.line("\(file.path): \(file.checks.joined(separator: ", "))") }
      return Output.results.line("as they were written")
    }
    let rows = files.map { file -> JSONValue in
      ["file": JSONValue(file.path), "checks": JSONValue(file.checks.map { JSONValue($0) })]
    }
    Output.results.line(JSONValue([JSONMember("verified", JSONValue(rows))]).serialized(pretty: true))
  }

  private func show(_ preparation: Preparation) throws(Failure) {
    guard let data = isValidation ? preparation.data.validation : preparation.data.train else {
      throw Failure(.usage, "the recipe holds no data out")
    }
    if isJSON {
      for index in 0..<min(limit ?? data.exampleCount, data.exampleCount) {
        Output.results.line(Self.json(try data.example(index)).serialized())
      }
      return
    }
    for index in 0..<min(limit ?? 3, data.exampleCount) {
      for part in try data.example(index) {
        let name = part.part.map { ", \($0)" } ?? ""
        let trained = part.isTrained.count(where: \.self)
        Output.results.line(
          "--- example \(index + 1)\(name): \(part.tokens.count.counted("token")), \(trained) trained")
        if let tokenizer = preparation.tokenizer {
          let inColour = Output.results.hasColour
          let text = ExampleText.marked(part, tokenizer, inColour: inColour)
          if inColour { Output.results.styled(text + "\n") } else { Output.results.line(text) }
        } else {
          Output.results.line(part.tokens.map { "\($0)" }.joined(separator: " "))
        }
      }
    }
    try summarize(data)
  }

  private func summarize(_ data: any SampleLoader) throws(Failure) {
    Output.results.line("---\n\(data.summary)")
    guard !(data is WindowLoader) else { return }
    var lengths: [Int] = []
    for index in 0..<data.exampleCount { lengths += try data.example(index).map(\.tokens.count) }
    Output.results.line("tokens an example:")
    for line in ExampleText.histogram(lengths) { Output.results.line(line) }
  }

  private static func json(_ parts: [TrainedTokens]) -> JSONValue {
    func object(_ part: TrainedTokens) -> JSONValue {
      [
        "input_ids": JSONValue(part.tokens.map { JSONValue(Int($0)) }),
        "trained": JSONValue(part.isTrained.map { JSONValue($0 ? 1 : 0) }),
      ]
    }
    if parts.count == 1, parts[0].part == nil { return object(parts[0]) }
    return JSONValue(parts.map { JSONMember($0.part ?? "example", object($0)) })
  }
}
