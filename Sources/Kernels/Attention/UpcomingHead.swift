/// The head that a thread is likely to work on next. Its queries, keys and values are a few cache lines a row, far apart: they are
/// prefetched a row at a time while this head's rows are computed.
struct UpcomingHead {
  private let queries: RawMatrix
  private let keys: RawMatrix
  private let values: RawMatrix

  init?(after item: Int, on thread: Int, _ packed: UnsafePointer<Float>, _ shape: AttentionShape) {
    guard let next = Parallel.likelyNext(after: item, of: shape.sequences * shape.heads, on: thread) else { return nil }
    let (sequence, head) = (next / shape.heads, next % shape.heads)
    queries = shape.queries(packed, sequence, head)
    keys = shape.keys(packed, sequence, head)
    values = shape.values(packed, sequence, head)
  }

  @inline(__always)
  func prefetch(row: Int) {
    Kernels.prefetch(queries.at(row, 0), queries.columns)
    Kernels.prefetch(keys.at(row, 0), keys.columns)
    Kernels.prefetch(values.at(row, 0), values.columns)
  }
}
