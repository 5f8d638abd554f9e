import Files
import Runs

/// One word after `train`: what it takes, and what it does.
protocol Command: Sendable {
  static var name: String { get }
  /// What it does, in one line.
  static var summary: String { get }
  /// The words it takes besides options, as in `RECIPE [KEY=VALUE ...]`.
  static var operands: String { get }
  static var options: [Option] { get }
  /// The words that may stand for an operand, besides files, recipes and keys.
  static var words: [String] { get }
  /// The words that may follow one of them.
  static func words(after word: String) -> [String]
  /// The command lines that show it, the plainest first.
  static var examples: [String] { get }
  /// What else its users should know, a line each.
  static var details: [String] { get }
  /// Takes its operands and options; whatever is left over is reported as a mistake by the caller.
  init(_ arguments: inout Arguments) throws(Failure)
  func run() throws(Failure)
}

extension Command {
  static var operands: String { "" }
  static var options: [Option] { [] }
  static var words: [String] { [] }
  static func words(after word: String) -> [String] { [] }
  /// Whether keys of a recipe can be given to it.
  static var takesKeys: Bool { operands.contains("KEY=VALUE") }
  static var examples: [String] { [] }
  static var details: [String] { [] }
}

/// A command that several processes of a launcher work on together.
protocol RanksCommand: Command {}

/// The commands there are. To add one: its file in Commands, and its line here.
enum Commands {
  static let all: [any Command.Type] = [
    ValidateCommand.self,
    PretrainCommand.self,
    SFTCommand.self,
    DPOCommand.self,
    RunCommand.self,
    ResumeCommand.self,
    PrepareCommand.self,
    PlanCommand.self,
    EvalCommand.self,
    GenerateCommand.self,
    ChatCommand.self,
    TokenizerCommand.self,
    ImportCommand.self,
    ExportCommand.self,
    BenchCommand.self,
    InspectCommand.self,
    RecipesCommand.self,
    StoriesCommand.self,
    ReportCommand.self,
    WatchCommand.self,
    CompareCommand.self,
    GradcheckCommand.self,
    DoctorCommand.self,
    SchemaCommand.self,
    CompletionsCommand.self,
    HelpCommand.self,
    VersionCommand.self,
  ]

  static func named(_ word: String) throws(Failure) -> any Command.Type {
    if let type = all.first(where: { $0.name == word }) { return type }
    let isRecipe = word.hasSuffix(".json") || BuiltInRecipe.path(for: word) != word
    let near = suggestion(for: word, among: all.map { $0.name }).map { "did you mean \"\($0)\"?" }
    let note = isRecipe ? "`train run \(word)` runs a recipe" : ForeignCommands.note(on: word) ?? near
    throw Failure(
      .usage, "unknown command \"\(word)\"",
      notes: [note].compactMap(\.self) + ["`train help` lists the commands"])
  }
}
