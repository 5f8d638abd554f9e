import Files
import Machine
import Runs

struct PlanCommand: Command {
  static let name = "plan"
  static let summary = "Estimates what a recipe takes: parameters, operations, memory, speed, time and disk"
  static let operands = "RECIPE [KEY=VALUE ...]"
  static let options = [Option.json]

  private let recipe: Recipe
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    recipe = try arguments.recipe()
    isJSON = arguments.flag("json")
  }

  func run() throws(Failure) {
    try MatrixLibrary.require()
    let plan = try Plan(recipe)
    if isJSON { return Output.results.line(json(plan).serialized()) }
    func mebibytes(_ bytes: Int) -> String { "\(Progress.fixed(Double(bytes) / 1_048_576, 0)) MiB" }
    var rows = [
      ("parameters", "\(plan.parameters)"), ("tokens a step", "\(plan.tokensPerStep)"),
      ("operations", "\(Progress.fixed(plan.flopsPerStep / 1e9, 1)) GFLOP a step"),
      ("memory", "about \(mebibytes(plan.memory))"),
      ("speed", "about \(Progress.fixed(plan.tokensPerSecond, 0)) tokens/s"),
    ]
    if let steps = plan.steps { rows.append(("steps", "\(steps)")) }
    if let seconds = plan.seconds { rows.append(("time", "about \(Progress.duration(.seconds(seconds)))")) }
    rows.append(("disk", "\(mebibytes(plan.disk)), \(mebibytes(plan.checkpointSize)) a checkpoint"))
    for (name, value) in rows { Output.results.line("\(name.padded(to: 14)) \(value)") }
    if plan.memory > SystemMemory.usable {
      Output.log.line(
        "warning: this machine has \(mebibytes(SystemMemory.usable)): a smaller training.micro_batch_size or "
          + "training.recompute takes less")
    }
  }

  private func json(_ plan: Plan) -> JSONValue {
    [
      "parameters": JSONValue(plan.parameters), "tokens_per_step": JSONValue(plan.tokensPerStep),
      "flops_per_step": JSONValue(plan.flopsPerStep), "peak_memory": JSONValue(plan.memory),
      "tokens_per_second": JSONValue(plan.tokensPerSecond), "steps": plan.steps.map { JSONValue($0) } ?? .null,
      "seconds": plan.seconds.map { JSONValue($0) } ?? .null, "disk": JSONValue(plan.disk),
      "checkpoint_size": JSONValue(plan.checkpointSize),
    ]
  }
}
