import Dispatch
import Machine
import Synchronization
import Tokenizers

/// Encodes pieces of text on all cores, with one encoder a core, which caches the words it has seen.
///
/// A piece's tokens depend on nothing but the piece, so the result is the same for any number of cores.
struct EncodingLanes {
  private var encoders: [Tokenizer.Encoder]

  init(_ tokenizer: Tokenizer) {
    encoders = (0..<Processor.usableCount).map { _ in Tokenizer.Encoder(tokenizer) }
  }

  /// The tokens of each piece.
  mutating func encode(_ pieces: [TextPiece]) -> [[Int32]] {
    let groups = Self.groups(of: pieces)
    var results = [[Int32]](repeating: [], count: pieces.count)
    let next = Atomic(0)
    results.withUnsafeMutableBufferPointer { results in
      encoders.withUnsafeMutableBufferPointer { encoders in
        // No two threads share an encoder: each group of pieces belongs to one lane.
        nonisolated(unsafe) let (results, encoders) = (results, encoders)
        DispatchQueue.concurrentPerform(iterations: min(encoders.count, groups.count)) { lane in
          while true {
            let group = next.add(1, ordering: .relaxed).oldValue
            guard group < groups.count else { return }
            for place in groups[group] { encoders[lane].append(pieces[place].bytes, to: &results[place]) }
          }
        }
      }
    }
    return results
  }

  /// Neighbouring pieces in groups of at least 64 KiB: enough work to be worth a thread.
  private static func groups(of pieces: [TextPiece]) -> [Range<Int>] {
    var groups: [Range<Int>] = []
    var (start, bytes) = (0, 0)
    for (place, piece) in pieces.enumerated() {
      bytes += piece.bytes.count
      if bytes >= 1 << 16 || place == pieces.count - 1 {
        groups.append(start..<place + 1)
        (start, bytes) = (place + 1, 0)
      }
    }
    return groups
  }
}
