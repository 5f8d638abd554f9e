import Checkpoints
import Files
import Foundation

/// What a reader wants to know about a run before the curves: what it is, how far it is, and what came of it.
struct RunFacts {
  /// A fact: its name, the fact itself, and what belongs to it.
  struct Fact {
    var name: String
    var value: String
    var detail = ""
  }

  private let run: RunRecord
  private let loss: [SIMD2<Double>]

  init(_ run: RunRecord) {
    self.run = run
    loss = run.curve("loss").points
  }

  /// The number of steps that are done.
  var step: Int { loss.last.flatMap { Int(exactly: $0.x) } ?? 0 }

  /// The number of steps that the run is to take; nil where nobody wrote it down.
  var steps: Int? {
    run.environment["steps"]?.integer ?? run.resolved["training"]?["max_steps"]?.integer
  }

  /// How far the run is, in a few words.
  var state: String {
    guard let steps, step < steps else { return step > 0 ? "finished" : "not begun" }
    let place = "step \(step.grouped) of \(steps.grouped)"
    if run.isGoingOn { return place }
    if isStoppedEarly { return "stopped early at \(place)" }
    let hasFailed = Path.exists(run.folder.batches(failedAt: step + 1))
    return "stopped at \(place)" + (hasFailed ? ": step \((step + 1).grouped) failed" : "")
  }

  /// Whether the evaluations that are logged are why the run has ended.
  private var isStoppedEarly: Bool {
    let settings = run.resolved["training"]?["early_stopping"]
    guard let patience = settings?["patience"]?.integer, let delta = settings?["min_delta"]?.double else {
      return false
    }
    // It stops after an evaluation, and only by those that it compares.
    let rows = run.evaluations
    guard rows.last?["step"]?.integer ?? -1 >= step else { return false }
    return EarlyStopping(patience: patience, minimumDelta: delta, rows: rows).isDue
  }

  var all: [Fact] { [result, model, data, machine, time, tokens].compactMap(\.self) }

  private var result: Fact? {
    guard let last = loss.last else { return nil }
    let end = loss.count > 30 ? run.curve("loss").smoothed(called: "").points[loss.count - 1] : last
    let whole = "training loss \(Figure.text(loss[0].y)) to \(Figure.text(end.y))"
    guard let best = run.bestEvaluation else { return Fact(name: "Result", value: whole) }
    let accuracy = run.curve("eval_rewards/accuracies").value(at: best.x).map {
      "reward accuracy \(Progress.fixed(100 * $0, 1)) %"
    }
    let bits = run.curve("eval_bits_per_byte").value(at: best.x).map { "\(Progress.fixed($0, 3)) bits per byte" }
    let at = "held-out loss at step \(Figure.short(best.x))"
    return Fact(
      name: "Result", value: Progress.fixed(best.y, 4),
      detail: ([at] + [accuracy, bits, whole].compactMap(\.self)).joined(separator: "; "))
  }

  private var model: Fact? {
    let recipe = run.resolved["model"]
    let from = recipe?["from"]?.string
    let kind = recipe?["model_type"]?.string ?? recipe?["architecture"]?.string
    let sizes = [
      (recipe?["num_hidden_layers"] ?? recipe?["n_layer"])?.integer.map { $0.counted("layer") },
      (recipe?["hidden_size"] ?? recipe?["n_embd"])?.integer.map { "\($0.grouped) wide" },
    ].compactMap(\.self)
    let count = run.environment["parameters"]?.integer
    let trained = run.environment["trained_parameters"]?.integer
    let value = count.map { "\(Figure.large($0)) parameters" } ?? from ?? kind
    guard let value else { return nil }
    let adapter = run.resolved["adapter"]?["name"]?.string.map { name in
      "\(name)" + (trained.map { ", \(Figure.large($0)) trained" } ?? "")
    }
    let details = [count == nil ? nil : from, kind, adapter].compactMap(\.self) + sizes
    return Fact(name: "Model", value: value, detail: details.filter { $0 != value }.joined(separator: ", "))
  }

  private var data: Fact? {
    let files = run.resolved["data"]?["train"]
    let names = files?.array?.compactMap { $0.string ?? $0["path"]?.string } ?? [files?.string].compactMap(\.self)
    guard let first = names.first else { return nil }
    let short = first.count > 20 ? String(first.split(separator: "/").last ?? "") : first
    let value = names.count == 1 ? short : "\(short) and \(names.count - 1) more"
    let batch = run.resolved["training"]?["batch_size"]?.integer.map { "\($0) a step" }
    let summary = run.environment["data"]?.string?.replacing(/[0-9]{4,}/) { Int($0.output)?.grouped ?? "\($0.output)" }
    return Fact(name: "Data", value: value, detail: [summary, batch].compactMap(\.self).joined(separator: "; "))
  }

  private var machine: Fact? {
    guard let machine = run.environment["machine"], let processor = machine["processor"]?.string else { return nil }
    let threads = run.environment["threads"]?.integer.map { $0.counted("thread") }
    let memory = machine["memory"]?.double.map { "\(Progress.fixed($0 / 1_073_741_824, 0)) GiB" }
    let kernels = run.environment["core_type"]?.string.map { "\($0) kernels" }
    return Fact(
      name: "Machine", value: processor, detail: [threads, memory, kernels].compactMap(\.self).joined(separator: ", "))
  }

  /// The time in steps; evaluations and checkpoints come on top.
  private var time: Fact? {
    var (seconds, before) = (0.0, 0.0)
    for row in run.metrics {
      guard let tokens = row["tokens"]?.double, let speed = row["tokens_per_second"]?.double, speed > 0 else {
        continue
      }
      // A log may hold any number: what is longer than thirty thousand years is no duration.
      seconds = min(1e12, seconds + max(0, tokens - before) / speed)
      before = tokens
    }
    guard seconds > 0 else { return nil }
    let started = run.environment["started"]?.string.map { "started \($0.replacing("T", with: " ").prefix(16)) UTC" }
    let left = steps.flatMap { steps -> String? in
      guard run.isGoingOn, step > 0, step < steps else { return nil }
      return "about \(Progress.duration(.seconds(min(1e12, seconds / Double(step) * Double(steps - step))))) left"
    }
    return Fact(
      name: "Time", value: seconds < 10 ? "\(Progress.fixed(seconds, 1))s" : Progress.duration(.seconds(seconds)),
      detail: ["in training steps", started, left].compactMap(\.self).joined(separator: "; "))
  }

  private var tokens: Fact? {
    guard let tokens = run.metrics.last(where: { $0["tokens"] != nil })?["tokens"]?.integer else { return nil }
    let speeds = run.curve("tokens_per_second").points.map(\.y)
    let speed = speeds.isEmpty ? "" : "\(Figure.short(speeds.median.rounded())) a second, the median"
    return Fact(name: "Tokens", value: Figure.large(tokens), detail: speed)
  }
}
