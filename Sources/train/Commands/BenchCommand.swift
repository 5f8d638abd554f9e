import Files
import Foundation
import Runs

struct BenchCommand: Command {
  static let name = "bench"
  static let summary = "Times the real training step of a recipe on random tokens"
  static let examples = ["train bench bench-tiny", "train bench tiny --profile --cores 4,16"]
  static let operands = "RECIPE [KEY=VALUE ...]"
  static let options = [
    Option.value("steps", "N", "steps to time, after two that are not counted; default 10"),
    .flag("profile", "also a table of the kernels: time, share, GFLOP/s and GB/s"),
    .value("cores", "N,N,...", "also the speed to expect on so many cores, simulated, and what limits it"), .json,
  ]

  private let recipe: Recipe
  private let steps: Int
  private let isProfiled: Bool
  private let isJSON: Bool
  private let cores: [Int]

  init(_ arguments: inout Arguments) throws(Failure) {
    recipe = try arguments.recipe()
    steps = try arguments.integer("steps", in: 1...100_000) ?? 10
    isProfiled = arguments.flag("profile")
    isJSON = arguments.flag("json")
    cores = try arguments.integers("cores", in: 1...CoreScaling.mostCores)
  }

  func run() throws(Failure) {
    try MatrixLibrary.require()
    let result = try Benchmark(recipe, steps: steps, profiled: isProfiled, cores: cores)
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
        "gemm_bound_tokens_per_second": result.limit.map { JSONValue(Double(result.tokensPerStep) / $0.seconds) }
          ?? nil,
        "share_of_gemm_bound": result.limit.map { JSONValue($0.share) } ?? nil,
        "profile": JSONValue(.array(table(result).map(\.object))),
        "scaling": result.scaling.map { CoreScalingTable(scaling: $0, tokensPerStep: result.tokensPerStep).object }
          ?? nil,
      ]
      return Output.results.line(object.serialized())
    }
    Output.results.line(
      """
      \(result.parameters) parameters, \(result.steps.count.counted("step")) of \(result.tokensPerStep) tokens
      \(format(speed.median)) tokens/s (least \(format(speed.least)), greatest \(format(speed.greatest)))
      \(format(result.flopsPerSecond / 1e9)) GFLOP/s, \(format(share * 100)) % of the measured GEMM peak of \
      \(format(result.peak / 1e9)) GFLOP/s
      \(format(Double(result.peakMemory) / 1_048_576)) MiB peak resident memory
      """)
    if let limit = result.limit { printProfile(result, limit) }
    guard let scaling = result.scaling else { return }
    CoreScalingTable(scaling: scaling, tokensPerStep: result.tokensPerStep).lines.forEach(Output.results.line)
  }

  private func printProfile(_ result: Benchmark, _ limit: (seconds: Double, share: Double)) {
    let bound = Double(result.tokensPerStep) / limit.seconds
    Output.results.line(
      "\(format(limit.share * 100)) % of the \(format(bound)) tokens/s of the step's matrix products alone")
    Output.results.line("   ms/step  share  calls  GFLOP/s  GB/s  kernel")
    for row in table(result) { Output.results.line(row.line) }
  }

  /// A kernel's part of a step.
  private struct Row {
    let name: String
    let milliseconds: Double
    let share: Double
    let calls: Double
    let gigaflops: Double
    let gigabytes: Double

    var line: String {
      func number(_ value: Double, _ format: String) -> String {
        value > 0 ? String(format: format, value) : String(repeating: " ", count: String(format: format, 0.0).count)
      }
      return number(milliseconds, "%10.2f") + number(share * 100, "%6.1f%%") + number(calls, "%7.0f")
        + number(gigaflops, "%9.0f") + number(gigabytes, "%6.1f") + "  " + name
    }

    var object: JSONValue {
      [
        "kernel": JSONValue(name), "seconds_per_step": JSONValue(milliseconds / 1000), "share": JSONValue(share),
        "calls_per_step": JSONValue(calls), "gflops_per_second": JSONValue(gigaflops),
        "gigabytes_per_second": JSONValue(gigabytes),
      ]
    }
  }

  /// The kernels of an average step, and the rest of it.
  private func table(_ result: Benchmark) -> [Row] {
    guard !result.profile.isEmpty else { return [] }
    let count = Double(result.steps.count)
    let total = result.steps.reduce(0, +)
    let rows = result.profile.map { entry in
      Row(
        name: entry.name, milliseconds: entry.seconds / count * 1000, share: entry.seconds / total,
        calls: Double(entry.calls) / count, gigaflops: entry.operations / max(entry.seconds, 1e-9) / 1e9,
        gigabytes: entry.bytes / max(entry.seconds, 1e-9) / 1e9)
    }
    let rest = total - result.profile.reduce(0) { $0 + $1.seconds }
    return rows + [
      Row(
        name: "outside the kernels", milliseconds: rest / count * 1000, share: rest / total, calls: 0, gigaflops: 0,
        gigabytes: 0)
    ]
  }

  private func format(_ number: Double) -> String { String(format: number < 100 ? "%.1f" : "%.0f", number) }
}
