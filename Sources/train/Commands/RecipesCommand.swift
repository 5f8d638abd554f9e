import Files
import Glibc
import Runs

struct RecipesCommand: Command {
  static let name = "recipes"
  static let summary = "Lists the built-in recipes, or copies one"
  static let examples = ["train recipes", "train recipes copy tiny mine.json"]
  static let operands = "[copy NAME FILE]"
  static let options = [Option.json]

  static let words = ["copy"]

  static func words(after word: String) -> [String] {
    word == "copy" ? BuiltInRecipe.names : []
  }

  private enum Action {
    case list(isJSON: Bool)
    case copy(name: String, path: String)
  }

  private let action: Action

  init(_ arguments: inout Arguments) throws(Failure) {
    switch arguments.optionalOperand() {
    case nil: action = .list(isJSON: arguments.flag("json"))
    case "copy": action = .copy(name: try arguments.operand("NAME"), path: try arguments.operand("FILE"))
    case let word?: throw arguments.failure("unknown action \"\(word)\"", ["expected \"copy\""])
    }
  }

  func run() throws(Failure) {
    let recipes = try BuiltInRecipe.all()
    switch action {
    case .list(let isJSON):
      if isJSON {
        let list = recipes.map { recipe -> JSONValue in
          ["name": JSONValue(recipe.name), "path": JSONValue(recipe.path), "summary": JSONValue(recipe.summary)]
        }
        return Output.results.line(JSONValue(list).serialized())
      }
      let width = recipes.map(\.name.count).max() ?? 0
      for recipe in recipes { Output.results.line("\(recipe.name.padded(to: width))  \(recipe.summary)") }
    case .copy(let name, let path):
      guard let recipe = recipes.first(where: { $0.name == name }) else {
        let near = suggestion(for: name, among: recipes.map(\.name))
        throw Failure(
          .usage, "no built-in recipe \"\(name)\"",
          notes: near.map { ["did you mean \"\($0)\"?"] } ?? ["`train recipes` lists them"])
      }
      if access(path, F_OK) == 0 { throw Failure(.usage, "the file exists", at: path, notes: ["give another name"]) }
      try DurableFile.write(try ReadableFile.contents(of: recipe.path, area: .usage), to: path)
      Output.log.line(
        "note: for an editor that checks it, beside it: mkdir -p schema && train schema > schema/recipe.json")
    }
  }
}
