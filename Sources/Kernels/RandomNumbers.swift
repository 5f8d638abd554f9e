import Glibc

// Each piece of 16,384 numbers has a generator of its own, seeded by its index: the numbers do not depend on the threads.

/// Fills x with numbers drawn evenly from [low, high].
package func fillUniform(_ x: UnsafeMutablePointer<Float>, from low: Float, to high: Float, seed: UInt64, _ n: Int) {
  let (low, width) = (Double(low), Double(high) - Double(low))
  Parallel.forRanges(n, grain: 16384) { range in
    var state = pieceState(seed, range)
    for i in range { x[i] = Float(low + width * uniform(&state)) }
  }
}

/// Fills x with numbers drawn from N(0, deviation^2) by Box and Muller's method.
package func fillNormal(_ x: UnsafeMutablePointer<Float>, deviation: Float, seed: UInt64, _ n: Int) {
  Parallel.forRanges(n, grain: 16384) { range in
    var state = pieceState(seed, range)
    var i = range.lowerBound
    while i < range.upperBound {
      let radius = (-2 * log(1 - uniform(&state))).squareRoot() * Double(deviation)
      let angle = 2 * Double.pi * uniform(&state)
      x[i] = Float(radius * cos(angle))
      if i + 1 < range.upperBound { x[i + 1] = Float(radius * sin(angle)) }
      i += 2
    }
  }
}

private func pieceState(_ seed: UInt64, _ piece: Range<Int>) -> UInt64 {
  seed &+ UInt64(piece.lowerBound) &* 0x9e37_79b9_7f4a_7c15
}

/// A number drawn evenly from [0, 1) (SplitMix64).
private func uniform(_ state: inout UInt64) -> Double {
  state &+= 0x9e37_79b9_7f4a_7c15
  var z = state
  z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
  z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
  return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
}

/// 32 random bits for number `index` of the stream `seed`: a hash (the finaliser of MurmurHash3, twice keyed), so that loops
/// draw in any order, many at once.
@inline(__always)
func randomBits(seed: UInt64, _ index: Int) -> UInt32 {
  let h = mix(UInt32(truncatingIfNeeded: index) ^ UInt32(truncatingIfNeeded: seed))
  return mix(h ^ UInt32(truncatingIfNeeded: seed >> 32) ^ UInt32(truncatingIfNeeded: index >> 32))
}

@inline(__always)
private func mix(_ x: UInt32) -> UInt32 {
  var h = x
  h = (h ^ (h &>> 16)) &* 0x85eb_ca6b
  h = (h ^ (h &>> 13)) &* 0xc2b2_ae35
  return h ^ (h &>> 16)
}
