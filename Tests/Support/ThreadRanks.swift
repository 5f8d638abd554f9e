import Communication
import Files
import Foundation
import Kernels

/// Ranks that are threads of this process: what MPI does, so slowly and plainly that it cannot be wrong.
package final class ThreadRanks: @unchecked Sendable {
  private let count: Int
  private let condition = NSCondition()
  /// What the ranks have said in their n-th operation: for each rank what each rank is to have of it.
  private var said: [Int: [Int: [[UInt8]]]] = [:]
  private var heard: [Int: Int] = [:]

  private init(_ count: Int) { self.count = count }

  /// Runs `body` on each of `count` ranks, and returns their results in the order of ranks.
  package static func run<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (any Communicator) throws -> Result
  ) throws -> [Result] {
    let ranks = ThreadRanks(count)
    let results = Results<Result>(count)
    BackgroundThread.sideBySide(count) { rank in
      let communicator = Member(ranks, rank: rank, of: count)
      results[rank] = Swift.Result { try body(communicator) }
    }
    return try (0..<count).map { try results[$0]!.get() }
  }

  private final class Results<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var values: [Swift.Result<Value, any Error>?]
    init(_ count: Int) { values = Array(repeating: nil, count: count) }
    subscript(index: Int) -> Swift.Result<Value, any Error>? {
      get { lock.withLock { values[index] } }
      set { lock.withLock { values[index] = newValue } }
    }
  }

  private func say(_ words: [[UInt8]], in operation: Int, by rank: Int) {
    condition.withLock {
      said[operation, default: [:]][rank] = words
      condition.broadcast()
    }
  }

  private func isComplete(_ operation: Int) -> Bool { condition.withLock { said[operation]?.count == count } }

  /// What the ranks have said to `rank`, once all have.
  private func hear(_ operation: Int, by rank: Int) -> [[UInt8]] {
    condition.withLock {
      let deadline = Date(timeIntervalSinceNow: 60)
      while said[operation]?.count != count {
        precondition(condition.wait(until: deadline), "rank \(rank) waits for operation \(operation)")
      }
      let words = (0..<count).map { said[operation]![$0]![rank] }
      heard[operation, default: 0] += 1
      if heard[operation] == count { (said[operation], heard[operation]) = (nil, nil) }
      return words
    }
  }

  private final class Operation: Transfer {
    let number: Int
    let received: MutableBuffer
    var isDone = false
    init(_ number: Int, _ received: MutableBuffer) { (self.number, self.received) = (number, received) }
  }

  private final class Member: Communicator {
    let rank: Int
    let count: Int
    let secondsWaited = 0.0
    private(set) var sentBytes = 0
    private let ranks: ThreadRanks
    private var operations = 0

    init(_ ranks: ThreadRanks, rank: Int, of count: Int) { (self.ranks, self.rank, self.count) = (ranks, rank, count) }

    private func say(_ words: [[UInt8]]) -> Int {
      operations += 1
      ranks.say(words, in: operations, by: rank)
      for (other, word) in words.enumerated() where other != rank { sentBytes += word.count }
      return operations
    }

    func exchange(
      _ pieces: Buffer, counts: [Int], into received: MutableBuffer, receivedCounts: [Int]
    ) throws(Failure) -> any Transfer {
      precondition(counts.reduce(0, +) == pieces.count && receivedCounts.reduce(0, +) == received.count)
      var start = 0
      let words = counts.map { count in
        defer { start += count }
        return bytes(pieces[start..<start + count])
      }
      return Operation(say(words), received)
    }

    func gather(_ own: Buffer, into all: MutableBuffer, counts: [Int]) throws(Failure) -> any Transfer {
      precondition(own.count == counts[rank] && counts.reduce(0, +) == all.count)
      return Operation(say(Array(repeating: bytes(own), count: count)), all)
    }

    func isDone(_ transfer: any Transfer) throws(Failure) -> Bool {
      let operation = transfer as! Operation
      if !operation.isDone, ranks.isComplete(operation.number) { try wait(for: transfer) }
      return operation.isDone
    }

    func wait(for transfer: any Transfer) throws(Failure) {
      let operation = transfer as! Operation
      if operation.isDone { return }
      let all = ranks.hear(operation.number, by: rank).flatMap { $0 }
      operation.received.withUnsafeMutableBufferPointer { UnsafeMutableRawBufferPointer($0).copyBytes(from: all) }
      operation.isDone = true
    }

    func gather(_ bytes: [UInt8]) throws(Failure) -> [[UInt8]] {
      ranks.hear(say(Array(repeating: bytes, count: count)), by: rank)
    }

    func broadcast(_ bytes: [UInt8], from root: Int) throws(Failure) -> [UInt8] {
      try gather(rank == root ? bytes : [])[root]
    }

    func broadcast(_ floats: MutableBuffer, from root: Int) throws(Failure) {
      let all = try broadcast(bytes(floats.readOnly), from: root)
      floats.withUnsafeMutableBufferPointer { UnsafeMutableRawBufferPointer($0).copyBytes(from: all) }
    }

    func abort(_ failure: Failure) -> Never { fatalError(failure.description) }
    func awaitAbort() -> Never { fatalError("rank \(rank) waits for the end") }
    func finish() throws(Failure) {}

    private func bytes(_ buffer: Buffer) -> [UInt8] {
      buffer.withUnsafeBufferPointer { Array(UnsafeRawBufferPointer($0)) }
    }
  }
}
