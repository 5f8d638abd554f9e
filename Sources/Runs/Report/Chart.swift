import Foundation

/// A chart of curves over the step: a heading with the last values, and the curves as SVG.
package struct Chart: Sendable {
  package var title: String
  /// What is measured and in what unit, in a few words.
  package var unit: String
  package var curves: [Curve]
  /// Whether the vertical axis may be logarithmic.
  package var allowsLogarithm = true
  /// Whether a curve that is alone is named, too.
  package var namesCurves = false

  package init(_ title: String, unit: String = "", _ curves: [Curve]) {
    self.title = title
    self.unit = unit
    self.curves = curves.filter { !$0.points.isEmpty }
    for index in self.curves.indices where self.curves[index].colour == nil { self.curves[index].colour = index }
  }

  /// The sizes of a picture beside another one and of one across the page.
  private static let (size, wideSize) = (SIMD2(640.0, 270.0), SIMD2(1280.0, 340.0))
  private static let margin = (left: 84.0, top: 10.0, right: 14.0, bottom: 28.0)
  /// The colours that the page's style has.
  static let colours = 8
  /// Places of the horizontal axis that show values when they are pointed at.
  private static let places = 48

  /// Whether there is something to see.
  package var varies: Bool { curves.contains(where: \.varies) }

  /// What counts are not the single measurements of something noisy, but all have to be positive.
  private var isLogarithmic: Bool {
    allowsLogarithm && Curve.spansMuch(valued) && curves.allSatisfy { $0.points.allSatisfy { $0.y > 0 } }
  }

  /// The chart as a `<figure>`; one that may have the whole width of the page has a picture for that too.
  package func html(isWide: Bool = false) -> String {
    if curves.isEmpty { return "" }
    let unit = unit.isEmpty ? "" : " <small>\(self.unit.escapedForHTML)</small>"
    return """
      <figure class="chart">
      <figcaption><b>\(title.escapedForHTML)</b>\(unit)<span class="legend">\(legend)</span></figcaption>
      \(isWide ? picture(Self.wideSize, kind: "wide") + "\n" + picture(Self.size, kind: "narrow") : svg)
      </figure>
      """
  }

  /// The curves whose values are said: not single measurements of something noisy, where there is a mean of them.
  private var valued: [Curve] {
    curves.filter { curve in
      curve.style != .raw || !curves.contains { $0.style != .raw && $0.colour == curve.colour }
    }
  }

  /// The names of the curves with their last values.
  private var legend: String {
    valued.map { curve in
      let value = Figure.text(curve.points[curve.points.count - 1].y)
      let name = curves.count > 1 || namesCurves ? "\(curve.name.escapedForHTML) " : ""
      return "<span class=\"c\(colour(of: curve))\">\(name)<b>\(value)</b></span>"
    }.joined()
  }

  private func colour(of curve: Curve) -> Int { (curve.colour ?? 0) % Self.colours }

  /// The curves as an `<svg>` element.
  package var svg: String { picture(Self.size) }

  private func picture(_ size: SIMD2<Double>, kind: String = "") -> String {
    let all = curves.flatMap(\.points)
    guard let first = all.first else { return "" }
    let low = all.reduce(first) { pointwiseMin($0, $1) }
    let high = all.reduce(first) { pointwiseMax($0, $1) }
    let frame = ChartFrame(low: low, high: high, isLogarithmic: isLogarithmic, size: size, margin: Self.margin)
    let scale = isLogarithmic ? ", logarithmic" : ""
    var parts = [
      "<svg\(kind.isEmpty ? "" : " class=\"\(kind)\"") viewBox=\"0 0 \(Int(size.x)) \(Int(size.y))\" role=\"img\" "
        + "aria-label=\"\(title.escapedForHTML) over the step\(scale)\">"
    ]
    parts += frame.grid
    for curve in curves { parts += line(curve, frame) }
    parts += tips(frame)
    return (parts + ["</svg>"]).joined(separator: "\n")
  }

  private func line(_ curve: Curve, _ frame: ChartFrame) -> [String] {
    let places = curve.thinned(to: curve.style == .raw ? 600 : 1200).points.map(frame.place)
    let colour = "c\(colour(of: curve))"
    let dots = places.map {
      "<circle class=\"\(colour)\" cx=\"\(coordinate($0.x))\" cy=\"\(coordinate($0.y))\" r=\"3\"/>"
    }
    if places.count == 1 { return dots }
    let points = places.map { "\(coordinate($0.x)),\(coordinate($0.y))" }.joined(separator: " ")
    let kind = curve.style == .raw ? " raw" : ""
    let line = "<polyline class=\"\(colour)\(kind)\" points=\"\(points)\"/>"
    return curve.style == .measured && dots.count <= 60 ? [line] + dots : [line]
  }

  /// What is shown where the picture is pointed at or touched: a line, and the values there.
  private func tips(_ frame: ChartFrame) -> [String] {
    let xs = Set(curves.flatMap(\.points).map(\.x)).sorted()
    if xs.count < 2 { return [] }
    let shown = xs.count <= Self.places ? xs : (0..<Self.places).map { xs[$0 * (xs.count - 1) / (Self.places - 1)] }
    let places = shown.map { frame.place(SIMD2($0, 1)).x }
    return shown.indices.map { index in
      let left = index == 0 ? Self.margin.left : (places[index - 1] + places[index]) / 2
      let right = index == shown.count - 1 ? frame.size.x - Self.margin.right : (places[index] + places[index + 1]) / 2
      return tip(step: shown[index], at: places[index], left: left, right: right, frame.size)
    }
  }

  private func tip(step: Double, at place: Double, left: Double, right: Double, _ size: SIMD2<Double>) -> String {
    let (x, top) = (coordinate(place), coordinate(Self.margin.top))
    let bottom = size.y - Self.margin.bottom
    let values = valued.compactMap { curve in
      curve.value(at: step).map { "<tspan class=\"c\(colour(of: curve))\" dx=\"8\">\(Figure.text($0))</tspan>" }
    }
    return """
      <g class="tip"><rect x="\(coordinate(left))" y="\(top)" width="\(coordinate(right - left))" \
      height="\(coordinate(bottom - Self.margin.top))"/><line x1="\(x)" x2="\(x)" y1="\(top)" y2="\(coordinate(bottom))"/>\
      <text x="\(coordinate(Self.margin.left + 6))" y="26">step \(Figure.short(step))\(values.joined())</text></g>
      """
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
