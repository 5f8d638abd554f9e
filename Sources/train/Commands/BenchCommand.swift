import Files
import Foundation
import Training

struct BenchCommand: Command {
  static let name = "bench"
  static let summary = "Times the real training step of a recipe on random tokens"
  static let operands = "RECIPE [KEY=VALUE ...]"
  static let options = [
    Option.value("steps", "N", "steps to time, after two that are not counted; default 10"), Option.json,
  ]

  private let recipe: Recipe
  private let steps: Int
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    recipe = try arguments.recipe()
    steps = try arguments.integer("steps", in: 1...100_000) ?? 10
    isJSON = arguments.flag("json")
  }

  func run() throws(Failure) {
    try MatrixLibrary.require()
    let result = try Benchmark(recipe, steps: steps)
    let speed = result.tokensPerSecond
    let share = result.flopsPerSecond / result.peak
    if isJSON {
      let object: JSONValue = [
        "parameters": JSONValue(result.parameters), "steps": JSONValue(result.steps.count),
        "tokens_per_step": JSONValue(result.tokensPerStep), "tokens_per_second": JSONValue(speed.median),
        "tokens_per_second_min": JSONValue(speed.least), "tokens_per_second_max": JSONValue(speed.greatest),
        "gflops_per_second": JSONValue(result.flopsPerSecond / 1e9),
        "gemm_peak_gflops_per_second": JSONValue(result.peak / 1e9), "share_of_gemm_peak": JSONValue(share),
        "peak_rss_bytes": JSONValue(result.peakMemory), "loss": JSONValue(result.loss),
      ]
      return Output.results.line(object.serialized())
    }
    Output.results.line(
      """
      \(result.parameters) parameters, \(result.steps.count) steps of \(result.tokensPerStep) tokens
      \(format(speed.median)) tokens/s (least \(format(speed.least)), greatest \(format(speed.greatest)))
      \(format(result.flopsPerSecond / 1e9)) GFLOP/s, \(format(share * 100)) % of the measured GEMM peak of \
      \(format(result.peak / 1e9)) GFLOP/s
      \(format(Double(result.peakMemory) / 1_048_576)) MiB peak resident memory
      """)
  }

  private func format(_ number: Double) -> String { String(format: number < 100 ? "%.1f" : "%.0f", number) }
}
