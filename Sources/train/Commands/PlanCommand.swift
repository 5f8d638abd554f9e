import Files
import Runs

struct PlanCommand: Command {
  static let name = "plan"
  static let summary = "Estimates what a recipe takes: parameters, operations, memory, speed, time and disk"
  static let examples = ["train plan tiny", "train plan gpt2-124m data.train=corpus.txt training.batch_size=64"]
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
    defer { warn() }
    if isJSON { return Output.results.line(json(plan).serialized()) }
    func mebibytes(_ bytes: Double) -> String { "\(Progress.fixed(bytes / 1_048_576, 0)) MiB" }
    var rows = [
      ("parameters", Progress.fixed(plan.parameters, 0)), ("tokens a step", Progress.fixed(plan.tokensPerStep, 0)),
      ("operations", "\(Progress.fixed(plan.flopsPerStep / 1e9, 1)) GFLOP a step"),
      ("memory", "about \(mebibytes(Double(plan.memory.bytes)))"),
    ]
    rows += plan.memory.parts.map { ("  \($0.name)", mebibytes($0.bytes)) }
    rows.append(("speed", "about \(Progress.fixed(plan.tokensPerSecond, 0)) tokens/s"))
    if let steps = plan.steps {
      rows.append(("steps", Progress.fixed(steps, 0) + (plan.epochSteps.map { ", \($0) an epoch" } ?? "")))
    } else if let failure = plan.dataFailure {
      let place = failure.place.map { " (\($0))" } ?? ""
      rows.append(("steps", "not known, because the data cannot be read: \(failure.what)\(place)"))
    }
    if let seconds = plan.seconds {
      rows.append(("time", "about \(Progress.duration(.seconds(min(seconds, 1e12))))"))
    }
    rows.append(("disk", "\(mebibytes(plan.disk)), \(mebibytes(plan.checkpointSize)) a checkpoint"))
    for (name, value) in rows { Output.results.line("\(name.padded(to: 26)) \(value)") }
  }

  /// Says it if a run would be refused here; it may be meant for another machine.
  private func warn() {
    do throws(Failure) {
      try recipe.checkMemory()
    } catch {
      Output.log.line("warning: \(([error.what] + error.notes).joined(separator: "\n  = "))")
    }
  }

  private func json(_ plan: Plan) -> JSONValue {
    func whole(_ number: Double) -> JSONValue { JSONValue(Int(min(number, 0x1p62))) }
    return [
      "parameters": whole(plan.parameters), "tokens_per_step": whole(plan.tokensPerStep.rounded()),
      "flops_per_step": JSONValue(plan.flopsPerStep), "peak_memory": JSONValue(plan.memory.bytes),
      "memory": JSONValue(plan.memory.parts.map { JSONMember($0.name.replacing(" ", with: "_"), whole($0.bytes)) }),
      "tokens_per_second": JSONValue(plan.tokensPerSecond), "steps": plan.steps.map(whole) ?? .null,
      "steps_per_epoch": plan.epochSteps.map { JSONValue($0) } ?? .null,
      "seconds": plan.seconds.map { JSONValue($0) } ?? .null, "disk": whole(plan.disk),
      "checkpoint_size": whole(plan.checkpointSize),
    ]
  }
}
