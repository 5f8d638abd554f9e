import CProcessor

/// Fetches `n` numbers that will be read soon, as the next row while this one is computed: the processor foresees long streams,
/// but not rows with gaps, nor several short ones at a time.
@inline(__always)
func fetch(_ x: UnsafePointer<Float>, _ n: Int) {
  for i in stride(from: 0, to: n, by: 16) { prefetch_for_reading(x + i) }
}
