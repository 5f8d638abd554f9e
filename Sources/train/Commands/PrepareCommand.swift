import Files
import Training

struct PrepareCommand: Command {
  static let name = "prepare"
  static let summary = "Builds the corpus, the tokenizer and the token shards that a recipe needs"
  static let operands = "RECIPE [KEY=VALUE ...]"
  static let details = ["Runs by itself when something is missing; what is there and fits is not built again."]

  private let recipe: Recipe

  init(_ arguments: inout Arguments) throws(Failure) { recipe = try arguments.recipe() }

  func run() throws(Failure) {
    let preparation = try Preparation(recipe) { Output.log.line($0) }
    let (train, validation) = (preparation.data.train, preparation.data.validation)
    var rows = [("train", describe(train.count, train.documentCount))]
    if let validation { rows.append(("validation", describe(validation.count, validation.documentCount))) }
    if let tokenizer = preparation.tokenizer { rows.append(("tokenizer", "\(tokenizer.vocabularySize) tokens")) }
    for (name, value) in rows { Output.results.line("\(name.padded(to: 11)) \(value)") }
  }

  private func describe(_ tokens: Int, _ documents: Int?) -> String {
    "\(tokens) tokens" + (documents.map { ", \($0) documents" } ?? "")
  }
}
