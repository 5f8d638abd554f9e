import Files
import Glibc

/// How a rank that fails has the first rank show its failure, so that the terminal has it once: ranks that fail alike, as by a
/// recipe that is wrong, end with the first one.
final class FailureChannel {
  private static let size = 8192
  private static let tag: Int32 = 1
  /// So long a failed rank waits until the first one has read of it.
  private static let patience = 10.0

  private let library: MPILibrary
  private let communicator: MPILibrary.Handle
  private let rank: Int
  private let parent = getppid()
  private var calls = 0

  init(_ library: MPILibrary, communicator: MPILibrary.Handle, rank: Int) {
    (self.library, self.communicator, self.rank) = (library, communicator, rank)
  }

  /// Ends the job if another rank has sent a failure; throws `.resources` if the launcher has gone.
  func listen(_ report: (String) -> Void) throws(Failure) {
    calls &+= 1
    // Looking is dearer than testing what is waited for.
    guard calls & 63 == 0 else { return }
    if getppid() != parent {
      throw Failure(.resources, "the launcher of this job has ended", notes: ["`train resume RUN` continues the run"])
    }
    guard rank == 0 else { return }
    var flag: Int32 = 0
    let any = library.constants.anySource
    let status = library.withStatus { library.probe(any, Self.tag, communicator, &flag, $0) }
    try library.check(status, "MPI_Iprobe")
    if flag == 0 { return }
    var bytes = [UInt8](repeating: 0, count: Self.size)
    let received = library.withStatus {
      library.receive(&bytes, Int32(Self.size), library.constants.byte, any, Self.tag, communicator, $0)
    }
    try library.check(received, "MPI_Recv")
    var message = Message(bytes)
    let code = message.integer()
    report(message.string())
    library.end(Int32(truncatingIfNeeded: code))
  }

  /// Sends a failure to the first rank and waits for the end of the job; shows it itself if that does not come.
  func send(_ failure: Failure, orElse report: (String) -> Void) {
    var message = Message()
    message.append(Int(failure.exitCode))
    message.append(String(decoding: failure.shown.utf8.prefix(Self.size - 64), as: UTF8.self))
    let bytes = message.bytes + [UInt8](repeating: 0, count: Self.size - message.bytes.count)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.size, alignment: 16)
    buffer.copyBytes(from: bytes)
    var request: MPILibrary.Handle = 0
    let status = library.send(
      buffer.baseAddress, Int32(Self.size), library.constants.byte, 0, Self.tag, communicator, &request)
    var isSent = false
    let wasStopped = StopRequest.signal != nil
    var patience = Patience()
    while status == 0, patience.seconds < Self.patience, getppid() == parent {
      if !isSent { isSent = (try? library.isDone(&request)) ?? true }
      // The first rank has ended the job: the launcher stops what is left.
      if !wasStopped, StopRequest.signal != nil { return }
      patience.next()
    }
    report(failure.shown)
  }
}

extension Failure {
  /// What the terminal shows: of a stop by a signal, which is no error, one line.
  var shown: String { area == .interrupted ? what : description }
}

/// How to wait for others: at first without a pause, then yielding, then in short sleeps, so that a rank that waits long, as for
/// a checkpoint, leaves its processor to those that work.
struct Patience {
  private let start = Self.now
  private var rounds = 0

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }

  var seconds: Double { Self.now - start }

  mutating func next() {
    rounds += 1
    if rounds < 200 { return }
    if rounds & 31 != 0 || seconds < 0.05 {
      sched_yield()
    } else {
      usleep(seconds < 1 ? 50 : 500)
    }
  }
}
