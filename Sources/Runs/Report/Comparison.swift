import Files
import Training

/// Several runs side by side: their figures, their curves, and where their recipes differ.
package struct Comparison: Sendable {
  package var runs: [RunRecord]

  package init(_ runs: [RunRecord]) { self.runs = runs }

  /// A key of the recipe and its value in each run, nil where it is absent.
  package struct Difference: Sendable {
    package var path: String
    package var values: [String?]
  }

  /// The keys whose values are not the same in all runs, other than the run's own folder.
  package var differences: [Difference] {
    let flat = runs.map { Self.leaves(of: $0.resolved, at: "") }
    var paths: [String] = []
    for leaf in flat.joined() where !paths.contains(leaf.path) && leaf.path != "run" { paths.append(leaf.path) }
    return paths.map { path in
      Difference(path: path, values: flat.map { leaves in leaves.first { $0.path == path }?.value })
    }.filter { Set($0.values).count > 1 }
  }

  private static func leaves(of value: JSONValue, at path: String) -> [(path: String, value: String)] {
    guard let members = value.object else { return [(path, value.serialized())] }
    return members.flatMap { leaves(of: $0.value, at: path.isEmpty ? $0.key : "\(path).\($0.key)") }
  }

  /// The names of the figures, then a row of figures a run.
  package var figures: [[String]] {
    var names: [String] = []
    for row in runs.flatMap(\.summary) where !names.contains(row.name) { names.append(row.name) }
    return [["run"] + names]
      + runs.map { run in
        [run.folder.path] + names.map { name in run.summary.first { $0.name == name }?.value ?? "-" }
      }
  }

  /// The page with the curves laid over each other.
  package var page: String {
    let charts = (Self.losses + suites + Self.steps).map(chart).filter(\.varies)
    let rows = differences.map { [$0.path] + $0.values.map { $0 ?? "-" } }
    let figures = figures.map { row in [row[0]] + row.dropFirst().map { Int($0)?.grouped ?? $0 } }
    return Report.page(
      title: "Comparison",
      ["<header><h1>Comparison</h1></header>", table(figures)]
        + Report.section(Panels.Group(title: "Curves", charts: charts))
        + ["<h2>Where the recipes differ</h2>", table([["key"] + runs.map(\.folder.path)] + rows)])
  }

  private typealias Panel = (key: String, title: String, unit: String)

  private static let losses: [Panel] = [
    ("loss", "Training loss", "smoothed"), ("eval_loss", "Held-out loss", ""),
    ("eval_rewards/margins", "Held-out reward margin", ""),
    ("eval_rewards/accuracies", "Held-out reward accuracy", "share of pairs"),
  ]

  private static let steps: [Panel] = [
    ("learning_rate", "Learning rate", ""), ("grad_norm", "Gradient norm", "smoothed"),
    ("tokens_per_second", "Speed", "tokens a second, smoothed"),
  ]

  /// The suites that any of the runs has measured.
  private var suites: [Panel] {
    let keys = runs.flatMap(\.measures).filter { $0.hasPrefix("eval_") && $0.hasSuffix("/acc") }
    return Set(keys).sorted().map { ($0, String($0.dropFirst(5).dropLast(4)), "share of questions answered right") }
  }

  private func chart(_ panel: Panel) -> Chart {
    let isSmoothed = panel.unit.hasSuffix("smoothed")
    let curves = runs.enumerated().map { curve(panel.key, of: $1, number: $0, isSmoothed: isSmoothed) }
    var chart = Chart(panel.title, unit: panel.unit, curves)
    chart.allowsLogarithm = panel.key != "learning_rate" && !panel.unit.hasPrefix("share")
    chart.namesCurves = true
    return chart
  }

  /// A run has the same colour in all charts.
  private func curve(_ key: String, of run: RunRecord, number: Int, isSmoothed: Bool) -> Curve {
    var curve = run.curve(key, called: run.folder.path)
    curve.colour = number
    if key.hasPrefix("eval_") { curve.style = .measured }
    return isSmoothed && curve.points.count > 30 ? curve.smoothed(called: run.folder.path) : curve
  }

  private func table(_ rows: [[String]]) -> String {
    let lines = rows.map { row in
      "<tr>\(row.enumerated().map { $0 == 0 ? "<th>\($1.escapedForHTML)</th>" : "<td>\($1.escapedForHTML)</td>" }.joined())</tr>"
    }
    return "<div class=\"scroll\"><table>\(lines.joined())</table></div>"
  }
}
