import Files
import Kernels

/// Several processes that work as one: each has a rank, and all of them call the same verbs in the same order.
///
/// What is received depends on ranks alone and never on time. One thread makes all calls.
package protocol Communicator: AnyObject {
  /// This process's number, from 0.
  var rank: Int { get }
  /// How many processes there are.
  var count: Int { get }

  /// Starts to send each rank its piece of `pieces`, which lie side by side in the order of ranks, `counts[r]` floats for rank r;
  /// `received` takes what comes from the ranks, in their order, `receivedCounts[r]` floats of rank r. Neither buffer may be
  /// touched until the transfer is done.
  func exchange(
    _ pieces: Buffer, counts: [Int], into received: MutableBuffer, receivedCounts: [Int]
  ) throws(Failure) -> any Transfer
  /// Starts to send `own` to all ranks; `all` takes what comes from them, in their order, `counts[r]` floats of rank r.
  func gather(_ own: Buffer, into all: MutableBuffer, counts: [Int]) throws(Failure) -> any Transfer
  /// Lets transfers go on, and says whether this one is done.
  func isDone(_ transfer: any Transfer) throws(Failure) -> Bool
  /// Waits until a transfer is done.
  func wait(for transfer: any Transfer) throws(Failure)

  /// The bytes of all ranks, in their order.
  func gather(_ bytes: [UInt8]) throws(Failure) -> [[UInt8]]
  /// The bytes of rank `root`; all ranks give as many.
  func broadcast(_ bytes: [UInt8], from root: Int) throws(Failure) -> [UInt8]
  /// Lets all ranks have the floats of rank `root`.
  func broadcast(_ floats: MutableBuffer, from root: Int) throws(Failure)

  /// Ends all processes because of a failure of this one, which the terminal shows once.
  func abort(_ failure: Failure) -> Never
  /// Waits for the end that another rank is about to bring about.
  func awaitAbort() -> Never
  /// Ends the work together: the last call of all ranks.
  func finish() throws(Failure)

  /// Bytes that this process has sent to others.
  var sentBytes: Int { get }
  /// Seconds that this process has waited for others.
  var secondsWaited: Double { get }
}

/// Something on its way between ranks. It keeps its buffers alive.
package protocol Transfer: AnyObject {}

extension Communicator {
  /// Whether there is one process.
  package var isSolo: Bool { count == 1 }
  /// Whether this process is the one that writes files and the terminal.
  package var isFirst: Bool { rank == 0 }

  /// The part of a range that is this rank's: as much as any other's, but for one.
  package func slice(of range: Range<Int>) -> Range<Int> {
    range.slice(rank, of: count)
  }

  /// The sums of the numbers of all ranks, added in the order of ranks.
  package func sum(_ numbers: [Double]) throws(Failure) -> [Double] {
    if isSolo { return numbers }
    var message = Message()
    for number in numbers { message.append(number) }
    var sums = [Double](repeating: 0, count: numbers.count)
    for (rank, bytes) in try gather(message.bytes).enumerated() {
      var message = Message(bytes)
      for index in sums.indices {
        let number = message.double()
        sums[index] = rank == 0 ? number : sums[index] + number
      }
    }
    return sums
  }

  /// The largest of the numbers of all ranks.
  package func largest(_ number: Int) throws(Failure) -> Int {
    if isSolo { return number }
    var message = Message()
    message.append(number)
    return try gather(message.bytes).reduce(Int.min) { most, bytes in
      var message = Message(bytes)
      return max(most, message.integer())
    }
  }

  /// Whether any rank says so.
  package func agree(any flag: Bool) throws(Failure) -> Bool { try largest(flag ? 1 : 0) == 1 }

  /// The number of the first rank.
  package func first(_ number: Int) throws(Failure) -> Int {
    if isSolo { return number }
    var message = Message()
    message.append(number)
    var answer = Message(try broadcast(message.bytes, from: 0))
    return answer.integer()
  }

  /// Waits until all ranks have come here.
  package func meet() throws(Failure) { _ = try largest(0) }

  /// What `body` gives; the first rank calls it before the others do, so that they find the files that it has written.
  package func inTurn<Result>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    if isSolo { return try body() }
    if !isFirst { try meet() }
    let result = try body()
    if isFirst { try meet() }
    return result
  }
}

extension Range<Int> {
  /// Part `number` of `count` parts of the range, as large as any other but for one.
  package func slice(_ number: Int, of count: Int) -> Range {
    let (whole, rest) = self.count.quotientAndRemainder(dividingBy: count)
    func start(_ number: Int) -> Int { lowerBound + number * whole + Swift.min(number, rest) }
    return start(number)..<start(number + 1)
  }
}
