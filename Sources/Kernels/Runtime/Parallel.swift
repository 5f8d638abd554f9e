import Glibc
import Machine
import Synchronization

/// Fixed pieces of work over the cores.
///
/// What the pieces are never depends on the number of threads, only who does them does; so results are the same bits
/// for any thread count. Even threads take pieces from the front and odd ones from the back: two threads keep the
/// halves of the data that are in their own caches, and a thread that the system delays leaves its pieces to the others.
package enum Parallel {
  /// How many threads work, the caller included. Results do not depend on it.
  package static var threads: Int {
    get {
      let own = Int(bitPattern: pthread_getspecific(ownCount))
      return own > 0 ? own : count.load(ordering: .relaxed)
    }
    set { count.store(max(1, min(newValue, ThreadPool.limit)), ordering: .relaxed) }
  }

  /// Runs `body` with another number of threads for the work that this thread starts, whatever others do meanwhile.
  package static func withThreads<Result>(_ number: Int, _ body: () throws -> Result) rethrows -> Result {
    let previous = pthread_getspecific(ownCount)
    pthread_setspecific(ownCount, UnsafeRawPointer(bitPattern: max(1, min(number, ThreadPool.limit))))
    defer { pthread_setspecific(ownCount, previous) }
    return try body()
  }

  private static let count = Atomic<Int>(Processor.usableCount)
  private static let ownCount: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  private static let pool = ThreadPool()

  /// Told of each piece that is about to be performed of work that several threads may share: by which thread, and of how
  /// many pieces.
  package typealias Observer = @Sendable (_ thread: Int, _ pieces: Int) -> Void

  /// Runs `body` with an observer of the work that this thread starts; tests see by it who took part.
  package static func observed<Result>(by observer: @escaping Observer, _ body: () throws -> Result) rethrows -> Result
  {
    let box = Unmanaged.passRetained(ObserverBox(observer))
    pthread_setspecific(ownObserver, box.toOpaque())
    defer {
      pthread_setspecific(ownObserver, nil)
      box.release()
    }
    return try body()
  }

  private final class ObserverBox {
    let observer: Observer
    init(_ observer: @escaping Observer) { self.observer = observer }
  }

  private static let ownObserver: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  /// Runs `body(piece, thread)` for every piece in `0..<pieces` and returns when all are done; `thread` is below
  /// `threads` and tells scratch memory apart. Called from inside a piece, it runs on that thread alone.
  package static func run(_ pieces: Int, _ body: (_ piece: Int, _ thread: Int) -> Void) {
    guard let box = pthread_getspecific(ownObserver) else { return pool.run(pieces, threads: threads, body) }
    let observer = Unmanaged<ObserverBox>.fromOpaque(box).takeUnretainedValue().observer
    pool.run(pieces, threads: threads, observer: observer, body)
  }

  /// The piece that a thread is likely to take after `piece`, if there is one: what belongs to it can be fetched meanwhile.
  /// In the middle, threads that come from the other end have probably taken it.
  static func likelyNext(after piece: Int, of pieces: Int, on thread: Int) -> Int? {
    let isFromFront = thread % 2 == 0
    let next = isFromFront ? piece + 1 : piece - 1
    let isMiddle = threads > 1 && next == (isFromFront ? pieces / 2 : pieces / 2 - 1)
    return 0..<pieces ~= next && !isMiddle ? next : nil
  }

  /// The piece that a thread is likely to take first.
  static func likelyFirst(of pieces: Int, on thread: Int) -> Int { thread % 2 == 0 ? 0 : pieces - 1 }

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
