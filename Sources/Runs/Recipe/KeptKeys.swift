import Files

extension Recipe {
  /// Refuses changes of what a run that has weights keeps from its beginning, where they would be written down and have no effect.
  ///
  /// - Parameters:
  ///   - begun: the recipe that the run began with.
  ///   - folder: the run's folder.
  /// - Throws: `.recipe` with every such change.
  func checkKept(since begun: Recipe, in folder: String) throws(Failure) {
    var failures: [Failure] = []
    func refuse(_ key: String, _ what: String, _ remedy: String) {
      guard let override = overrides.last(where: { $0.concerns(key) }) else { return }
      failures.append(Failure(.recipe, what, at: "command line: \(override)", notes: [remedy]))
    }
    let another = "begin another run for that, from this one's weights with model.from=\(folder)"
    if resolved["run"] != begun.resolved["run"] {
      refuse(
        "run", "a run stays in its folder", "copy the folder, with `cp -a \(folder) NEW`, and resume the copy")
    }
    if resolved["task"] != begun.resolved["task"] { refuse("task", "a run keeps its task", another) }
    if resolved["tokenizer"] != begun.resolved["tokenizer"] {
      refuse("tokenizer", "a run keeps its tokenizer", "begin another run for that")
    }
    if keptModel(since: begun) != begun.keptModel(since: begun) {
      refuse("model", "a run goes on with the model that it trains", another)
    }
    if let failure = Failure.all(failures) { throw failure }
  }

  /// The model's keys without the place of a base or a reference that is read again: it may have moved.
  private func keptModel(since begun: Recipe) -> JSONValue? {
    var model = resolved["model"]
    if begun.adapter != nil || begun.objective.reference != nil { model?["from"] = JSONValue?.none }
    return model
  }
}
