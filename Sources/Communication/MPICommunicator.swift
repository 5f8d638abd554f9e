import Files
import Glibc
import Kernels

/// The processes that an MPI launcher has started.
///
/// Every operation is one that returns at once, and is waited for here: so the waiting yields the processor, hears of other
/// ranks' failures, and notices when the launcher is gone. All calls come from the thread that started the library.
package final class MPICommunicator: Communicator {
  package let rank: Int
  package let count: Int
  package let library: MPILibrary
  package private(set) var sentBytes = 0
  package private(set) var secondsWaited = 0.0
  private let world: MPILibrary.Handle
  private let failures: FailureChannel
  private let report: (String) -> Void
  /// What is on its way, in the order in which it was started.
  private var active: [MPITransfer] = []

  /// Starts the library in this process.
  ///
  /// - Parameter report: shows the text of a failure on the terminal.
  /// - Throws: `.resources` when it cannot be started, or takes this process for one that is alone although `launcher` has
  ///   started several.
  package init(_ library: MPILibrary, launcher: Launcher?, report: @escaping (String) -> Void) throws(Failure) {
    var level: Int32 = 0
    guard library.start(0, 0, library.constants.funneled, &level) == 0 else {
      throw Failure(.resources, "MPI cannot be started", at: library.version)
    }
    let own = library.constants.world
    var (rank, count): (Int32, Int32) = (0, 0)
    _ = library.rank(own, &rank)
    _ = library.size(own, &count)
    (self.rank, self.count, self.library, self.report) = (Int(rank), Int(count), library, report)
    if let launcher, count == 1, launcher.isCertainlyOfSeveral {
      let processes = launcher.count.map { "\($0)" } ?? "several"
      throw Failure(
        .resources, "\(launcher.name) has started \(processes) processes, and the MPI library takes each for one alone",
        at: library.file,
        notes: [
          "the library is \(library.version): that of another launcher",
          "\(MPILibrary.variable)=PATH names the launcher's own library",
        ])
    }
    world = try library.duplicate(of: own)
    failures = FailureChannel(library, communicator: try library.duplicate(of: own), rank: Int(rank))
  }

  // MARK: Transfers

  package func exchange(
    _ pieces: Buffer, counts: [Int], into received: MutableBuffer, receivedCounts: [Int]
  ) throws(Failure) -> any Transfer {
    let transfer = MPITransfer(counts, receivedCounts, holding: [pieces, received.readOnly])
    let float = library.constants.float
    let status = pieces.withUnsafeBufferPointer { source in
      received.withUnsafeMutableBufferPointer { target in
        library.allToAll(
          source.baseAddress, transfer.sent.counts, transfer.sent.places, float, target.baseAddress,
          transfer.received.counts, transfer.received.places, float, world, transfer.request)
      }
    }
    sentBytes += 4 * (counts.reduce(0, +) - counts[rank])
    return try started(transfer, status, "MPI_Ialltoallv")
  }

  package func gather(_ own: Buffer, into all: MutableBuffer, counts: [Int]) throws(Failure) -> any Transfer {
    let transfer = MPITransfer([], counts, holding: [own, all.readOnly])
    let float = library.constants.float
    let status = own.withUnsafeBufferPointer { source in
      all.withUnsafeMutableBufferPointer { target in
        library.allGather(
          source.baseAddress, Int32(own.count), float, target.baseAddress, transfer.received.counts,
          transfer.received.places, float, world, transfer.request)
      }
    }
    // Each piece goes around the ring once: a rank sends all pieces but the one that its neighbour has already.
    sentBytes += 4 * (counts.reduce(0, +) - counts[(rank + 1) % count])
    return try started(transfer, status, "MPI_Iallgatherv")
  }

  private func started(_ transfer: MPITransfer, _ status: Int32, _ name: String) throws(Failure) -> any Transfer {
    try library.check(status, name)
    active.append(transfer)
    return transfer
  }

  package func isDone(_ transfer: any Transfer) throws(Failure) -> Bool {
    try progress()
    return (transfer as! MPITransfer).isDone
  }

  package func wait(for transfer: any Transfer) throws(Failure) {
    let transfer = transfer as! MPITransfer
    try wait { () throws(Failure) in
      try progress()
      return transfer.isDone
    }
  }

  /// Lets everything that is on its way go on.
  private func progress() throws(Failure) {
    for transfer in active { try library.advance(transfer) }
    active.removeAll { $0.isDone }
  }

  private func wait(until isDone: () throws(Failure) -> Bool) throws(Failure) {
    var patience = Patience()
    while try !isDone() {
      try failures.listen(report)
      patience.next()
    }
    secondsWaited += patience.seconds
  }

  // MARK: Messages

  private static let shortMessage = 248

  package func gather(_ bytes: [UInt8]) throws(Failure) -> [[UInt8]] {
    // The length stands first; short messages, the usual ones, are there after one exchange.
    var head = Message()
    head.append(bytes.count)
    let block = head.bytes + bytes.prefix(Self.shortMessage)
    let padded = block + [UInt8](repeating: 0, count: Self.shortMessage + 8 - block.count)
    let blocks = try gather(padded, counts: [Int](repeating: padded.count, count: count))
    let lengths = blocks.map { block in
      var message = Message(block)
      return message.integer()
    }
    if lengths.allSatisfy({ $0 <= Self.shortMessage }) {
      return zip(blocks, lengths).map { Array($0[8..<8 + $1]) }
    }
    return try gather(bytes, counts: lengths)
  }

  private func gather(_ bytes: [UInt8], counts: [Int]) throws(Failure) -> [[UInt8]] {
    let transfer = MPITransfer([], counts, holding: [])
    let received = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, counts.reduce(0, +)), alignment: 16)
    let source = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 16)
    source.copyBytes(from: bytes)
    defer {
      received.deallocate()
      source.deallocate()
    }
    let byte = library.constants.byte
    let status = library.allGather(
      source.baseAddress, Int32(bytes.count), byte, received.baseAddress, transfer.received.counts,
      transfer.received.places, byte, world, transfer.request)
    sentBytes += (count - 1) * bytes.count
    try wait(for: started(transfer, status, "MPI_Iallgatherv"))
    var start = 0
    return counts.map { length in
      defer { start += length }
      return Array(received[start..<start + length])
    }
  }

  package func broadcast(_ bytes: [UInt8], from root: Int) throws(Failure) -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 16)
    buffer.copyBytes(from: bytes)
    defer { buffer.deallocate() }
    try broadcast(buffer.baseAddress, bytes.count, library.constants.byte, from: root)
    return Array(buffer.prefix(bytes.count))
  }

  package func broadcast(_ floats: MutableBuffer, from root: Int) throws(Failure) {
    let limit = 1 << 24
    for start in stride(from: 0, to: floats.count, by: limit) {
      let part = floats[start..<min(floats.count, start + limit)]
      try part.withUnsafeMutableBufferPointer { (pointer) throws(Failure) in
        try broadcast(pointer.baseAddress, part.count, library.constants.float, from: root)
      }
      if rank == root { sentBytes += 4 * part.count }
    }
  }

  private func broadcast(
    _ buffer: UnsafeMutableRawPointer?, _ number: Int, _ type: MPILibrary.Handle, from root: Int
  ) throws(Failure) {
    let transfer = MPITransfer([], [], holding: [])
    let status = library.broadcast(buffer, Int32(number), type, Int32(root), world, transfer.request)
    try wait(for: started(transfer, status, "MPI_Ibcast"))
  }

  // MARK: Ending

  package func abort(_ failure: Failure) -> Never {
    var failure = failure
    failure.notes.append(place)
    if isFirst {
      report(failure.shown)
    } else {
      failures.send(failure, orElse: report)
    }
    library.end(failure.exitCode)
  }

  package func awaitAbort() -> Never {
    do throws(Failure) { try wait { false } } catch { abort(error) }
    library.end(1)
  }

  /// Which rank this is and where, in words.
  var place: String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, 255)
    let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return "on rank \(rank) of \(count), \(host)"
  }

  package func finish() throws(Failure) {
    try meet()
    try library.check(library.finalize(), "MPI_Finalize")
  }
}
