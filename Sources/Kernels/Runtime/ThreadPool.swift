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
      offer(pieces, threads: threads)
      takePart(0, pieces: pieces, threads: threads)
      var spins = 0
      while words.finished.pointee.load(ordering: .acquiring) < pieces {
        spins += 1
        if spins > Self.spins { sched_yield() } else { pause_spinning() }
      }
      self.body = nil
    }
    busy.store(false, ordering: .releasing)
  }

  /// Fills the lanes and makes the job known.
  private func offer(_ pieces: Int, threads: Int) {
    job = (job + 1) & 0xffff
    words.finished.pointee.store(0, ordering: .relaxed)
    let head = (job << Self.threadBits | threads) << Self.pieceBits
    let lanes = PieceLanes(pieces: pieces, threads: threads)
    for lane in 0..<lanes.count {
      let own = lanes.pieces(of: lane)
      words.lane(lane).pointee.store((head | own.lowerBound) << Self.pieceBits | own.upperBound, ordering: .releasing)
    }
    words.offer.pointee.store(head | pieces, ordering: .sequentiallyConsistent)
    if words.sleeping.pointee.load(ordering: .sequentiallyConsistent) > 0 {
      pthread_mutex_lock(mutex)
      pthread_cond_broadcast(wake)
      pthread_mutex_unlock(mutex)
    }
  }

  /// Performs pieces as long as there are some that nobody has taken: those of the thread's own lane, then those of others.
  private func takePart(_ thread: Int, pieces: Int, threads: Int) {
    let lanes = PieceLanes(pieces: pieces, threads: threads)
    let home = lanes.home(of: thread)
    for step in 0..<lanes.count {
      let lane = home + step
      let performed = drain(lane < lanes.count ? lane : lane - lanes.count, thread)
      if performed > 0 { words.finished.pointee.add(performed, ordering: .releasing) }
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
    thread < (lane >> (2 * pieceBits)) & threadMask && (lane >> pieceBits) & pieceMask < lane & pieceMask
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
    var seen = 0
    while true {
      for _ in 0..<Self.spins {
        let offer = words.offer.pointee.load(ordering: .acquiring)
        if offer != seen {
          seen = offer
          let threads = (offer >> Self.pieceBits) & Self.threadMask
          if thread < threads { takePart(thread, pieces: offer & Self.pieceMask, threads: threads) }
        }
        pause_spinning()
      }
      sleep(thread, after: seen)
    }
  }

  /// Sleeps until there is another offer than `seen` that is also for this thread.
  private func sleep(_ thread: Int, after seen: Int) {
    pthread_mutex_lock(mutex)
    words.sleeping.pointee.add(1, ordering: .sequentiallyConsistent)
    while true {
      let offer = words.offer.pointee.load(ordering: .sequentiallyConsistent)
      if offer != seen, thread < (offer >> Self.pieceBits) & Self.threadMask { break }
      pthread_cond_wait(wake, mutex)
    }
    words.sleeping.pointee.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
  }
}

/// The words through which threads agree, each in lines of its own: a thread that takes a piece or has finished some does not
/// disturb those that wait for the next job or have other lanes.
struct ThreadPoolWords: @unchecked Sendable {
  /// Two lines of 64 bytes: processors fetch them in pairs.
  private static let stride = 16
  private let first: UnsafeMutablePointer<Atomic<Int>>

  init(lanes: Int) {
    let count = (3 + lanes) * Self.stride
    let raw = UnsafeMutableRawPointer.allocate(byteCount: count * 8, alignment: 8 * Self.stride)
    first = raw.bindMemory(to: Atomic<Int>.self, capacity: count)
    for index in 0..<count { (first + index).initialize(to: Atomic(0)) }
  }

  /// The newest job: its number, for how many threads and of how many pieces it is. Written once a job.
  var offer: UnsafeMutablePointer<Atomic<Int>> { first }
  /// How many pieces of the job are done.
  var finished: UnsafeMutablePointer<Atomic<Int>> { first + Self.stride }
  /// How many threads sleep.
  var sleeping: UnsafeMutablePointer<Atomic<Int>> { first + 2 * Self.stride }
  /// The pieces of a lane that nobody has taken: the first and one past the last, with the job's number and its threads.
  func lane(_ lane: Int) -> UnsafeMutablePointer<Atomic<Int>> { first + (3 + lane) * Self.stride }
}
