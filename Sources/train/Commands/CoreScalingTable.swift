import Files
import Foundation
import Runs

/// The speed to expect on more cores, and what limits it, for people and for machines.
struct CoreScalingTable {
  let scaling: CoreScaling
  let tokensPerStep: Int
  /// Kernels of each number of cores that are listed for people.
  private let listed = 12

  var lines: [String] {
    var lines = ["", "cores  speed-up  tokens/s  ms/step  measured on so many threads"]
    for point in scaling.points {
      lines.append(
        String(
          format: "%5d%10.2f%10.0f%9.2f  %@", point.cores, point.speedup, Double(tokensPerStep) / point.seconds,
          point.seconds * 1000, point.measured.map { String(format: "%.2f ms/step", $0 * 1000) } ?? "not so many here"))
    }
    for point in scaling.points where point.cores > 1 { lines += limits(of: point) }
    lines.append(
      String(
        format: "A region costs %.2f us on two threads, a line's way from core to core %.0f ns.",
        scaling.costs.region * 1e6, scaling.costs.handover * 1e9))
    return lines + [CoreScaling.caveat]
  }

  private func limits(of point: CoreScaling.Point) -> [String] {
    let total = Double(point.cores) * point.seconds
    let head = "what limits \(point.cores) cores"
    let rows = point.simulation.losses.prefix(listed).map { loss in
      String(
        format: "%5.1f%%%9.3f%9.3f%9d%14@  %@", loss.lost / total * 100, loss.seconds * 1000, loss.work * 1000,
        loss.regions, Self.range(loss.pieces), loss.name)
    }
    return ["", head, "  lost  ms/step  of work  regions        pieces  kernel"] + rows
  }

  private static func range(_ pieces: ClosedRange<Int>) -> String {
    pieces.count == 1 ? "\(pieces.lowerBound)" : "\(pieces.lowerBound)...\(pieces.upperBound)"
  }

  var object: JSONValue {
    [
      "cores": JSONValue(.array(scaling.points.map(object))), "caveat": JSONValue(CoreScaling.caveat),
      "seconds_per_step_alone_measured": JSONValue(scaling.alone.measured),
      "seconds_per_step_alone_traced": JSONValue(scaling.alone.traced),
      "region_seconds": JSONValue(scaling.costs.region), "handover_seconds": JSONValue(scaling.costs.handover),
    ]
  }

  private func object(_ point: CoreScaling.Point) -> JSONValue {
    [
      "cores": JSONValue(point.cores), "speedup": JSONValue(point.speedup),
      "seconds_per_step": JSONValue(point.seconds),
      "tokens_per_second": JSONValue(Double(tokensPerStep) / point.seconds),
      "measured_seconds_per_step": point.measured.map { JSONValue($0) } ?? nil,
      "losses": JSONValue(
        .array(
          point.simulation.losses.map { loss in
            [
              "kernel": JSONValue(loss.name), "regions": JSONValue(loss.regions),
              "least_pieces": JSONValue(loss.pieces.lowerBound), "most_pieces": JSONValue(loss.pieces.upperBound),
              "seconds": JSONValue(loss.seconds), "work_seconds": JSONValue(loss.work),
              "lost_core_seconds": JSONValue(loss.lost),
            ]
          })),
    ]
  }
}
