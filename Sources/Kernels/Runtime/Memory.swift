import Glibc
import Machine
import Synchronization

/// Buffers of floats in one long range of addresses that is used again from step to step, so that after the second step of
/// a run no page is touched for the first time.
///
/// A fresh page costs as much as eight passes over one that is already mapped. And what the forward pass of a step keeps
/// and the gradients of its backward pass share the same pages: the first are released as the second are made.
package enum Memory {
  private struct State {
    var arena = Arena()
    /// The range of addresses; its first `usable` bytes may be touched.
    var base: UInt = 0
    var reserved = 0
    var usable = 0
    var live = 0
    var peak = 0
  }
  private static let state = Mutex(State())
  private static let exhaustionHandler = Mutex<(@Sendable (_ missingBytes: Int) -> Never)?>(nil)
  private static let floatSize = MemoryLayout<Float>.stride
  private static let hugePage = 2 << 20

  /// Installs what ends the process when the system has no memory left; without it the process traps. The handler runs on
  /// the thread that asked for memory and must not ask for more here.
  package static func onExhaustion(_ handler: @escaping @Sendable (_ missingBytes: Int) -> Never) {
    exhaustionHandler.withLock { $0 = handler }
  }

  /// A 256-byte aligned buffer of at least `count` floats with undefined contents. Ends the process if the system has no
  /// memory left; see `onExhaustion`.
  package static func allocate(_ count: Int) -> UnsafeMutablePointer<Float> {
    let count = rounded(count)
    let address = state.withLock { state in
      let start = state.arena.take(count)
      let end = state.arena.top * floatSize
      if end > state.usable { extend(&state, to: end) }
      state.live += count * floatSize
      state.peak = max(state.peak, state.live)
      return state.base + UInt(start * floatSize)
    }
    return UnsafeMutableRawPointer(bitPattern: address)!.bindMemory(to: Float.self, capacity: count)
  }

  /// Gives back a buffer of `allocate(count)`.
  package static func release(_ pointer: UnsafeMutablePointer<Float>, count: Int) {
    let count = rounded(count)
    let address = UInt(bitPattern: pointer)
    state.withLock { state in
      state.arena.giveBack(Int(address - state.base) / floatSize, count: count)
      state.live -= count * floatSize
    }
  }

  /// Bytes in use now, and the most that were ever in use at once.
  package static var usage: (live: Int, peak: Int) { state.withLock { ($0.live, $0.peak) } }

  private static func rounded(_ count: Int) -> Int { max(64, (count + 63) & ~63) }

  /// Makes the range usable up to `end` bytes, in steps that are worth a system call.
  private static func extend(_ state: inout State, to end: Int) {
    if state.reserved == 0 { reserve(&state) }
    let step = 16 * hugePage
    let usable = min(state.reserved, (end + step - 1) / step * step)
    let range = UnsafeMutableRawPointer(bitPattern: state.base)
    guard end <= usable, mprotect(range, usable, PROT_READ | PROT_WRITE) == 0 else {
      let missing = end - state.usable
      exhaustionHandler.withLock { $0 }?(missing)
      fatalError("out of memory: \(missing) more bytes were needed")
    }
    state.usable = usable
  }

  /// Reserves addresses, which costs nothing: four times the machine's memory, or what the process may have.
  private static func reserve(_ state: inout State) {
    var bytes = 4 * SystemMemory.total / hugePage * hugePage
    while bytes > hugePage {
      let raw = mmap(nil, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
      if let raw, raw != MAP_FAILED {
        let aligned = (UInt(bitPattern: raw) + UInt(hugePage - 1)) & ~UInt(hugePage - 1)
        state.base = aligned
        state.reserved = bytes - hugePage
        madvise(UnsafeMutableRawPointer(bitPattern: aligned), state.reserved, MADV_HUGEPAGE)
        return
      }
      bytes /= 2
    }
  }
}
