/// out = x / (1 - p) where a number in [0, 1) drawn for (seed, index) is at least p, else 0.
///
/// The draw is a hash of the index (the finaliser of MurmurHash3, twice keyed), so the mask is never stored: the
/// gradient is the same function of the upstream gradient.
package func dropout(
  _ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, probability: Float, seed: UInt64, _ n: Int
) {
  let keep = 1 / (1 - probability)
  let threshold = UInt32(Double(probability) * 4_294_967_296)
  let low = UInt32(truncatingIfNeeded: seed)
  let high = UInt32(truncatingIfNeeded: seed >> 32)
  Parallel.forRanges(n, grain: 32768) { range in
    for i in range {
      var h = mix(UInt32(truncatingIfNeeded: i) ^ low)
      h = mix(h ^ high ^ UInt32(truncatingIfNeeded: i >> 32))
      out[i] = h >= threshold ? x[i] * keep : 0
    }
  }
}

@inline(__always)
private func mix(_ x: UInt32) -> UInt32 {
  var h = x
  h = (h ^ (h &>> 16)) &* 0x85eb_ca6b
  h = (h ^ (h &>> 13)) &* 0xc2b2_ae35
  return h ^ (h &>> 16)
}
