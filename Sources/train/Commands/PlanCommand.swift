import Files
import Runs

struct PlanCommand: Command {
  static let name = "plan"
  static let summary = "Estimates what a recipe takes: parameters, operations, memory, speed, time and disk"
  static let examples = ["train plan tiny", "train plan gpt2-124m data.train=corpus.txt training.batch_size=64"]
  static let operands = "RECIPE [KEY=VALUE ...]"
  static let options = [
    Option.value("ranks", "N", "processes that train together, each on a machine like this one"),
    .value("bandwidth", "SPEED", "of the network between them, such as 10Gbit"), .json,
  ]

  private let recipe: Recipe
  private let ranks: Int
  private let bandwidth: Double?
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    recipe = try arguments.recipe()
    ranks = try arguments.integer("ranks", in: 1...65536) ?? 1
    bandwidth = try arguments.string("bandwidth").map { [arguments] (text) throws(Failure) in
      guard let bytes = Bandwidth.bytes(text) else {
        throw arguments.failure("--bandwidth is a speed such as 10Gbit or 1.25GB, found \"\(text)\"")
      }
      return bytes
    }
    isJSON = arguments.flag("json")
    if bandwidth != nil, ranks == 1 { throw arguments.failure("--bandwidth needs --ranks") }
  }

  func run() throws(Failure) {
    try MatrixLibrary.require()
    let plan = try Plan(recipe, ranks: ranks, bandwidth: bandwidth)
    defer { warn(plan) }
    if isJSON { return Output.results.line(json(plan).serialized()) }
    func mebibytes(_ bytes: Double) -> String { "\(Progress.fixed(bytes / 1_048_576, 0)) MiB" }
    // Those of adapters are not among the model's.
    let trained = recipe.adapter == nil ? "" : ", \(Progress.fixed(plan.trained, 0)) trained"
    var rows = [
      ("parameters", Progress.fixed(plan.parameters, 0) + trained),
      ("tokens a step", Progress.fixed(plan.tokensPerStep, 0)),
      ("operations", "\(Progress.fixed(plan.flopsPerStep / 1e9, 1)) GFLOP a step"),
      ("memory", "about \(mebibytes(Double(plan.memory.bytes)))"),
    ]
    rows += plan.memory.parts.map { ("  \($0.name)", mebibytes($0.bytes)) }
    rows.append(("speed", "about \(Progress.fixed(plan.tokensPerSecond, 0)) tokens/s"))
    if let ranks = plan.ranks {
      rows[3].0 = "memory of each rank"
      rows.append(("ranks", "\(ranks.ranks), each on a machine like this one"))
      rows.append(
        (
          "communication",
          "\(Progress.fixed(ranks.bytesPerStep / 1_048_576, 2)) MiB a step sent by each, as much received"
        ))
      let waiting = ranks.bandwidth == nil ? ", the network's time left out: give --bandwidth" : ""
      rows.append(
        (
          "seconds a step",
          "about \(Progress.fixed(ranks.seconds, 3)), \(Progress.fixed(ranks.exposedSeconds, 3)) of them waiting\(waiting)"
        ))
      rows.append(("beside one process", "\(Progress.fixed(ranks.speedup, 2)) times as fast"))
    }
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

  /// Says it if a run would be refused here, as it may be meant for another machine, and if ranks would wait for others.
  private func warn(_ plan: Plan) {
    if let plan = plan.ranks, let note = RankNotes.share(of: plan.samples, ranks: plan.ranks) { Output.log.line(note) }
    do throws(Failure) {
      try recipe.checkMemory(ranks: ranks)
    } catch {
      Output.log.line("warning: \(([error.what] + error.notes).joined(separator: "\n  = "))")
    }
  }

  private func json(_ plan: Plan) -> JSONValue {
    func whole(_ number: Double) -> JSONValue { JSONValue(Int(min(number, 0x1p62))) }
    let members: JSONValue = [
      "parameters": whole(plan.parameters), "trained_parameters": whole(plan.trained),
      "tokens_per_step": whole(plan.tokensPerStep.rounded()),
      "flops_per_step": JSONValue(plan.flopsPerStep), "peak_memory": JSONValue(plan.memory.bytes),
      "memory": JSONValue(plan.memory.parts.map { JSONMember($0.name.replacing(" ", with: "_"), whole($0.bytes)) }),
      "tokens_per_second": JSONValue(plan.tokensPerSecond), "steps": plan.steps.map(whole) ?? .null,
      "steps_per_epoch": plan.epochSteps.map { JSONValue($0) } ?? .null,
      "seconds": plan.seconds.map { JSONValue($0) } ?? .null, "disk": whole(plan.disk),
      "checkpoint_size": whole(plan.checkpointSize),
    ]
    guard let ranks = plan.ranks else { return members }
    return JSONValue(
      (members.object ?? []) + [
        JSONMember("ranks", JSONValue(ranks.ranks)), JSONMember("bytes_sent_per_step", whole(ranks.bytesPerStep)),
        JSONMember("seconds_per_step", JSONValue(ranks.seconds)),
        JSONMember("waiting_seconds_per_step", JSONValue(ranks.exposedSeconds)),
        JSONMember("speedup", JSONValue(ranks.speedup)),
      ])
  }
}
