import Files
import Runs

struct ValidateCommand: Command {
  static let name = "validate"
  static let summary = "Checks a recipe and names every problem it has"
  static let examples = ["train validate mine.json", "train validate mine.json optimizer.learning_rate=3e-4 --json"]
  static let operands = "RECIPE [KEY=VALUE ...]"
  static let options = [Option.json]

  static let details = [
    "With --json: {\"valid\": true, \"resolved\": {...}}, or {\"valid\": false, \"problems\": [{\"what\": ..., \"place\": ...}]}."
  ]

  private let recipe: Recipe
  private let path: String
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    path = arguments.peek ?? ""
    isJSON = arguments.flag("json")
    do throws(Failure) {
      recipe = try arguments.recipe()
    } catch {
      if isJSON { Self.write(error) }
      throw error
    }
  }

  func run() throws(Failure) {
    do throws(Failure) {
      try check()
    } catch {
      if isJSON { Self.write(error) }
      throw error
    }
  }

  /// The problems on standard output, where a program looks for them; people read them on standard error.
  private static func write(_ failure: Failure) {
    let problems = ([failure] + failure.others).map { problem -> JSONValue in
      [
        "area": JSONValue(problem.area.rawValue), "what": JSONValue(problem.what),
        "place": problem.place.map { JSONValue($0) } ?? .null, "notes": JSONValue(problem.notes.map { JSONValue($0) }),
      ]
    }
    let result: JSONValue = ["valid": false, "problems": JSONValue(problems)]
    Output.results.line(result.serialized())
  }

  private func check() throws(Failure) {
    var failures: [Failure] = []
    func attempt(_ check: () throws(Failure) -> Void) {
      do throws(Failure) { try check() } catch {
        // What is wrong with a model is found by everything that looks at it.
        if !failures.contains(where: { $0 == error || $0.others.contains(error) }) { failures.append(error) }
      }
    }
    attempt { () throws(Failure) in
      for warning in try recipe.checkData() + recipe.absentSources { Output.log.line("warning: \(warning)") }
    }
    attempt { () throws(Failure) in try recipe.checkAdapter() }
    attempt { () throws(Failure) in try recipe.checkMemory() }
    if failures.isEmpty, recipe.schedule.warmupSteps > 0 { attempt { () throws(Failure) in try checkLength() } }
    if let failure = Failure.all(failures) { throw failure }
    if isJSON {
      let result: JSONValue = ["valid": true, "resolved": recipe.resolved]
      Output.results.line(result.serialized())
    } else {
      Output.results.line("\(path): valid")
    }
  }

  /// Refuses a warm-up that is longer than the run, also where that takes counting the data. A recipe may be checked before the
  /// model that it starts with is there.
  private func checkLength() throws(Failure) {
    do throws(Failure) {
      _ = try recipe.countedSteps { Output.log.line($0) }
    } catch {
      if [.recipe, .data].contains(error.area) { throw error }
    }
  }
}
