import Files
import Foundation
import Training

/// Where a run writes down what happens: the terminal, metrics.jsonl, samples.jsonl and TensorBoard's event file.
struct RunLog: ~Copyable {
  private var progress: Progress
  private var metrics: JSONLinesLog
  private var samples: JSONLinesLog
  private var tensorBoard: TensorBoard?
  private let every: Int

  init(_ folder: RunFolder, _ settings: Recipe.Logging, steps: Int, after step: Int) throws(Failure) {
    let metrics = try JSONLinesLog(folder.metrics)
    let samples = try JSONLinesLog(folder.samples)
    let tensorBoard: TensorBoard? = settings.tensorboard ? try TensorBoard(folder: folder.path, after: step) : nil
    progress = Progress(steps: steps, after: step, every: settings.every)
    self.metrics = metrics
    self.samples = samples
    self.tensorBoard = tensorBoard
    every = settings.every
  }

  mutating func note(_ text: String) { progress.note(text) }
  mutating func endLine() { progress.endLine() }

  mutating func step(_ report: Trainer.Report, tokens: Int, tokensPerSecond: Double, shareOfPeak: Double) {
    let others = report.measures.means.filter { $0.name != "loss" }
    metrics.append(
      "train", step: report.step,
      [
        JSONMember("loss", JSONValue(report.loss)), JSONMember("grad_norm", JSONValue(report.gradientNorm)),
        JSONMember("learning_rate", JSONValue(report.learningRate)), JSONMember("tokens", JSONValue(tokens)),
        JSONMember("num_tokens", JSONValue(tokens)), JSONMember("tokens_per_second", JSONValue(tokensPerSecond)),
      ] + others.map { JSONMember($0.name, JSONValue($0.value)) })
    if report.step.isMultiple(of: every) || report.step == 1 {
      tensorBoard?.append(
        step: report.step,
        [
          "train/loss": report.loss, "train/grad_norm": report.gradientNorm, "train/learning_rate": report.learningRate,
          "train/tokens_per_second": tokensPerSecond,
        ])
    }
    progress.show(
      StepReport(
        step: report.step, loss: report.loss, learningRate: report.learningRate, tokensPerSecond: tokensPerSecond,
        shareOfPeak: shareOfPeak))
  }

  mutating func evaluation(_ result: Evaluation, step: Int) {
    let others = result.measures.means.filter { $0.name != "loss" }
    var row = [("eval_loss", result.loss)]
    if let perplexity = result.perplexity { row.append(("eval_perplexity", perplexity)) }
    if let bits = result.bitsPerByte { row.append(("eval_bits_per_byte", bits)) }
    row += others.map { ("eval_\($0.name)", $0.value) }
    metrics.append("eval", step: step, row.map { JSONMember($0.0, JSONValue($0.1)) })
    tensorBoard?.append(step: step, row.map { ("eval/\($0.0.dropFirst(5))", $0.1) })
    let perplexity = result.perplexity.map { ", perplexity \(Progress.fixed($0, 2))" } ?? ""
    let bits = result.bitsPerByte.map { ", \(Progress.fixed($0, 3)) bits per byte" } ?? ""
    let rest = others.map { ", \($0.name.replacing("_", with: " ")) \(Progress.fixed($0.value, 4))" }.joined()
    note("step \(step): validation loss \(Progress.fixed(result.loss, 4))\(perplexity)\(bits)\(rest)")
  }

  mutating func sample(prompt: String, text: String, step: Int) {
    samples.append(step: step, [JSONMember("prompt", JSONValue(prompt)), JSONMember("text", JSONValue(text))])
    note("sample: \(prompt)\(text)")
  }
}
