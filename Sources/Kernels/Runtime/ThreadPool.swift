import CProcessor
import Glibc
import Synchronization

/// The threads behind `Parallel`: they spin for a moment after each piece of work and then sleep.
final class ThreadPool: @unchecked Sendable {
  /// The most threads there can be.
  static let limit = 64
  private static let pieceBits = 20
  private static let pieceMask = (1 << pieceBits) - 1
  private static let threadBits = 7
  private static let spins = 4000

  private var started = 1
  /// The job on offer: its number, how many threads may work on it, and the first and one past the last piece that
  /// nobody has taken.
  private let ticket = Atomic<Int>(0)
  private let finished = Atomic<Int>(0)
  private let sleeping = Atomic<Int>(0)
  private let busy = Atomic<Bool>(false)
  private var body: ((Int, Int) -> Void)?
  private var job = 0
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
  }

  func run(_ pieces: Int, threads: Int, observer: Parallel.Observer? = nil, _ body: (Int, Int) -> Void) {
    guard pieces > 1, threads > 1, pieces <= Self.pieceMask,
      busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    else {
      for piece in 0..<pieces { body(piece, 0) }
      return
    }
    while started < threads, start(started) { started += 1 }
    withoutActuallyEscaping(body) { body in
      if let observer {
        self.body = { piece, thread in
          observer(thread, pieces)
          body(piece, thread)
        }
      } else {
        self.body = body
      }
      job = (job + 1) & 0xffff
      finished.store(0, ordering: .relaxed)
      ticket.store(
        (job << Self.threadBits | threads) << (2 * Self.pieceBits) | pieces, ordering: .sequentiallyConsistent)
      if sleeping.load(ordering: .sequentiallyConsistent) > 0 {
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(wake)
        pthread_mutex_unlock(mutex)
      }
      while let piece = claim(by: 0) { perform(piece, 0) }
      var spins = 0
      while finished.load(ordering: .acquiring) < pieces {
        spins += 1
        if spins > Self.spins { sched_yield() } else { pause_spinning() }
      }
      self.body = nil
    }
    busy.store(false, ordering: .releasing)
  }

  private func perform(_ piece: Int, _ thread: Int) {
    body.unsafelyUnwrapped(piece, thread)
    finished.add(1, ordering: .releasing)
  }

  private func claim(by thread: Int) -> Int? {
    var current = ticket.load(ordering: .acquiring)
    while isOpen(current, to: thread) {
      let isFromFront = thread % 2 == 0
      let next = isFromFront ? current + (1 << Self.pieceBits) : current - 1
      let result = ticket.compareExchange(expected: current, desired: next, ordering: .acquiringAndReleasing)
      if result.exchanged { return isFromFront ? (current >> Self.pieceBits) & Self.pieceMask : next & Self.pieceMask }
      current = result.original
    }
    return nil
  }

  private func isOpen(_ ticket: Int, to thread: Int) -> Bool {
    let threads = (ticket >> (2 * Self.pieceBits)) & ((1 << Self.threadBits) - 1)
    return thread < threads && (ticket >> Self.pieceBits) & Self.pieceMask < ticket & Self.pieceMask
  }

  private func start(_ thread: Int) -> Bool {
    var handle = pthread_t()
    let box = Unmanaged.passRetained(Start(pool: self, thread: thread))
    let status = pthread_create(
      &handle, nil,
      { raw in
        let start = Unmanaged<Start>.fromOpaque(raw!).takeRetainedValue()
        start.pool.work(start.thread)
      }, box.toOpaque())
    guard status == 0 else {
      box.release()
      return false
    }
    pthread_detach(handle)
    return true
  }

  private final class Start {
    let pool: ThreadPool
    let thread: Int
    init(pool: ThreadPool, thread: Int) {
      self.pool = pool
      self.thread = thread
    }
  }

  private func work(_ thread: Int) -> Never {
    while true {
      for _ in 0..<Self.spins {
        while let piece = claim(by: thread) { perform(piece, thread) }
        pause_spinning()
      }
      sleep(thread)
    }
  }

  private func sleep(_ thread: Int) {
    pthread_mutex_lock(mutex)
    sleeping.add(1, ordering: .sequentiallyConsistent)
    while !isOpen(ticket.load(ordering: .sequentiallyConsistent), to: thread) { pthread_cond_wait(wake, mutex) }
    sleeping.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
  }
}
