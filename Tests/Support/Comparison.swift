import Foundation

/// How close computed values must be to the expected ones.
package enum Tolerance: Sendable {
  /// The same bits (of the expected value rounded to the computed type), except that any NaN equals any other.
  case exact
  /// Each element within so many units in the last place (of a float).
  case ulps(Double)
  /// Each element within `relative · |expected| + absolute`.
  case elementwise(relative: Double, absolute: Double = 0)
  /// Each element within `relative · |expected| + scaled · max|expected|`.
  case scaled(relative: Double, scaled: Double)
  /// The Frobenius norm of the difference within `relative` of that of the expected values.
  case frobenius(Double)
  /// Each element within its own bound.
  case bounds([Double])
}

/// What is wrong with `actual`, as a message for a reader, or nil when it agrees with `expected`.
package func mismatch<Value: BinaryFloatingPoint>(
  _ actual: [Value], _ expected: ReferenceArray, within tolerance: Tolerance
) -> String? {
  guard actual.count == expected.count else {
    return "\(actual.count) values, expected \(expected.count) of shape \(expected.shape)"
  }
  if case .frobenius(let limit) = tolerance {
    return frobeniusMismatch(actual, expected, limit)
  }
  let allowed = bounds(tolerance, expected.values)
  var worst: (excess: Double, index: Int)?
  var count = 0
  for (i, (a, e)) in zip(actual, expected.values).enumerated() where !agrees(a, e, within: allowed[i]) {
    count += 1
    let excess = abs(Double(a) - e) / allowed[i]
    if worst == nil || !(excess <= worst!.excess) { worst = (excess, i) }
  }
  guard let worst else { return nil }
  let (a, e) = (Double(actual[worst.index]), expected.values[worst.index])
  return "\(count) of \(actual.count) values differ, worst at \(position(worst.index, in: expected.shape)): "
    + "\(a), expected \(e), off by \(abs(a - e)) (\(ulpDistance(Float(a), e)) ulp), allowed \(allowed[worst.index])"
}

/// As the other form, after the shapes have been compared.
package func mismatch(
  _ actual: ReferenceArray, _ expected: ReferenceArray, within tolerance: Tolerance
) -> String? {
  guard actual.shape == expected.shape else { return "shape \(actual.shape), expected \(expected.shape)" }
  return mismatch(actual.values, expected, within: tolerance)
}

/// ‖actual − expected‖ / ‖expected‖; the norm of `actual` itself when nothing but zeros is expected.
package func relativeFrobenius<Value: BinaryFloatingPoint>(_ actual: [Value], _ expected: [Double]) -> Double {
  precondition(actual.count == expected.count, "\(actual.count) values against \(expected.count)")
  let difference = zip(actual, expected).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
  let scale = expected.reduce(0) { $0 + $1 * $1 }
  return (scale > 0 ? difference / scale : difference).squareRoot()
}

/// How many units in the last place of a float `actual` is away from `expected`.
package func ulpDistance(_ actual: Float, _ expected: Double) -> Double {
  let nearest = Float(expected)
  if actual == nearest || (actual.isNaN && expected.isNaN) { return 0 }
  guard actual.isFinite, nearest.isFinite else { return .infinity }
  return abs(Double(actual) - expected) / Double(nearest.ulp)
}

/// The cosine of the angle between two gradients: 1 when they point the same way.
package func cosine<Value: BinaryFloatingPoint>(_ actual: [Value], _ expected: [Double]) -> Double {
  var (dot, a, e) = (0.0, 0.0, 0.0)
  for (x, y) in zip(actual, expected) {
    dot += Double(x) * y
    a += Double(x) * Double(x)
    e += y * y
  }
  return dot / (a * e).squareRoot()
}

/// The rounding-error bound of a sum of `terms` floats whose magnitudes add up to `magnitude`.
package func summationBound(terms: Int, magnitude: Double) -> Double {
  2 * Double(terms).squareRoot() * 6e-8 * magnitude
}

private func bounds(_ tolerance: Tolerance, _ expected: [Double]) -> [Double] {
  switch tolerance {
  case .exact: expected.map { _ in 0 }
  case .ulps(let limit): expected.map { limit * Double(Float($0).ulp) }
  case .elementwise(let relative, let absolute): expected.map { relative * abs($0) + absolute }
  case .scaled(let relative, let scaled): scaledBounds(expected, relative, scaled)
  case .bounds(let each): each
  case .frobenius: preconditionFailure("a bound on the whole array is none on its elements")
  }
}

private func scaledBounds(_ expected: [Double], _ relative: Double, _ scaled: Double) -> [Double] {
  let largest = expected.reduce(0) { max($0, abs($1)) }
  return expected.map { relative * abs($0) + scaled * largest }
}

private func agrees<Value: BinaryFloatingPoint>(_ actual: Value, _ expected: Double, within bound: Double) -> Bool {
  if actual.isNaN || expected.isNaN { return actual.isNaN && expected.isNaN }
  let rounded = Value(expected)
  if actual.isInfinite || rounded.isInfinite || bound == 0 {
    return actual == rounded && actual.sign == rounded.sign
  }
  return abs(Double(actual) - expected) <= bound
}

private func frobeniusMismatch<Value: BinaryFloatingPoint>(
  _ actual: [Value], _ expected: ReferenceArray, _ limit: Double
) -> String? {
  let error = relativeFrobenius(actual, expected.values)
  guard !(error <= limit) else { return nil }
  let differences = zip(actual, expected.values).map { abs(Double($0) - $1) }
  let worst = differences.indices.max { differences[$0] < differences[$1] || differences[$1].isNaN } ?? 0
  return "relative Frobenius error \(error), allowed \(limit), cosine \(cosine(actual, expected.values)); worst at "
    + "\(position(worst, in: expected.shape)): \(actual[worst]), expected \(expected.values[worst])"
}

/// The index of element `offset` of an array of `shape`.
private func position(_ offset: Int, in shape: [Int]) -> [Int] {
  var rest = offset
  return shape.reversed().map { length in
    defer { rest /= length }
    return rest % length
  }.reversed()
}
