/// The head that a thread is likely to work on next. What it reads lies scattered, a few lines a row, and is fetched a row at a
/// time while this one's rows are computed.
struct ComingHead {
  private let sources: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>)
  private let stride: Int
  private let dimension: Int

  init?(after item: Int, on thread: Int, _ packed: UnsafePointer<Float>, _ shape: AttentionShape) {
    guard let next = Parallel.likelyNext(after: item, of: shape.sequences * shape.heads, on: thread) else { return nil }
    let rows = packed + next / shape.heads * shape.length * shape.stride
    let head = next % shape.heads
    sources = (rows + head * shape.dimension, rows + shape.keyOffset(head), rows + shape.valueOffset(head))
    (stride, dimension) = (shape.stride, shape.dimension)
  }

  @inline(__always)
  func fetch(row: Int) {
    Kernels.fetch(sources.0 + row * stride, dimension)
    Kernels.fetch(sources.1 + row * stride, dimension)
    Kernels.fetch(sources.2 + row * stride, dimension)
  }
}
