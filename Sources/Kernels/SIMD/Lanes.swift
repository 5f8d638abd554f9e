// Vectors of sixteen floats, as wide as the widest registers.

/// Sixteen floats from anywhere in memory.
@inline(__always)
func load(_ x: UnsafePointer<Float>, _ i: Int) -> SIMD16<Float> {
  UnsafeRawPointer(x + i).loadUnaligned(as: SIMD16<Float>.self)
}

/// The sum of sixteen lanes, halves added to halves: `sum()` would add them one after the other.
@inline(__always)
func total(_ lanes: SIMD16<Float>) -> Float {
  let eight = lanes.lowHalf + lanes.highHalf
  let four = eight.lowHalf + eight.highHalf
  let two = four.lowHalf + four.highHalf
  return two[0] + two[1]
}

/// Sixteen floats to anywhere in memory.
@inline(__always)
func store(_ lanes: SIMD16<Float>, _ x: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(x).storeBytes(of: lanes, as: SIMD16<Float>.self)
}
