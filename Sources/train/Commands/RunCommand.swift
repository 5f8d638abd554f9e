import Files
import Training

/// What the commands that start a run share.
struct RunStart {
  static let operands = "RECIPE [KEY=VALUE ...]"
  static let options = [Option.flag("overwrite", "delete the run that is in the run folder")]
  static let details = [
    "Any key of the recipe can be changed: optimizer.learning_rate=3e-4, ~logging.tensorboard.",
    "Ctrl-C or SIGTERM saves a checkpoint and stops, SIGUSR1 saves and goes on.",
  ]

  private let recipe: Recipe
  private let overwrite: Bool

  init(_ arguments: inout Arguments, task: Recipe.Task? = nil) throws(Failure) {
    recipe = try arguments.recipe()
    overwrite = arguments.flag("overwrite")
    guard let task, recipe.task != task else { return }
    throw Failure(
      .usage, "the recipe's task is \"\(recipe.task.rawValue)\", not \"\(task.rawValue)\"",
      notes: ["`train \(recipe.task.rawValue)` or `train run` runs it"])
  }

  func run() throws(Failure) {
    try MatrixLibrary.require()
    StopRequest.install()
    try TrainingRun(starting: recipe, overwrite: overwrite).run()
  }
}

struct RunCommand: Command {
  static let name = "run"
  static let summary = "Runs a recipe of any task"
  static let operands = RunStart.operands
  static let options = RunStart.options
  static let details = RunStart.details

  private let start: RunStart

  init(_ arguments: inout Arguments) throws(Failure) { start = try RunStart(&arguments) }

  func run() throws(Failure) { try start.run() }
}

struct PretrainCommand: Command {
  static let name = "pretrain"
  static let summary = "Trains a model from text"
  static let operands = RunStart.operands
  static let options = RunStart.options
  static let details = RunStart.details

  private let start: RunStart

  init(_ arguments: inout Arguments) throws(Failure) { start = try RunStart(&arguments, task: .pretrain) }

  func run() throws(Failure) { try start.run() }
}
