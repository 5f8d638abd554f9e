import Files
import Kernels
import Machine

/// The speed of a training step to expect on more cores than there are.
package struct CoreScaling: Sendable {
  /// A number of cores.
  package struct Point: Sendable {
    package let simulation: ScheduleSimulation
    /// Seconds of a step.
    package let seconds: Double
    /// How many times as fast as on one core.
    package let speedup: Double
    /// Seconds of a step that was run on so many threads; nil where there are not so many cores.
    package let measured: Double?
    package var cores: Int { simulation.threads }
  }

  package let points: [Point]
  package let costs: ThreadCosts
  /// Seconds of a step on one core: measured, and as the sum of its pieces and of what lies between them, each the thread's own
  /// time.
  package let alone: (measured: Double, traced: Double)

  /// As many as there can be threads.
  package static let mostCores = Parallel.mostThreads

  /// What the simulation cannot know.
  package static let caveat =
    "Simulated from pieces measured one at a time on one core: that cores share memory bandwidth, caches and power, and that "
    + "memory is near to some of them and far from others, is not in it, and makes many cores slower than this."

  /// Traces `count` of `steps` for each number of cores, and times as many on those that there are.
  init(cores: [Int], steps count: Int, _ steps: inout RandomTokenSteps) throws(Failure) {
    var wanted: [Int] = []
    for number in [1] + cores where !wanted.contains(number) { wanted.append(number) }
    var traces = [[WorkTrace]](repeating: [], count: wanted.count)
    var times = [[Double]](repeating: [], count: wanted.count)
    func trace(_ index: Int) throws(Failure) -> WorkTrace {
      let batches = try steps.nextBatches()
      return try WorkTrace.recorded(threads: wanted[index]) { () throws(Failure) in try steps.take(batches) }
    }
    // Names take time, so the steps that are named are not those that are timed.
    var names: [[String]] = []
    for index in wanted.indices {
      _ = try Profile.entries { () throws(Failure) in names.append(try trace(index).regions.map(\.kernel)) }
    }
    for _ in 0..<count {
      for (index, number) in wanted.enumerated() {
        traces[index].append(try trace(index))
        if number <= Processor.usableCount { times[index].append(try steps.seconds(threads: number)) }
      }
    }
    let costs = ThreadCosts.measured()
    let medians = zip(traces, names).map { traces, names in
      var trace = WorkTrace.median(of: traces)!
      for (region, name) in zip(trace.regions.indices, names) { trace.regions[region].kernel = name }
      return trace
    }
    let simulations = zip(wanted, medians).map { ScheduleSimulation($1, threads: $0, costs: costs.extended(to: $0)) }
    let alone = (measured: times[0].median, traced: medians[0].seconds)
    self.costs = costs
    self.alone = alone
    points = zip(simulations, times).map { simulation, times in
      Point(
        simulation: simulation, seconds: simulation.seconds, speedup: alone.traced / simulation.seconds,
        measured: times.isEmpty ? nil : times.median)
    }
  }
}
