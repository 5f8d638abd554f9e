import Files
import Runs

struct PrepareCommand: Command {
  static let name = "prepare"
  static let summary = "Builds the corpus, the tokenizer and the token shards that a recipe needs"
  static let examples = ["train prepare tiny"]
  static let operands = "RECIPE [KEY=VALUE ...]"
  static let details = ["Runs by itself when something is missing; what is there and fits is not built again."]

  private let recipe: Recipe

  init(_ arguments: inout Arguments) throws(Failure) { recipe = try arguments.recipe() }

  func run() throws(Failure) {
    StopRequest.install(grace: 10)
    let preparation = try Preparation(recipe) { Output.log.line($0) }
    var rows = [("train", preparation.data.train.summary)]
    if let validation = preparation.data.validation { rows.append(("validation", validation.summary)) }
    if let tokenizer = preparation.tokenizer { rows.append(("tokenizer", "\(tokenizer.vocabularySize) tokens")) }
    for (name, value) in rows { Output.results.line("\(name.padded(to: 11)) \(value)") }
  }
}
