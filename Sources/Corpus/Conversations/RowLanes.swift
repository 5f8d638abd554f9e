import Dispatch
import Files
import Machine
import Synchronization

/// Makes an example of a row.
protocol RowEncoder: Sendable {
  associatedtype Example: Sendable
  mutating func example(of row: TuningRow) throws(Failure) -> Example
}

/// Encodes rows on all cores, with one encoder a core, which caches the words it has seen.
///
/// An example depends on nothing but its row, so the result is the same for any number of cores.
struct RowLanes<Encoder: RowEncoder>: Sendable {
  private var encoders: [Encoder]

  init(_ encoder: Encoder) { encoders = Array(repeating: encoder, count: Processor.usableCount) }

  /// The examples of rows, which `read` parses, or what is wrong with them.
  mutating func examples(
    of rows: [JSONRow], _ read: @Sendable (JSONRow) throws(Failure) -> TuningRow
  ) -> [Result<Encoder.Example, Failure>] {
    var results = [Result<Encoder.Example, Failure>?](repeating: nil, count: rows.count)
    let next = Atomic(0)
    results.withUnsafeMutableBufferPointer { results in
      encoders.withUnsafeMutableBufferPointer { encoders in
        // No two threads share an encoder: each group of rows belongs to one lane.
        nonisolated(unsafe) let (results, encoders) = (results, encoders)
        let groups = (rows.count + Self.groupSize - 1) / Self.groupSize
        DispatchQueue.concurrentPerform(iterations: min(encoders.count, groups)) { lane in
          while true {
            let start = next.add(Self.groupSize, ordering: .relaxed).oldValue
            guard start < rows.count else { return }
            for index in start..<min(start + Self.groupSize, rows.count) {
              results[index] = Result { () throws(Failure) in try encoders[lane].example(of: read(rows[index])) }
            }
          }
        }
      }
    }
    return results.map { $0! }
  }

  private static var groupSize: Int { 32 }
}
