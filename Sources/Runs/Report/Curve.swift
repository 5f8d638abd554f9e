import Foundation

/// A line of a chart: what it is called, and its points in the order of x.
package struct Curve: Sendable, Equatable {
  /// How a curve is drawn.
  package enum Style: Sendable {
    /// A line.
    case line
    /// A thin, pale line behind the others: single measurements of something noisy.
    case raw
    /// A line with a dot at each measurement, of which there are few.
    case measured
  }

  package var name: String
  package var points: [SIMD2<Double>]
  package var style: Style
  /// The number of its colour; curves that belong together share one.
  package var colour: Int?

  package init(_ name: String, _ points: [SIMD2<Double>], style: Style = .line, colour: Int? = nil) {
    self.name = name
    // What is not finite cannot be drawn, nor can spans that overflow.
    self.points = points.filter { abs($0.x) < 1e300 && abs($0.y) < 1e300 }
    (self.style, self.colour) = (style, colour)
  }

  /// At most about `count` points: of every stretch of x the least and the greatest, in their order, so that no spike is
  /// lost.
  func thinned(to count: Int) -> Curve {
    guard points.count > count, count >= 2 else { return self }
    let size = (2 * points.count + count - 1) / count
    var kept: [SIMD2<Double>] = []
    for start in stride(from: 0, to: points.count, by: size) {
      let piece = points[start..<min(points.count, start + size)]
      guard let low = piece.indices.min(by: { piece[$0].y < piece[$1].y }),
        let high = piece.indices.max(by: { piece[$0].y < piece[$1].y })
      else { continue }
      kept += low == high ? [piece[low]] : [points[min(low, high)], points[max(low, high)]]
    }
    return Curve(name, kept, style: style, colour: colour)
  }

  /// The curve as an exponential mean that remembers about a 50th of the points; fewer at the beginning, where a loss falls fast.
  func smoothed(called name: String) -> Curve {
    let memory = max(1, Double(points.count) / 50)
    var mean = 0.0
    let smooth = points.enumerated().map { index, point in
      mean += (point.y - mean) / min(memory, 1 + Double(index) / 5)
      return SIMD2(point.x, mean)
    }
    return Curve(name, smooth, colour: colour)
  }

  /// Whether positive values span so much that their powers of ten say more.
  static func spansMuch(_ curves: [Curve]) -> Bool {
    let values = curves.flatMap(\.points).map(\.y)
    guard let low = values.min(), let high = values.max(), low > 0 else { return false }
    return high / low > 8
  }

  /// The value at `x`, or the last one before it.
  func value(at x: Double) -> Double? {
    var (lower, upper) = (0, points.count)
    while lower < upper {
      let middle = (lower + upper) / 2
      if points[middle].x <= x { lower = middle + 1 } else { upper = middle }
    }
    return lower > 0 ? points[lower - 1].y : nil
  }

  /// Whether there is something to see: two points whose values differ.
  var varies: Bool { points.contains { $0.y != points[0].y } }
}
