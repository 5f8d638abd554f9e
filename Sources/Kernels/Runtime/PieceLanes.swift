/// How the pieces of a job lie ready for threads: in lanes, one for two threads.
///
/// Each lane has neighbouring pieces. The even thread of a lane takes them from the front and the odd one from the back: so
/// from job to job a thread has the same part of the data, which is in its own caches and its node's memory, and no more than
/// two threads compete for a lane as long as it lasts. Who finds its lane empty goes on with the next ones, so that a
/// thread which the system delays leaves its pieces to others.
package struct PieceLanes {
  private let pieces: Int
  /// Threads that have a share of the pieces.
  private let shares: Int
  package let count: Int

  package init(pieces: Int, threads: Int) {
    self.pieces = pieces
    count = max(1, min((threads + 1) / 2, (pieces + 1) / 2))
    shares = min(threads, 2 * count)
  }

  /// The lane that a thread begins with.
  package func home(of thread: Int) -> Int { thread / 2 % count }

  /// The pieces of a lane.
  package func pieces(of lane: Int) -> Range<Int> { firstPiece(of: lane)..<firstPiece(of: lane + 1) }

  /// Whether a thread takes pieces from the front.
  package static func isFromFront(_ thread: Int) -> Bool { thread % 2 == 0 }

  /// The piece that a thread is likely to take after `piece`. In the middle of a lane, the thread that comes from the other
  /// end has probably taken it.
  func likelyNext(after piece: Int, on thread: Int) -> Int? {
    let lane = home(of: thread)
    let own = pieces(of: lane)
    let isFromFront = Self.isFromFront(thread)
    let next = isFromFront ? piece + 1 : piece - 1
    let middle = own.lowerBound + own.count / 2
    let isMiddle = 2 * lane + 1 < shares && next == (isFromFront ? middle : middle - 1)
    return own.contains(piece) && own.contains(next) && !isMiddle ? next : nil
  }

  /// The piece that a thread is likely to take first.
  func likelyFirst(on thread: Int) -> Int {
    let own = pieces(of: home(of: thread))
    return Self.isFromFront(thread) ? own.lowerBound : max(own.lowerBound, own.upperBound - 1)
  }

  private func firstPiece(of lane: Int) -> Int { (pieces * min(2 * lane, shares) + shares - 1) / shares }
}
