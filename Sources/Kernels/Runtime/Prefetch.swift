import CProcessor

/// Prefetches `n` numbers that will be read soon, such as the next row while this one is computed: hardware prefetchers follow long
/// streams, but not rows with gaps, nor several short streams at a time.
@inline(__always)
func prefetch(_ x: UnsafePointer<Float>, _ n: Int) {
  for i in stride(from: 0, to: n, by: 16) { prefetch_for_reading(x + i) }
}
