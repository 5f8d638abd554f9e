import Numerics

/// out = x / (1 - p) where a number in [0, 1) drawn for (seed, index) is at least p, else 0.
///
/// The draw is a function of the index, so the mask is never stored: the gradient is the same function of the upstream
/// gradient.
package func dropout(_ out: MutableBuffer, _ x: Buffer, probability: Float, seed: UInt64) {
  let (out, n, x) = (out.pointer, x.count, x.pointer)
  let keep = 1 / (1 - probability)
  let threshold = UInt32(Double(probability) * 4_294_967_296)
  Parallel.forRanges(n, grain: 32768) { range in
    for i in range { out[i] = randomBits(seed: seed, i) >= threshold ? x[i] * keep : 0 }
  }
}
