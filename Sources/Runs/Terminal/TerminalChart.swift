import Foundation

/// Curves drawn with Braille characters, each of which has two by four dots.
package struct TerminalChart: Sendable {
  private let columns: Int
  private let rows: Int

  /// A picture of so many characters.
  package init(columns: Int, rows: Int) { (self.columns, self.rows) = (max(1, columns), max(1, rows)) }

  /// The lines of the picture, with the greatest and the least value before them, and the values of x below. The values of a
  /// logarithmic one are positive.
  package func lines(_ curves: [Curve], isLogarithmic: Bool = false) -> [String] {
    var curves = curves
    let values = curves.flatMap(\.points).map(\.y)
    guard let least = values.min(), let greatest = values.max() else { return [] }
    if isLogarithmic {
      for index in curves.indices {
        curves[index].points = curves[index].points.map { SIMD2($0.x, log10($0.y)) }
      }
    }
    let all = curves.flatMap(\.points)
    let low = all.reduce(all[0]) { pointwiseMin($0, $1) }
    let high = all.reduce(all[0]) { pointwiseMax($0, $1) }
    var dots = Set<SIMD2<Int>>()
    for curve in curves { dots.formUnion(self.dots(of: curve, low: low, high: high)) }
    let labels = (0..<rows).map { row -> String in
      if row == 0 { return Figure.text(greatest) }
      return row == rows - 1 ? Figure.text(least) : ""
    }
    let width = labels.map(\.count).max() ?? 0
    func padding(_ text: String) -> String { String(repeating: " ", count: width - text.count) + text }
    let picture = (0..<rows).map { row in padding(labels[row]) + " ┤" + line(row, dots) }
    let (begin, end) = (Figure.short(low.x), Figure.short(high.x))
    let gap = String(repeating: " ", count: max(1, columns - begin.count - end.count))
    return picture + [padding("") + "  \(begin)\(gap)\(end)"]
  }

  private func dots(of curve: Curve, low: SIMD2<Double>, high: SIMD2<Double>) -> Set<SIMD2<Int>> {
    let size = SIMD2(Double(2 * columns - 1), Double(4 * rows - 1))
    let span = (high - low).replacing(with: 1, where: high .== low)
    let places = curve.points.map { point -> SIMD2<Int> in
      let place = ((point - low) / span * size).rounded(.toNearestOrAwayFromZero)
      return SIMD2(Int(place.x), 4 * rows - 1 - Int(place.y))
    }
    var dots = Set(places)
    // A line from each point to the next.
    for (from, to) in zip(places, places.dropFirst()) {
      let count = max(abs(to.x - from.x), abs(to.y - from.y))
      for index in 0..<max(0, count) {
        let share = Double(index) / Double(count)
        let x = Double(from.x) + share * Double(to.x - from.x)
        let y = Double(from.y) + share * Double(to.y - from.y)
        dots.insert(SIMD2(Int(x.rounded()), Int(y.rounded())))
      }
    }
    return dots
  }

  private func line(_ row: Int, _ dots: Set<SIMD2<Int>>) -> String {
    // The bits of a Braille character (Unicode, 2800 on) by column and row.
    let bits: [[UInt32]] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]]
    var text = ""
    for column in 0..<columns {
      var pattern: UInt32 = 0
      for (x, rows) in bits.enumerated() {
        for (y, bit) in rows.enumerated() where dots.contains(SIMD2(2 * column + x, 4 * row + y)) { pattern |= bit }
      }
      text.unicodeScalars.append(pattern == 0 ? " " : Unicode.Scalar(0x2800 + pattern)!)
    }
    return text
  }
}
