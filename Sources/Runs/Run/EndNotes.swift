import Files

/// What a run says about itself after its last step: how it went, where everything is, and what to do with it.
struct EndNotes {
  let recipe: Recipe
  let folder: RunFolder
  /// The steps that this process took.
  let taken: Int
  /// How long it was at work.
  let seconds: Double
  /// The evaluations after this step alone can be compared.
  let measuredAfter: Int

  /// The notes, a line each; none where nothing was left to do.
  var lines: [String] {
    if taken == 0 { return [] }
    let time = Progress.duration(.seconds(seconds))
    var lines = ["done: \(taken.counted("step")) in \(seconds < 1 ? "under a second" : time)"]
    lines += best
    lines.append("the run is in \(folder.path)" + (recipe.logging.report ? ", its report in \(folder.report)" : ""))
    return lines + ["next: \(ProgramName.inExample(next))"]
  }

  /// The lowest evaluation loss of the trained model and the last one, as far as they are logged.
  private var best: [String] {
    let rows = (try? JSONLinesLog.rows(folder.metrics)) ?? []
    let all = rows.compactMap { row in
      row["kind"]?.string == "eval" ? row["eval_loss"]?.double.map { (step: row["step"]?.integer ?? 0, loss: $0) } : nil
    }
    let losses = all.filter { $0.step > measuredAfter }
    let trained = losses.filter { $0.step > 0 }
    guard let best = trained.min(by: { $0.loss < $1.loss }), let last = trained.last else { return [] }
    let lowest = Progress.fixed(best.loss, 4)
    var line = "best validation loss \(lowest) after step \(best.step)"
    if last.step != best.step { line += ", the last one \(Progress.fixed(last.loss, 4))" }
    let start = losses.first { $0.step == 0 }?.loss
    // Of two that print alike neither is said to be lower.
    if let start, Progress.fixed(start, 4) != lowest {
      line +=
        best.loss < start
        ? ", before the first step \(Progress.fixed(start, 4))"
        : "; it was lower before the first step: \(Progress.fixed(start, 4))"
    }
    return [line]
  }

  /// The command that a user is likely to want next.
  private var next: String {
    let path = folder.path.shellWord
    if recipe.examples.hasConversations { return "train chat \(path)" }
    guard recipe.tokenizer != nil || recipe.model.source != nil else { return "train eval \(path)" }
    let prompt = recipe.evaluation.prompts.first ?? "Once upon a time"
    // A line end in quotes would spread the command over two lines.
    if prompt.contains(where: \.isNewline) { return "train generate \(path)" }
    return "train generate \(path) --prompt \(prompt.shellWord)"
  }
}
