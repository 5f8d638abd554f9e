import Files

/// A run as text for a terminal: how far it is, its losses, and what it wrote last.
package struct RunView: Sendable {
  private let run: RunRecord
  private let facts: RunFacts

  package init(_ run: RunRecord) {
    self.run = run
    facts = RunFacts(run)
  }

  /// Whether something may still change.
  package var isGoingOn: Bool { run.isGoingOn }

  /// The lines for a terminal of so many columns and rows.
  package func lines(columns: Int, rows: Int) -> [String] {
    var lines = ["\(run.folder.path)  \(facts.state)"]
    for fact in facts.all where ["Result", "Time", "Tokens"].contains(fact.name) {
      lines.append("\(fact.name): \(fact.value)" + (fact.detail.isEmpty ? "" : " (\(fact.detail))"))
    }
    let sample = lastSample
    let height = max(4, min(16, rows - lines.count - sample.count - 6))
    let loss = run.curve("loss")
    let smooth = loss.points.count > 30 ? loss.smoothed(called: "") : loss
    let chart = TerminalChart(columns: max(20, min(100, columns - 12)), rows: height)
    let curves = [smooth, run.curve("eval_loss")]
    let isLogarithmic = Curve.spansMuch(curves)
    let picture = chart.lines(curves, isLogarithmic: isLogarithmic)
    let scale = isLogarithmic ? ", logarithmic" : ""
    if !picture.isEmpty { lines += ["", "loss, of training (smoothed) and held out\(scale)"] + picture }
    lines += sample.isEmpty ? [] : [""] + sample
    // The last column stays empty: some terminals begin a new line behind it.
    return lines.map { $0.fitting(columns: columns - 1) }
  }

  /// The newest text that the run wrote, in at most three lines.
  private var lastSample: [String] {
    guard let row = run.samples.last, let text = row["text"]?.string else { return [] }
    let step = row["step"]?.integer.map { "step \($0.grouped): " } ?? ""
    let prompt = row["reference"] == nil ? row["prompt"]?.string ?? "" : ""
    let all = (step + prompt + text).split(whereSeparator: \.isNewline).map(String.init)
    return Array(all.prefix(3))
  }
}
