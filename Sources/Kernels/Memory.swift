import Glibc
import Synchronization

/// A pool of 64-byte aligned buffers of floats that are reused from step to step, so that after the second step of a
/// run no page is touched for the first time.
///
/// A fresh page costs as much as eight passes over one that is already mapped, and the shapes of a training step
/// repeat; so a released buffer is kept for the next request of its size class.
package enum Memory {
  private struct State {
    var free: [Int: [UnsafeMutableRawPointer]] = [:]
    var liveBytes = 0
    var pooledBytes = 0
    var peakLiveBytes = 0
  }
  private static let state = Mutex(State())

  /// The size class of `count` floats, in floats: at most an eighth larger than asked for.
  package static func capacity(for count: Int) -> Int {
    if count <= 64 { return 64 }
    let step = 1 << max(4, Int.bitWidth - count.leadingZeroBitCount - 4)
    return (count + step - 1) & ~(step - 1)
  }

  /// A buffer of at least `count` floats with undefined contents. Ends the process if the system has no memory left.
  package static func allocate(_ count: Int) -> UnsafeMutablePointer<Float> {
    let capacity = capacity(for: count)
    let bytes = capacity * MemoryLayout<Float>.stride
    let pooled = state.withLock { state -> UInt? in
      state.liveBytes += bytes
      state.peakLiveBytes = max(state.peakLiveBytes, state.liveBytes)
      guard let pointer = state.free[capacity]?.popLast() else { return nil }
      state.pooledBytes -= bytes
      return UInt(bitPattern: pointer)
    }
    let raw = pooled.flatMap { UnsafeMutableRawPointer(bitPattern: $0) } ?? fresh(bytes)
    return raw.bindMemory(to: Float.self, capacity: capacity)
  }

  /// Gives back a buffer of `allocate(count)`.
  package static func release(_ pointer: UnsafeMutablePointer<Float>, count: Int) {
    let capacity = capacity(for: count)
    let bytes = capacity * MemoryLayout<Float>.stride
    let address = UInt(bitPattern: pointer)
    state.withLock { state in
      state.free[capacity, default: []].append(UnsafeMutableRawPointer(bitPattern: address)!)
      state.liveBytes -= bytes
      state.pooledBytes += bytes
    }
  }

  /// Returns every pooled buffer that nobody uses to the system.
  package static func trim() {
    state.withLock { state in
      for buffer in state.free.values.joined() { free(buffer) }
      state.free = [:]
      state.pooledBytes = 0
    }
  }

  /// Bytes in use now, bytes kept for reuse, and the most that were ever in use at once.
  package static var usage: (live: Int, pooled: Int, peak: Int) {
    state.withLock { ($0.liveBytes, $0.pooledBytes, $0.peakLiveBytes) }
  }

  private static let hugePage = 2 << 20

  private static func fresh(_ bytes: Int) -> UnsafeMutableRawPointer {
    let isLarge = bytes >= hugePage
    var raw: UnsafeMutableRawPointer?
    guard posix_memalign(&raw, isLarge ? hugePage : 64, bytes) == 0, let raw else {
      let message = "error[resources]: out of memory: \(bytes) more bytes were needed\n"
      _ = message.withCString { write(2, $0, strlen($0)) }
      _exit(6)
    }
    if isLarge { madvise(raw, bytes, MADV_HUGEPAGE) }
    return raw
  }
}
