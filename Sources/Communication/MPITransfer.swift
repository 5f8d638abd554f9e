import Files
import Glibc
import Kernels

/// An operation that MPI has begun. The library reads the numbers and buffers until it is done.
final class MPITransfer: Transfer {
  let request: MPILibrary.Request
  let sent: CountsAndPlaces
  let received: CountsAndPlaces
  private var buffers: [Buffer]
  fileprivate(set) var isDone = false

  init(_ sent: [Int], _ received: [Int], holding buffers: [Buffer]) {
    request = .allocate(capacity: 1)
    request.initialize(to: 0)
    self.sent = CountsAndPlaces(sent)
    self.received = CountsAndPlaces(received)
    self.buffers = buffers
  }

  deinit {
    request.deallocate()
    sent.deallocate()
    received.deallocate()
  }

  fileprivate func end() {
    isDone = true
    buffers = []
  }
}

/// How much goes to or comes from each rank, and where in the buffer.
struct CountsAndPlaces {
  let counts: UnsafeMutablePointer<Int32>
  let places: UnsafeMutablePointer<Int32>

  init(_ numbers: [Int]) {
    (counts, places) = (.allocate(capacity: max(1, numbers.count)), .allocate(capacity: max(1, numbers.count)))
    var place = 0
    for (index, number) in numbers.enumerated() {
      (counts + index).initialize(to: Int32(number))
      (places + index).initialize(to: Int32(place))
      place += number
    }
  }

  func deallocate() {
    counts.deallocate()
    places.deallocate()
  }
}

extension MPILibrary {
  /// Throws `.resources` for a status that is no success.
  func check(_ status: Int32, _ name: String) throws(Failure) {
    if status == 0 { return }
    var text = [CChar](repeating: 0, count: 1025)
    var length: Int32 = 0
    _ = errorText(status, &text, &length)
    let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    throw Failure(
      .resources, "\(name) has failed: another process or the network may be gone",
      notes: [String(decoding: bytes, as: UTF8.self)])
  }

  /// A communicator of its own for the ranks of another, which gives errors back instead of ending the process.
  func duplicate(of communicator: Handle) throws(Failure) -> Handle {
    var copy: Handle = 0
    try check(duplicate(communicator, &copy), "MPI_Comm_dup")
    try check(setHandler(copy, constants.errorsReturn), "MPI_Comm_set_errhandler")
    return copy
  }

  /// Lets an operation go on.
  func advance(_ transfer: MPITransfer) throws(Failure) {
    if transfer.isDone { return }
    if try isDone(transfer.request) { transfer.end() }
  }

  func isDone(_ request: Request) throws(Failure) -> Bool {
    var flag: Int32 = 0
    let status = withStatus { test(request, &flag, $0) }
    try check(status, "MPI_Test")
    return flag != 0
  }

  /// Lends room for a status, which has 20 to 32 bytes.
  func withStatus<Result>(_ body: (Status) -> Result) -> Result {
    withUnsafeTemporaryAllocation(byteCount: 128, alignment: 16) { body($0.baseAddress!) }
  }

  /// Ends all processes of the job with an exit code.
  func end(_ code: Int32) -> Never {
    _ = abort(constants.world, code)
    _exit(code)
  }
}
