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
  private static let threadMask = (1 << threadBits) - 1
  private static let spins = 4000

  private var started = 1
  private let words = ThreadPoolWords(lanes: limit / 2)
  private let busy = Atomic<Bool>(false)
  private var body: ((Int, Int) -> Void)?
  private var job = 0
  /// How many pieces of each lane have been offered so far.
  private var offered = [Int](repeating: 0, count: limit / 2)
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
  }

  /// Performs pieces on at most so many threads; lanes and their words are there for `limit` of them.
  func run(_ pieces: Int, threads: Int, observer: Parallel.Observer? = nil, _ body: (Int, Int) -> Void) {
    let threads = min(threads, Self.limit)
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
      let lanes = PieceLanes(pieces: pieces, threads: threads)
      offer(lanes, threads: threads)
      takePart(0, threads: threads)
      waitUntilDone(lanes)
      self.body = nil
    }
    busy.store(false, ordering: .releasing)
  }

  /// Fills the lanes, by which their threads learn of the job.
  private func offer(_ lanes: PieceLanes, threads: Int) {
    job = (job + 1) & 0xffff
    let head = (job << Self.threadBits | threads) << Self.pieceBits
    for lane in 0..<lanes.count {
      let own = lanes.pieces(of: lane)
      offered[lane] &+= own.count
      words.lane(lane).pointee.store(
        (head | own.lowerBound) << Self.pieceBits | own.upperBound, ordering: .sequentiallyConsistent)
    }
    if words.sleeping.pointee.load(ordering: .sequentiallyConsistent) > 0 {
      pthread_mutex_lock(mutex)
      pthread_cond_broadcast(wake)
      pthread_mutex_unlock(mutex)
    }
  }

  private func waitUntilDone(_ lanes: PieceLanes) {
    var spins = 0
    for lane in 0..<lanes.count {
      while words.performed(lane).pointee.load(ordering: .acquiring) != offered[lane] {
        spins += 1
        if spins > Self.spins { sched_yield() } else { pause_spinning() }
      }
    }
  }

  /// Performs pieces as long as there are some that nobody has taken: those of the thread's own lane, then those of others.
  private func takePart(_ thread: Int, threads: Int) {
    let (home, count) = (thread / 2, (threads + 1) / 2)
    for step in home..<home + count {
      let lane = step < count ? step : step - count
      let performed = drain(lane, thread)
      if performed > 0 { words.performed(lane).pointee.add(performed, ordering: .releasing) }
    }
  }

  /// Performs the pieces of a lane that nobody else takes, and returns how many they were. Not inlined: when a job's
  /// last piece is counted, no thread may hold its closure any more.
  @inline(never)
  private func drain(_ lane: Int, _ thread: Int) -> Int {
    let word = words.lane(lane)
    guard let first = Self.claim(word, by: thread) else { return 0 }
    let body = self.body.unsafelyUnwrapped
    body(first, thread)
    var performed = 1
    while let piece = Self.claim(word, by: thread) {
      body(piece, thread)
      performed += 1
    }
    return performed
  }

  private static func claim(_ lane: UnsafeMutablePointer<Atomic<Int>>, by thread: Int) -> Int? {
    var current = lane.pointee.load(ordering: .acquiring)
    while isOpen(current, to: thread) {
      let isFromFront = PieceLanes.isFromFront(thread)
      let next = isFromFront ? current + (1 << pieceBits) : current - 1
      let result = lane.pointee.compareExchange(expected: current, desired: next, ordering: .acquiringAndReleasing)
      if result.exchanged { return isFromFront ? (current >> pieceBits) & pieceMask : next & pieceMask }
      current = result.original
    }
    return nil
  }

  private static func isOpen(_ lane: Int, to thread: Int) -> Bool {
    thread < threads(of: lane) && (lane >> pieceBits) & pieceMask < lane & pieceMask
  }

  private static func threads(of lane: Int) -> Int { (lane >> (2 * pieceBits)) & threadMask }

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
    let home = words.lane(thread / 2)
    while true {
      var spins = 0
      while spins < Self.spins {
        let lane = home.pointee.load(ordering: .acquiring)
        if Self.isOpen(lane, to: thread) {
          takePart(thread, threads: Self.threads(of: lane))
          spins = 0
        } else {
          pause_spinning()
          spins += 1
        }
      }
      sleep(thread)
    }
  }

  /// Sleeps until there are pieces in the thread's own lane.
  private func sleep(_ thread: Int) {
    let home = words.lane(thread / 2)
    pthread_mutex_lock(mutex)
    words.sleeping.pointee.add(1, ordering: .sequentiallyConsistent)
    while !Self.isOpen(home.pointee.load(ordering: .sequentiallyConsistent), to: thread) {
      pthread_cond_wait(wake, mutex)
    }
    words.sleeping.pointee.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
  }
}

/// The words through which threads agree. Each lane has lines of its own: who takes pieces or has performed some disturbs
/// neither those that have other lanes nor those that wait for the next job.
struct ThreadPoolWords: @unchecked Sendable {
  private static let line = 8
  /// Processors fetch lines in pairs.
  private static let stride = 2 * line
  /// How many threads sleep.
  let sleeping: UnsafeMutablePointer<Atomic<Int>>

  init(lanes: Int) {
    let count = (1 + lanes) * Self.stride
    let size = MemoryLayout<Atomic<Int>>.stride
    let raw = UnsafeMutableRawPointer.allocate(byteCount: count * size, alignment: Self.stride * size)
    sleeping = raw.bindMemory(to: Atomic<Int>.self, capacity: count)
    for index in 0..<count { (sleeping + index).initialize(to: Atomic(0)) }
  }

  /// The pieces of a lane that nobody has taken: the first and one past the last, with the job's number and its threads.
  func lane(_ lane: Int) -> UnsafeMutablePointer<Atomic<Int>> { sleeping + (1 + lane) * Self.stride }

  /// How many pieces of a lane have been performed so far, in all jobs.
  func performed(_ lane: Int) -> UnsafeMutablePointer<Atomic<Int>> { self.lane(lane) + Self.line }
}
