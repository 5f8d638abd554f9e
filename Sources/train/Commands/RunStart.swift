import Communication
import Files
import Runs

/// A command that starts a run of a recipe.
protocol RunStart: RanksCommand {
  /// The task that the recipe must have; nil takes any.
  static var task: Recipe.Task? { get }
  init(recipe: Recipe, overwrite: Bool, isJSON: Bool)
  var recipe: Recipe { get }
  var overwrite: Bool { get }
  var isJSON: Bool { get }
}

extension RunStart {
  static var operands: String { "RECIPE [KEY=VALUE ...]" }
  static var options: [Option] {
    [.flag("overwrite", "delete the run that is in the run folder"), .json, .mpi]
  }
  static var details: [String] {
    [
      "Any key of the recipe can be changed: optimizer.learning_rate=3e-4, ~logging.tensorboard.",
      "Ctrl-C or SIGTERM saves a checkpoint and stops, SIGUSR1 saves and goes on.",
      "Under mpirun, mpiexec or srun all processes train together; training.batch_size is that of all.",
      "With --json the result is one object: the run, its last step and losses, and its best checkpoint.",
    ]
  }

  init(_ arguments: inout Arguments) throws(Failure) {
    let recipe = try arguments.recipe()
    if let task = Self.task, recipe.task != task {
      throw Failure(
        .usage, "the recipe's task is \"\(recipe.task.rawValue)\", not \"\(task.rawValue)\"",
        notes: ["`train \(recipe.task.rawValue)` or `train run` runs it"])
    }
    self.init(recipe: recipe, overwrite: arguments.flag("overwrite"), isJSON: arguments.flag("json"))
  }

  func run() throws(Failure) {
    try MatrixLibrary.require()
    StopRequest.install()
    try TrainingRun(starting: recipe, overwrite: overwrite).run()
    if isJSON, Ranks.current.isFirst { try RunResult.write(recipe.run) }
  }
}
