import Glibc
import Machine
import Synchronization

/// Fixed pieces of work over the cores.
///
/// No sum's order depends on the number of threads, only who computes what does; so results are the same bits for any thread
/// count. `PieceLanes` says which pieces a thread takes.
package enum Parallel {
  /// The most threads that there can be.
  package static let mostThreads = ThreadPool.limit

  /// How many threads work, the caller included. Results do not depend on it.
  package static var threads: Int {
    get {
      let own = Int(bitPattern: pthread_getspecific(ownCount))
      return own > 0 ? own : count.load(ordering: .relaxed)
    }
    set { count.store(possible(newValue), ordering: .relaxed) }
  }

  /// Runs `body` with another number of threads for the work that this thread starts, whatever others do meanwhile.
  package static func withThreads<Result>(_ number: Int, _ body: () throws -> Result) rethrows -> Result {
    let previous = pthread_getspecific(ownCount)
    pthread_setspecific(ownCount, UnsafeRawPointer(bitPattern: possible(number)))
    defer { pthread_setspecific(ownCount, previous) }
    return try body()
  }

  /// As many threads as that, or as there can be.
  private static func possible(_ number: Int) -> Int { max(1, min(number, mostThreads)) }

  /// A machine may have more processors than there can be threads.
  private static let count = Atomic<Int>(possible(Processor.usableCount))
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
    try watched(by: Watch(observer: observer, recorder: nil), body)
  }

  /// Runs `body` with the work that this thread starts on this thread alone, but in the pieces that it has for `threads`
  /// threads, and with `recorder` told of them.
  static func recorded<Result>(by recorder: WorkRecorder, threads: Int, _ body: () throws -> Result) rethrows -> Result
  {
    try withThreads(threads) { try watched(by: Watch(observer: nil, recorder: recorder), body) }
  }

  private static func watched<Result>(by watch: Watch, _ body: () throws -> Result) rethrows -> Result {
    let box = Unmanaged.passRetained(watch)
    let previous = pthread_getspecific(ownWatch)
    pthread_setspecific(ownWatch, box.toOpaque())
    defer {
      pthread_setspecific(ownWatch, previous)
      box.release()
    }
    return try body()
  }

  private final class Watch {
    let observer: Observer?
    let recorder: WorkRecorder?
    init(observer: Observer?, recorder: WorkRecorder?) { (self.observer, self.recorder) = (observer, recorder) }
  }

  private static let ownWatch: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  /// Runs `body(piece, thread)` for every piece in `0..<pieces` and returns when all are done; `thread` is below
  /// `threads` and tells scratch memory apart: who has allotted it for so many says so, as the number may change meanwhile.
  /// Called from inside a piece, it runs on that thread alone.
  package static func run(
    _ pieces: Int, threads: Int = Parallel.threads, _ body: (_ piece: Int, _ thread: Int) -> Void
  ) {
    guard let box = pthread_getspecific(ownWatch) else { return pool.run(pieces, threads: threads, body) }
    let watch = Unmanaged<Watch>.fromOpaque(box).takeUnretainedValue()
    if let recorder = watch.recorder { return recorder.run(pieces, body) }
    pool.run(pieces, threads: threads, observer: watch.observer, body)
  }

  /// The piece that a thread is likely to take after `piece`, if there is one: what belongs to it can be fetched meanwhile.
  static func likelyNext(after piece: Int, of pieces: Int, on thread: Int) -> Int? {
    PieceLanes(pieces: pieces, threads: threads).likelyNext(after: piece, on: thread)
  }

  /// The piece that a thread is likely to take first.
  static func likelyFirst(of pieces: Int, on thread: Int) -> Int {
    PieceLanes(pieces: pieces, threads: threads).likelyFirst(on: thread)
  }

  /// Runs `body` over `0..<count` in ranges of `grain`, the last one shorter, or in smaller ones if there are many threads: what it
  /// does must not depend on the range.
  package static func forRanges(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
    forFixedRanges(count, grain: self.grain(grain, of: count), body)
  }

  /// Runs `body` over `0..<count` in ranges of `grain`, the last one shorter.
  package static func forFixedRanges(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
    run((count + grain - 1) / grain) { piece, _ in
      body(piece * grain..<min(count, (piece + 1) * grain))
    }
  }

  /// How many of `total` a piece takes: `usual` for one or two threads. For more, so many that each thread has as many pieces
  /// as any other and at least two, but no less than an eighth of `usual`; whole vectors stay so.
  static func grain(_ usual: Int, of total: Int) -> Int {
    let threads = threads
    guard threads > 2, total > 0 else { return usual }
    let rounds = max(2, ((total + usual - 1) / usual + threads - 1) / threads)
    let even = max((total + rounds * threads - 1) / (rounds * threads), (usual + 7) / 8)
    return min(usual, usual % 16 == 0 ? (even + 15) / 16 * 16 : even)
  }

  /// Rows a piece takes so that it is worth waking a thread for: about 16,000 elements.
  package static func rowGrain(columns: Int) -> Int { max(1, 16384 / max(1, columns)) }
}
