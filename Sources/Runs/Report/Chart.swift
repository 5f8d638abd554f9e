import Foundation

/// A line of a chart: what it is called, and its points in the order of x.
package struct Curve: Sendable, Equatable {
  package var name: String
  package var points: [SIMD2<Double>]

  package init(_ name: String, _ points: [SIMD2<Double>]) {
    self.name = name
    // What is not finite cannot be drawn, nor can spans that overflow.
    self.points = points.filter { abs($0.x) < 1e300 && abs($0.y) < 1e300 }
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
    return Curve(name, kept)
  }
}

/// A chart of curves over the step, drawn as SVG.
package struct Chart: Sendable {
  package var title: String
  package var curves: [Curve]

  package init(_ title: String, _ curves: [Curve]) {
    self.title = title
    self.curves = curves.filter { !$0.points.isEmpty }
  }

  private static let size = SIMD2(640.0, 300.0)
  /// Room for the labels: left, top, right, bottom.
  private static let margin = (left: 64.0, top: 34.0, right: 16.0, bottom: 30.0)
  /// Okabe and Ito's colours, which colour-blind readers can tell apart.
  private static let colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999"]

  /// The chart as an `<svg>` element.
  package var svg: String {
    let all = curves.flatMap(\.points)
    guard let first = all.first else { return "" }
    let low = all.reduce(first) { pointwiseMin($0, $1) }
    let high = all.reduce(first) { pointwiseMax($0, $1) }
    let frame = Frame(low: low, high: high, size: Self.size, margin: Self.margin)
    let (width, height) = (Int(Self.size.x), Int(Self.size.y))
    var parts = [
      "<svg viewBox=\"0 0 \(width) \(height)\" role=\"img\" aria-label=\"\(title.escapedForHTML)\">",
      "<text class=\"title\" x=\"\(number(Self.margin.left))\" y=\"16\">\(title.escapedForHTML)</text>",
    ]
    parts += frame.grid
    for (index, curve) in curves.enumerated() {
      parts += line(curve, colour: Self.colours[index % Self.colours.count], frame)
    }
    parts += legend
    return (parts + ["</svg>"]).joined(separator: "\n")
  }

  private func line(_ curve: Curve, colour: String, _ frame: Frame) -> [String] {
    let points = curve.thinned(to: 1200).points.map { point in
      let place = frame.place(point)
      return "\(number(place.x)),\(number(place.y))"
    }
    if points.count == 1 {
      let place = frame.place(curve.points[0])
      return ["<circle cx=\"\(number(place.x))\" cy=\"\(number(place.y))\" r=\"3\" fill=\"\(colour)\"/>"]
    }
    return ["<polyline points=\"\(points.joined(separator: " "))\" stroke=\"\(colour)\"/>"]
  }

  private var legend: [String] {
    if curves.count < 2 { return [] }
    var x = Self.size.x - Self.margin.right
    var parts: [String] = []
    for (index, curve) in curves.enumerated().reversed() {
      x -= Double(curve.name.count) * 7 + 8
      let colour = Self.colours[index % Self.colours.count]
      parts.append("<text x=\"\(number(x))\" y=\"16\" fill=\"\(colour)\">\(curve.name.escapedForHTML)</text>")
      x -= 8
    }
    return parts
  }
}

/// The mapping from values to places in the picture, and the grid behind the curves.
private struct Frame {
  let low: SIMD2<Double>
  let span: SIMD2<Double>
  let size: SIMD2<Double>
  let margin: (left: Double, top: Double, right: Double, bottom: Double)

  init(
    low: SIMD2<Double>, high: SIMD2<Double>, size: SIMD2<Double>,
    margin: (left: Double, top: Double, right: Double, bottom: Double)
  ) {
    let gap = high - low
    // A flat line runs through the middle.
    let padding = SIMD2(gap.x == 0 ? 0.5 : 0, gap.y == 0 ? max(abs(low.y) / 2, 1e-9) : gap.y * 0.04)
    self.low = low - padding
    span = gap + padding * 2
    self.size = size
    self.margin = margin
  }

  func place(_ point: SIMD2<Double>) -> SIMD2<Double> {
    let share = (point - low) / span
    return SIMD2(
      margin.left + share.x * (size.x - margin.left - margin.right),
      size.y - margin.bottom - share.y * (size.y - margin.top - margin.bottom))
  }

  /// Lines at round numbers, with their labels.
  var grid: [String] {
    let right = number(size.x - margin.right)
    let bottom = size.y - margin.bottom
    var parts: [String] = []
    for tick in ticks(from: low.y, span: span.y, count: 5) {
      let y = number(place(SIMD2(low.x, tick)).y)
      parts.append("<line x1=\"\(number(margin.left))\" x2=\"\(right)\" y1=\"\(y)\" y2=\"\(y)\"/>")
      parts.append("<text class=\"y\" x=\"\(number(margin.left - 6))\" y=\"\(y)\" dy=\"4\">\(label(tick))</text>")
    }
    for tick in ticks(from: low.x, span: span.x, count: 8) where tick == tick.rounded() {
      let x = number(place(SIMD2(tick, low.y)).x)
      parts.append("<text class=\"x\" x=\"\(x)\" y=\"\(number(bottom + 18))\">\(label(tick))</text>")
    }
    return parts
  }

  /// Multiples of 1, 2 or 5 times a power of ten, about `count` of them.
  private func ticks(from low: Double, span: Double, count: Int) -> [Double] {
    let rough = span / Double(count)
    let power = pow(10, floor(log10(rough)))
    let step = power * ([1, 2, 5].first { $0 * power >= rough } ?? 10)
    let first = (low / step).rounded(.up)
    let last = ((low + span) / step).rounded(.down)
    guard step.isNormal, first <= last, last - first < 100 else { return [] }
    return stride(from: first, through: last, by: 1).map { $0 * step }
  }

  private func label(_ value: Double) -> String {
    if value == 0 { return "0" }
    if abs(value) < 1e-3 || abs(value) >= 1e6 { return Progress.scientific(value) }
    let digits = abs(value) >= 100 ? 1 : 4
    let text = Progress.fixed(value, digits)
    return text.contains(".") ? String(text.trimmingSuffix { $0 == "0" }.trimmingSuffix { $0 == "." }) : text
  }
}

/// A coordinate with two digits after the point.
private func number(_ value: Double) -> String { Progress.fixed(value, 2) }

extension StringProtocol {
  fileprivate func trimmingSuffix(while condition: (Character) -> Bool) -> SubSequence {
    var end = endIndex
    while end > startIndex, condition(self[index(before: end)]) { end = index(before: end) }
    return self[..<end]
  }
}

extension String {
  /// The text with what HTML would take for markup written as entities.
  var escapedForHTML: String {
    var escaped = ""
    for character in unicodeScalars {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }
}
