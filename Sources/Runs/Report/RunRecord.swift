import Checkpoints
import Files
import Training

/// What a run has written down, read back for a report.
package struct RunRecord: Sendable {
  package var folder: RunFolder
  package var resolved: JSONValue
  package var environment: JSONValue
  /// The rows of metrics.jsonl.
  package var metrics: [JSONValue]
  /// The rows of samples.jsonl.
  package var samples: [JSONValue]
  /// Whether a process trains in the folder.
  package var isGoingOn: Bool

  package init(_ folder: RunFolder) throws(Failure) {
    self.folder = folder
    resolved = try Self.json(folder.resolved) ?? [:]
    environment = try Self.json(folder.environment) ?? [:]
    metrics = try JSONLinesLog.rows(folder.metrics)
    samples = try JSONLinesLog.rows(folder.samples)
    isGoingOn = RunLock.isHeld(run: folder.path)
  }

  private static func json(_ path: String) throws(Failure) -> JSONValue? {
    if !Path.exists(path) { return nil }
    return try JSONValue.parse(try ReadableFile.contents(of: path, area: .data), source: path, area: .data)
  }

  /// The values of a key over the step.
  package func curve(_ key: String, called name: String? = nil) -> Curve {
    Curve(
      name ?? key,
      metrics.compactMap { row in
        guard let step = row["step"]?.integer, let value = row[key]?.double else { return nil }
        return SIMD2(Double(step), value)
      })
  }

  /// A step as text; a log may hold any number.
  private static func step(_ number: Double) -> String { Int(exactly: number).map { "\($0)" } ?? "\(number)" }

  /// The keys of the rows that hold numbers, in the order they first appear, without the step.
  var measures: [String] {
    var found: [String] = []
    for row in metrics {
      for member in row.object ?? [] where member.value.double != nil && !found.contains(member.key) {
        found.append(member.key)
      }
    }
    return found.filter { $0 != "step" && $0 != "time" }
  }

  /// What a reader wants to know first, as names and values.
  package var summary: [(name: String, value: String)] {
    let loss = curve("loss").points
    let speeds = curve("tokens_per_second").points.map(\.y)
    var rows: [(name: String, value: String)] = []
    if let last = loss.last {
      rows.append(("steps", "\(Self.step(last.x))"))
      rows.append(("first loss", Progress.fixed(loss[0].y, 4)))
      rows.append(("last loss", Progress.fixed(last.y, 4)))
    }
    if let best = bestEvaluation {
      rows.append(("best evaluation loss", "\(Progress.fixed(best.y, 4)) at step \(Self.step(best.x))"))
    }
    if let tokens = metrics.last(where: { $0["tokens"] != nil })?["tokens"]?.integer {
      rows.append(("tokens", "\(tokens)"))
    }
    if !speeds.isEmpty { rows.append(("tokens/s (median)", Progress.fixed(speeds.median, 0))) }
    return rows
  }

  /// The rows of the evaluations that can be compared: those with the newest measure, where a resumed run had another one before.
  var evaluations: [JSONValue] {
    let rows = metrics.filter { $0["kind"]?.string == "eval" }
    let other = rows.last?["measured_after"]?.integer ?? -1
    return rows.filter { $0["step"]?.integer ?? 0 > other }
  }

  /// The row of the best evaluation: that of the checkpoint that is kept as the best one, else the lowest.
  var bestRow: JSONValue? {
    let rows = evaluations.filter { $0["eval_loss"]?.double != nil }
    let kept = try? CheckpointStore(run: folder.path).bestStep()
    return rows.first { $0["step"]?.integer == kept }
      ?? rows.min { $0["eval_loss"]!.double! < $1["eval_loss"]!.double! }
  }

  /// The step and the loss of the best evaluation.
  var bestEvaluation: SIMD2<Double>? {
    guard let row = bestRow, let step = row["step"]?.integer, let loss = row["eval_loss"]?.double else { return nil }
    return SIMD2(Double(step), loss)
  }
}
