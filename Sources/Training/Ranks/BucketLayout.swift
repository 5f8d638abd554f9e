/// How the trained numbers of all parameters are cut into buckets, and each bucket into one piece for every rank.
///
/// The numbers stand in the order in which their gradients are complete: those of the last parameter first. A bucket is what is
/// sent at once; rank r adds up the gradients of piece r of every bucket, and has the moments of its numbers. All of it is a
/// function of the parameters' sizes and of the number of ranks.
package struct BucketLayout: Sendable {
  /// Numbers of a parameter that lie side by side.
  package struct Run: Equatable, Sendable {
    /// The parameter's number.
    package let parameter: Int
    package let range: Range<Int>
  }

  /// What is sent at once.
  package struct Bucket: Equatable, Sendable {
    package let runs: [Run]
    package let count: Int
    /// The sizes of the ranks' pieces.
    package let pieces: [Int]

    /// Where a rank's piece lies.
    package func piece(of rank: Int) -> Range<Int> {
      let start = pieces[..<rank].reduce(0, +)
      return start..<start + pieces[rank]
    }

    /// The runs of the numbers in `range` of the bucket.
    package func runs(in range: Range<Int>) -> [Run] {
      var (found, start) = ([Run](), 0)
      for run in runs {
        let part = range.clamped(to: start..<start + run.range.count)
        if !part.isEmpty {
          let first = run.range.lowerBound + part.lowerBound - start
          found.append(Run(parameter: run.parameter, range: first..<first + part.count))
        }
        start += run.range.count
      }
      return found
    }
  }

  package let buckets: [Bucket]
  package let ranks: Int
  /// 4 MiB: large enough that a network's latency does not count, small enough that the first one leaves early.
  package static let usualSize = 1 << 20
  /// Pieces are of whole lines.
  private static let line = 16

  /// - Parameter counts: the parameters' sizes, in their order.
  package init(of counts: [Int], ranks: Int, bucketSize: Int = usualSize) {
    var buckets: [Bucket] = []
    var (runs, count) = ([Run](), 0)
    func close() {
      if count > 0 { buckets.append(Bucket(runs: runs, count: count, pieces: Self.pieces(of: count, ranks: ranks))) }
      (runs, count) = ([], 0)
    }
    for parameter in counts.indices.reversed() {
      var start = 0
      while start < counts[parameter] {
        let end = min(counts[parameter], start + bucketSize - count)
        runs.append(Run(parameter: parameter, range: start..<end))
        count += end - start
        start = end
        if count == bucketSize { close() }
      }
    }
    close()
    (self.buckets, self.ranks) = (buckets, ranks)
  }

  private static func pieces(of count: Int, ranks: Int) -> [Int] {
    let even = (count + ranks - 1) / ranks
    let size = (even + line - 1) / line * line
    return (0..<ranks).map { min(count, ($0 + 1) * size) - min(count, $0 * size) }
  }

  /// The numbers whose gradients a rank adds up, by parameter.
  package func runs(of rank: Int) -> [Run] {
    let runs = buckets.flatMap { $0.runs(in: $0.piece(of: rank)) }
    return runs.sorted { ($0.parameter, $0.range.lowerBound) < ($1.parameter, $1.range.lowerBound) }
  }

  /// The bytes that a rank with the largest pieces sends to the others in a step: gradients to their owners, and the new weights,
  /// or the sums, to all.
  package var bytesPerStep: Int {
    let own = buckets.reduce(0) { $0 + $1.pieces[0] }
    let all = buckets.reduce(0) { $0 + $1.count }
    return 4 * (all - own) + 4 * (ranks - 1) * own
  }
}
