import Foundation

/// The angles per position of rotary embeddings: base^(-2i/D) for i < D/2.
package func rotaryFrequencies(dimension: Int, base: Double) -> [Double] {
  (0..<dimension / 2).map { pow(base, -2 * Double($0) / Double(dimension)) }
}

extension Twin {
  /// Rotates the halves of each head of x [B, T, H, D] by position · frequency, as Hugging Face's `rotate_half`:
  /// element i is paired with element i + D/2. Positions are [B, T], frequencies [D/2].
  package static func rotary(positions: IntegerArray, frequencies: [Double]) -> Twin {
    /// Turns every pair by `sign` times its angle.
    @Sendable func rotated(_ x: ReferenceArray, sign: Double) -> ReferenceArray {
      let (heads, half) = (x.shape[2], x.columns / 2)
      var result = x
      for row in 0..<x.rows {
        for i in 0..<half {
          let angle = sign * Double(positions.values[row / heads]) * frequencies[i]
          let (first, second) = (row * x.columns + i, row * x.columns + i + half)
          result.values[first] = x.values[first] * cos(angle) - x.values[second] * sin(angle)
          result.values[second] = x.values[second] * cos(angle) + x.values[first] * sin(angle)
        }
      }
      return result
    }
    return Twin(value: { rotated($0[0], sign: 1) }, pullback: { [rotated($1, sign: -1)] })
  }
}
