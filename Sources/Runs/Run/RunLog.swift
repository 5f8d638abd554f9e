import Files
import Foundation
import Training

/// Where a run writes down what happens: the terminal, metrics.jsonl, samples.jsonl and TensorBoard's event file. Of several
/// processes one has the files.
struct RunLog: ~Copyable {
  private var progress: Progress
  private var metrics: JSONLinesLog?
  private var samples: JSONLinesLog?
  private var tensorBoard: TensorBoard?
  private var watch = PreferenceWatch()
  private let every: Int
  private var peak: MeasuredPeak?
  /// The evaluations after this step alone can be compared, where there were others before it.
  private var measuredAfter = -1

  /// Opens the logs of a run of `steps` steps in `folder` and removes what they say about steps after `step`, and about an
  /// evaluation after one that is not the last that was `evaluated`.
  init(
    _ folder: RunFolder, _ settings: Recipe.Logging, steps: Int, after step: Int, evaluated: Int, peak: MeasuredPeak,
    measuredAfter: Int
  ) throws(Failure) {
    try JSONLinesLog.cut(folder.metrics) { row, rowStep in
      rowStep <= (row["kind"]?.string == "eval" ? evaluated : step)
    }
    try JSONLinesLog.cut(folder.samples) { _, rowStep in rowStep <= evaluated }
    let metrics: JSONLinesLog? = try JSONLinesLog(folder.metrics)
    let samples: JSONLinesLog? = try JSONLinesLog(folder.samples)
    try Folder.synchronize(folder.path)
    let tensorBoard: TensorBoard? = settings.tensorboard ? try TensorBoard(folder: folder.path, after: step) : nil
    progress = Progress(steps: steps, after: step, every: settings.every)
    self.metrics = metrics
    self.samples = samples
    self.tensorBoard = tensorBoard
    every = settings.every
    self.peak = peak
    self.measuredAfter = measuredAfter
  }

  /// A log without files.
  init(steps: Int, after step: Int) {
    progress = Progress(steps: steps, after: step, every: 1)
    every = 1
  }

  /// When a row is written: seconds since 1970, to the millisecond.
  private static var time: JSONMember {
    JSONMember("time", JSONValue((Date().timeIntervalSince1970 * 1000).rounded() / 1000))
  }

  mutating func note(_ text: String) { progress.note(text) }
  mutating func endLine() { progress.endLine() }

  /// Waits until everything is on the disk: a checkpoint must not outlive the rows of its steps.
  mutating func synchronize() {
    metrics?.synchronize()
    samples?.synchronize()
  }

  /// A step that took `seconds` and `flops` floating point operations; `tokens` is the number of all that were read so far.
  mutating func step(_ report: Trainer.Report, tokens: Int, flops: Double, seconds: Double) {
    let tokensPerSecond = Double(report.tokens) / seconds
    let others = report.measures.means.filter { $0.name != "loss" }
    metrics?.append(
      "train", step: report.step,
      [
        JSONMember("loss", JSONValue(report.loss)), JSONMember("grad_norm", JSONValue(report.gradientNorm)),
        JSONMember("learning_rate", JSONValue(report.learningRate)), JSONMember("tokens", JSONValue(tokens)),
        JSONMember("num_tokens", JSONValue(tokens)), JSONMember("tokens_per_second", JSONValue(tokensPerSecond)),
        Self.time,
      ] + others.map { JSONMember($0.name, JSONValue($0.value)) })
    if report.step.isMultiple(of: every) || report.step == 1 {
      let scalars: [(tag: String, scalar: Double)] = [
        ("train/loss", report.loss), ("train/grad_norm", report.gradientNorm),
        ("train/learning_rate", report.learningRate), ("train/tokens_per_second", tokensPerSecond),
      ]
      tensorBoard?.append(
        step: report.step, scalars + others.map { (tag: "train/\($0.name)", scalar: $0.value) })
    }
    progress.show(
      StepReport(
        step: report.step, loss: report.loss, learningRate: report.learningRate, tokensPerSecond: tokensPerSecond,
        shareOfPeak: peak?.share(of: flops / seconds),
        preference: report.measures["rewards/margins"].map { ($0, report.measures["rewards/accuracies"]) }))
    for warning in watch.observe(report.measures) { note(warning) }
  }

  /// What was measured after a step, of held-out samples and of suites.
  mutating func evaluation(_ result: Evaluation?, _ suites: SuiteResults?, step: Int) {
    let row = (result.map(Self.row) ?? []) + (suites?.measures.map { ("eval_\($0.name)", $0.value) } ?? [])
    if row.isEmpty { return }
    // Who reads the log knows by it which losses before this one are of another measure.
    let mark = measuredAfter < 0 ? [] : [JSONMember("measured_after", JSONValue(measuredAfter))]
    metrics?.append("eval", step: step, row.map { JSONMember($0.0, JSONValue(measured: $0.1)) } + mark + [Self.time])
    tensorBoard?.append(step: step, row.map { ("eval/\($0.0.dropFirst(5))", $0.1) })
    if let result {
      note("step \(step): \(Self.line(result))")
      for warning in watch.observe(evaluation: result.measures, step: step) { note(warning) }
    }
    for line in suites?.lines ?? [] { note("step \(step): \(line)") }
  }

  private static func row(_ result: Evaluation) -> [(String, Double)] {
    var row = [("eval_loss", result.loss)]
    if let perplexity = result.perplexity { row.append(("eval_perplexity", perplexity)) }
    if let bits = result.bitsPerByte { row.append(("eval_bits_per_byte", bits)) }
    return row + others(result).map { ("eval_\($0.name)", $0.value) } + [("eval_share", result.share)]
  }

  private static func line(_ result: Evaluation) -> String {
    let perplexity = result.perplexity.map { ", perplexity \(Progress.fixed($0, 2))" } ?? ""
    let bits = result.bitsPerByte.map { ", \(Progress.fixed($0, 3)) bits per byte" } ?? ""
    let rest = others(result).map { ", \($0.name.replacing("_", with: " ")) \(Progress.fixed($0.value, 4))" }.joined()
    let share = result.share < 1 ? " on \(Progress.fixed(100 * result.share, 1)) % of what is held out" : ""
    return "validation loss \(Progress.fixed(result.loss, 4))\(share)\(perplexity)\(bits)\(rest)"
  }

  private static func others(_ result: Evaluation) -> [(name: String, value: Double)] {
    result.measures.means.filter { $0.name != "loss" }
  }

  /// What the model writes after a prompt, or as its answer to it; `reference` is the answer that the data has to it.
  mutating func sample(prompt: String, text: String, reference: String? = nil, isAnswer: Bool = true, step: Int) {
    samples?.append(
      step: step,
      [JSONMember("prompt", JSONValue(prompt)), JSONMember("text", JSONValue(text))]
        + (reference.map { [JSONMember("reference", JSONValue($0))] } ?? []))
    // Answers to prompts of the data are for the report: the terminal has those that the recipe asks for.
    if reference != nil { return }
    progress.styledNote(
      SampleText.text(prompt: prompt, text, isAnswer: isAnswer, step: step, inColour: Output.log.hasColour))
  }
}
