import Files
import Glibc
import Kernels

/// One process alone: what it sends, it has.
package final class SoloCommunicator: Communicator {
  package let rank = 0
  package let count = 1
  package let sentBytes = 0
  package let secondsWaited = 0.0

  private final class Done: Transfer {}

  package init() {}

  package func exchange(
    _ pieces: Buffer, counts: [Int], into received: MutableBuffer, receivedCounts: [Int]
  ) throws(Failure) -> any Transfer {
    copy(received, pieces)
    return Done()
  }

  package func gather(_ own: Buffer, into all: MutableBuffer, counts: [Int]) throws(Failure) -> any Transfer {
    copy(all, own)
    return Done()
  }

  package func isDone(_ transfer: any Transfer) throws(Failure) -> Bool { true }
  package func wait(for transfer: any Transfer) throws(Failure) {}
  package func gather(_ bytes: [UInt8]) throws(Failure) -> [[UInt8]] { [bytes] }
  package func broadcast(_ bytes: [UInt8], from root: Int) throws(Failure) -> [UInt8] { bytes }
  package func broadcast(_ floats: MutableBuffer, from root: Int) throws(Failure) {}

  package func abort(_ failure: Failure) -> Never {
    let text = Array((failure.description + "\n").utf8)
    _ = text.withUnsafeBytes { SystemCall.write($0, to: 2) }
    _exit(failure.exitCode)
  }

  package func awaitAbort() -> Never { preconditionFailure("nobody else is there to end the process") }

  package func finish() throws(Failure) {}
}
