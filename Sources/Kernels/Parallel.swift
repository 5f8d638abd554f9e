import Glibc
import Synchronization

/// Fixed pieces of work over the cores.
///
/// What the pieces are never depends on the number of threads, only who does them does; so results are the same bits
/// for any thread count. Even threads take pieces from the front and odd ones from the back: two threads keep the
/// halves of the data that are in their own caches, and a thread that the system delays leaves its pieces to the others.
package enum Parallel {
  /// How many threads work, the caller included. Results do not depend on it.
  package static var threads: Int {
    get { pool.threads.load(ordering: .relaxed) }
    set { pool.resize(to: max(1, min(newValue, ThreadPool.limit))) }
  }

  /// The number of processors this process may run on: its affinity mask, cut down to its cgroup's quota.
  package static let availableProcessors: Int = {
    let online = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    return max(1, min(online, affinity() ?? online, cgroupQuota() ?? online))
  }()

  private static func affinity() -> Int? {
    let mask = SystemText.lines(of: "/proc/self/status").first { $0.hasPrefix("Cpus_allowed:") }
    return mask?.dropFirst("Cpus_allowed:".count).reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
  }

  private static func cgroupQuota() -> Int? {
    let words = SystemText.lines(of: "/sys/fs/cgroup/cpu.max").first?.split(separator: " ") ?? []
    guard words.count == 2, let quota = Double(words[0]), let period = Double(words[1]), period > 0 else { return nil }
    return Int((quota / period).rounded(.up))
  }

  private static let pool = ThreadPool(threads: availableProcessors)

  /// Runs `body(piece, thread)` for every piece in `0..<pieces` and returns when all are done; `thread` is below
  /// `ThreadPool.limit` and tells scratch memory apart. Called from inside a piece, it runs on that thread alone.
  package static func run(_ pieces: Int, _ body: (_ piece: Int, _ thread: Int) -> Void) {
    pool.run(pieces, body)
  }

  /// Runs `body` over `0..<count` in ranges of `grain`, the last one shorter.
  package static func forRanges(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
    guard count > grain else {
      if count > 0 { body(0..<count) }
      return
    }
    run((count + grain - 1) / grain) { piece, _ in
      body(piece * grain..<min(count, (piece + 1) * grain))
    }
  }

  /// Rows a piece takes so that it is worth waking a thread for: about 16,000 elements.
  package static func rowGrain(columns: Int) -> Int { max(1, 16384 / max(1, columns)) }
}

/// The threads behind `Parallel`: they spin for a moment after each piece of work and then sleep.
final class ThreadPool: @unchecked Sendable {
  /// The most threads there can be.
  static let limit = 64
  private static let pieceBits = 20
  private static let pieceMask = (1 << pieceBits) - 1
  private static let spins = 20_000

  let threads: Atomic<Int>
  private var started = 1
  /// The job on offer: its number, and the first and one past the last piece that nobody has taken.
  private let ticket = Atomic<Int>(0)
  private let finished = Atomic<Int>(0)
  private let sleeping = Atomic<Int>(0)
  private let busy = Atomic<Bool>(false)
  private var body: ((Int, Int) -> Void)?
  private var job = 0
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init(threads: Int) {
    self.threads = Atomic(threads)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
  }

  func resize(to count: Int) {
    threads.store(count, ordering: .relaxed)
  }

  func run(_ pieces: Int, _ body: (Int, Int) -> Void) {
    let threads = threads.load(ordering: .relaxed)
    guard pieces > 1, threads > 1, pieces <= Self.pieceMask,
      busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    else {
      for piece in 0..<pieces { body(piece, 0) }
      return
    }
    while started < threads, start(started) { started += 1 }
    withoutActuallyEscaping(body) { body in
      self.body = body
      job = (job + 1) & 0x7fffff
      finished.store(0, ordering: .relaxed)
      ticket.store(job << (2 * Self.pieceBits) | pieces, ordering: .sequentiallyConsistent)
      if sleeping.load(ordering: .sequentiallyConsistent) > 0 {
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(wake)
        pthread_mutex_unlock(mutex)
      }
      while let piece = claim(fromFront: true) { perform(piece, 0) }
      var spins = 0
      while finished.load(ordering: .acquiring) < pieces {
        spins += 1
        if spins > Self.spins { sched_yield() }
      }
      self.body = nil
    }
    busy.store(false, ordering: .releasing)
  }

  private func perform(_ piece: Int, _ thread: Int) {
    body.unsafelyUnwrapped(piece, thread)
    finished.add(1, ordering: .releasing)
  }

  private func claim(fromFront: Bool) -> Int? {
    var current = ticket.load(ordering: .acquiring)
    while true {
      let front = (current >> Self.pieceBits) & Self.pieceMask
      let back = current & Self.pieceMask
      guard front < back else { return nil }
      let next = fromFront ? current + (1 << Self.pieceBits) : current - 1
      let result = ticket.compareExchange(expected: current, desired: next, ordering: .acquiringAndReleasing)
      if result.exchanged { return fromFront ? front : back - 1 }
      current = result.original
    }
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
      threads.store(thread, ordering: .relaxed)
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
      for _ in 0..<Self.spins where thread < threads.load(ordering: .relaxed) {
        while let piece = claim(fromFront: thread % 2 == 0) { perform(piece, thread) }
      }
      sleep(thread)
    }
  }

  private func sleep(_ thread: Int) {
    pthread_mutex_lock(mutex)
    sleeping.add(1, ordering: .sequentiallyConsistent)
    while !isWorkOffered(to: thread) { pthread_cond_wait(wake, mutex) }
    sleeping.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
  }

  private func isWorkOffered(to thread: Int) -> Bool {
    let current = ticket.load(ordering: .sequentiallyConsistent)
    let isOpen = (current >> Self.pieceBits) & Self.pieceMask < current & Self.pieceMask
    return isOpen && thread < threads.load(ordering: .relaxed)
  }
}
