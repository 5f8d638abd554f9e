import Files
import Training

/// What several ranks, each on a machine like this one, need of a network and make of it.
///
/// Of a step of S samples that takes one process C seconds in m micro-batches, the slowest of R ranks has the share
/// s = ceil(S / R) / S: others may have one sample less, or none. It sends and receives 4 P (R - 1) / R bytes of gradients, the most
/// of them during its last backward pass, which is two thirds of C / m (of s C where it has no whole micro-batch), and as many bytes of
/// weights afterwards:
///   seconds = s C + max(last bucket, gradients / b - 2 s C / (3 max(1, s m))) + weights / b
/// with b the bandwidth of a rank's link in each direction. Latency is left out, as are copies, which take what the memory takes.
package struct RanksPlan: Sendable {
  package let ranks: Int
  /// Samples of a step, which the ranks divide among them.
  package let samples: Int
  /// Bytes that a rank sends in a step; as many arrive.
  package let bytesPerStep: Double
  /// Bytes a second of a rank's link, each way; nil where it is not known.
  package let bandwidth: Double?
  /// Seconds of a step.
  package let seconds: Double
  /// Seconds of it in which a rank waits for the network.
  package let exposedSeconds: Double
  /// How many times as fast as one process.
  package let speedup: Double

  /// - Parameters:
  ///   - samples: of a step, which the ranks divide among them.
  ///   - seconds: of a step of one process.
  ///   - parts: its micro-batches.
  package init(
    ranks: Int, samples: Int, trained: Double, seconds alone: Double, parts: Double, bandwidth: Double?
  ) {
    let half = 4 * trained * Double(ranks - 1) / Double(ranks)
    let share = Double((samples + ranks - 1) / ranks) / Double(max(1, samples))
    let compute = alone * share
    var exposed = 0.0
    if let bandwidth {
      let last = min(half, 4 * Double(BucketLayout.usualSize)) / bandwidth
      let backward = 2 * compute / 3 / max(1, parts * share)
      exposed = max(last, half / bandwidth - backward) + half / bandwidth
    }
    (self.ranks, self.samples, self.bandwidth) = (ranks, samples, bandwidth)
    (bytesPerStep, exposedSeconds) = (2 * half, exposed)
    seconds = compute + exposed
    speedup = alone / seconds
  }
}

/// A network's speed as it is sold: `10Gbit`, `1Gbit/s`, `25Gbps`, `1.25GB`.
package enum Bandwidth {
  /// Bytes a second; nil for what is no bandwidth.
  package static func bytes(_ text: String) -> Double? {
    var text = text
    for suffix in ["/s", "ps"] where text.hasSuffix(suffix) { text.removeLast(2) }
    // A capital B is a byte.
    let units: [(name: String, bits: Double)] = [("bits", 1), ("bit", 1), ("b", 1), ("B", 8)]
    guard let unit = units.first(where: { text.hasSuffix($0.name) }) else { return nil }
    text.removeLast(unit.name.count)
    let scales: [String: Double] = ["k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12]
    guard let last = text.popLast(), let scale = scales[last.lowercased()], let number = Double(text), number > 0,
      number.isFinite
    else { return nil }
    return number * scale * unit.bits / 8
  }
}
