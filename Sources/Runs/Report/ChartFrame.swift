import Foundation

/// The mapping from values to places in a picture, and the grid behind the curves.
struct ChartFrame {
  private let low: SIMD2<Double>
  private let span: SIMD2<Double>
  private let isLogarithmic: Bool
  let size: SIMD2<Double>
  let margin: (left: Double, top: Double, right: Double, bottom: Double)

  /// A frame around values from `low` to `high`, whose vertical axis may be logarithmic; all are then positive.
  init(
    low: SIMD2<Double>, high: SIMD2<Double>, isLogarithmic: Bool = false, size: SIMD2<Double>,
    margin: (left: Double, top: Double, right: Double, bottom: Double)
  ) {
    self.isLogarithmic = isLogarithmic
    let low = isLogarithmic ? SIMD2(low.x, log10(low.y)) : low
    let high = isLogarithmic ? SIMD2(high.x, log10(high.y)) : high
    let gap = high - low
    // A flat line runs through the middle.
    let padding = SIMD2(gap.x == 0 ? 0.5 : 0, gap.y == 0 ? max(abs(low.y) / 2, 1e-9) : gap.y * 0.04)
    self.low = low - padding
    span = gap + padding * 2
    self.size = size
    self.margin = margin
  }

  func place(_ point: SIMD2<Double>) -> SIMD2<Double> {
    let point = isLogarithmic ? SIMD2(point.x, log10(point.y)) : point
    let share = (point - low) / span
    return SIMD2(
      margin.left + share.x * (size.x - margin.left - margin.right),
      size.y - margin.bottom - share.y * (size.y - margin.top - margin.bottom))
  }

  /// The value of the horizontal axis at a place.
  func x(at place: Double) -> Double { low.x + (place - margin.left) / (size.x - margin.left - margin.right) * span.x }

  /// Lines at round numbers, with their labels.
  var grid: [String] {
    let right = coordinate(size.x - margin.right)
    let bottom = size.y - margin.bottom
    var parts: [String] = []
    for tick in verticalTicks {
      let y = coordinate(place(SIMD2(low.x, tick)).y)
      parts.append("<line x1=\"\(coordinate(margin.left))\" x2=\"\(right)\" y1=\"\(y)\" y2=\"\(y)\"/>")
      parts.append(
        "<text class=\"y\" x=\"\(coordinate(margin.left - 6))\" y=\"\(y)\" dy=\"0.35em\">\(Figure.short(tick))</text>")
    }
    for tick in ticks(from: low.x, span: span.x, count: 6) where tick == tick.rounded() {
      let x = coordinate(place(SIMD2(tick, isLogarithmic ? 1 : 0)).x)
      // A label at the edge ends there.
      let isLast = place(SIMD2(tick, isLogarithmic ? 1 : 0)).x > size.x - 40
      let (kind, at) = isLast ? ("x last", coordinate(size.x)) : ("x", x)
      parts.append(
        "<text class=\"\(kind)\" x=\"\(at)\" y=\"\(coordinate(bottom + 20))\">\(Figure.short(tick))</text>")
    }
    return parts
  }

  private var verticalTicks: [Double] {
    guard isLogarithmic else { return ticks(from: low.y, span: span.y, count: 5) }
    // 1, 2 and 5 of every power of ten, or the powers alone.
    let steps: [Double] = span.y > 2.5 ? [1] : [1, 2, 5]
    let powers = Int(floor(low.y))...Int((low.y + span.y).rounded(.up))
    let every = max(1, powers.count / 6)
    let all = powers.filter { span.y <= 2.5 || $0.isMultiple(of: every) }
      .flatMap { power in steps.map { $0 * pow(10, Double(power)) } }
    return all.filter { (low.y...low.y + span.y).contains(log10($0)) }
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
}

/// A coordinate with at most one digit after the point: a tenth of a pixel is not seen.
func coordinate(_ value: Double) -> String {
  let text = Progress.fixed(value, 1)
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// Numbers as a reader wants them.
enum Figure {
  /// A number for an axis: as short as it is exact, with commas between thousands.
  static func short(_ value: Double) -> String {
    if value == 0 { return "0" }
    if abs(value) < 1e-3 || abs(value) >= 1e9 { return Progress.scientific(value).replacing(".0e", with: "e") }
    return grouped(trimmed(Progress.fixed(value, abs(value) >= 100 ? 1 : 4)))
  }

  /// A measured number: four digits that count.
  static func text(_ value: Double) -> String {
    guard value.isFinite else { return "\(value)" }
    if value == 0 { return "0" }
    if abs(value) < 1e-3 || abs(value) >= 1e9 { return Progress.scientific(value) }
    let digits = abs(value) >= 1000 ? 0 : abs(value) >= 100 ? 1 : abs(value) >= 10 ? 2 : 4
    return grouped(Progress.fixed(value, digits))
  }

  /// `12.3 million`, `950`.
  static func large(_ value: Int) -> String {
    for (size, name) in [(1_000_000_000_000, "trillion"), (1_000_000_000, "billion"), (1_000_000, "million")]
    where value >= size {
      let share = Double(value) / Double(size)
      return "\(Progress.fixed(share, share >= 100 ? 0 : 1)) \(name)"
    }
    return value.grouped
  }

  private static func trimmed(_ text: String) -> String {
    guard text.contains(".") else { return text }
    var text = text
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }

  private static func grouped(_ text: String) -> String {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard let whole = Int(parts[0]), whole.magnitude >= 1000 else { return text }
    return ([whole.grouped] + parts.dropFirst().map(String.init)).joined(separator: ".")
  }
}
