import Communication
import Files
import Runs

struct ResumeCommand: RanksCommand {
  static let name = "resume"
  static let summary = "Continues a run from its newest valid checkpoint, as if it had never stopped"
  static let examples = ["train resume checkpoints/tiny", "train resume checkpoints/tiny training.max_steps=3000"]
  static let operands = "RUN [KEY=VALUE ...]"
  static let options = [
    Option.flag("allow-changed-data", "go on although the training data is not what it was"), .json,
    .mpi,
  ]
  static let details = ["A longer run: train resume checkpoints/tiny training.max_steps=800."]

  private let folder: String
  private let overrides: [RecipeOverride]
  private let allowsChangedData: Bool
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    folder = try arguments.operand("RUN")
    overrides = arguments.overrides()
    allowsChangedData = arguments.flag("allow-changed-data")
    isJSON = arguments.flag("json")
  }

  func run() throws(Failure) {
    try MatrixLibrary.require()
    for override in overrides { Output.log.line("override: \(override)") }
    StopRequest.install()
    try TrainingRun(resuming: folder, overrides: overrides, allowsChangedData: allowsChangedData).run()
    if isJSON, Ranks.current.isFirst { try RunResult.write(folder) }
  }
}
