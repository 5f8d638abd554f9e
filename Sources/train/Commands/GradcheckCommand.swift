import Files
import Runs
import Training

struct GradcheckCommand: Command {
  static let name = "gradcheck"
  static let summary = "Checks the gradient of an objective by finite differences through a small model"
  static let examples = ["train gradcheck dpo", "train gradcheck dpo loss_type=ipo beta=0.2"]
  static let operands = "OBJECTIVE [KEY=VALUE ...]"
  static let options = [Option.json]
  static let details = [
    "OBJECTIVE is one of \(Registry.objectives.map { $0.name }.joined(separator: ", ")); its keys follow: loss_type=ipo beta=0.2."
  ]

  private let objective: any Objective
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    let name = try arguments.operand("OBJECTIVE")
    let overrides = arguments.overrides()
    guard let kind = Registry.objectives.first(where: { $0.name == name }) else {
      let names = Registry.objectives.map { $0.name }
      let near = suggestion(for: name, among: names)
      throw arguments.failure(
        "unknown objective \"\(name)\"",
        (near.map { ["did you mean \"\($0)\"?"] } ?? []) + ["there are \(names.joined(separator: ", "))"])
    }
    var document: JSONValue = [:]
    for override in overrides { document = try override.applied(to: document) }
    let decoder = SettingsDecoder(source: "command line", area: .recipe)
    objective = decoder.read(document) { section in kind.init(from: &section) }
    if let failure = decoder.failure { throw failure }
    isJSON = arguments.flag("json")
  }

  func run() throws(Failure) {
    try MatrixLibrary.require()
    let check = GradientCheck(objective)
    if isJSON {
      let result: JSONValue = [
        "worst": JSONValue(check.worst), "tolerance": JSONValue(GradientCheck.tolerance),
        "passed": JSONValue(check.isRight),
      ]
      Output.results.line(result.serialized())
    } else {
      for (gradient, difference) in check.slopes {
        Output.results.line("gradient \(Progress.fixed(gradient, 6))  difference \(Progress.fixed(difference, 6))")
      }
      Output.results.line("largest relative difference \(Progress.fixed(check.worst, 6))")
    }
    if !check.isRight {
      throw Failure(
        .verification, "the gradient is not that of the loss", at: type(of: objective).name,
        notes: ["largest relative difference \(check.worst), expected below \(GradientCheck.tolerance)"])
    }
  }
}
