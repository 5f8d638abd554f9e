import Files
import Foundation

/// Makes the next items on a background thread while the caller works with the last one.
///
/// Item i is `make(i)`, so the result does not depend on timing; at most `depth` items wait. The thread ends when
/// `make` throws, on `stop()`, and when the prefetcher is released. Where no further thread can be started, the caller
/// makes each item itself.
public final class Prefetcher<Item: Sendable> {
  /// What the thread has made; nil where there is none.
  private let queue: Queue?
  private let make: @Sendable (Int) throws(Failure) -> Item
  private var index: Int

  /// Starts making the items `first`, `first + 1`, ...
  public convenience init(from first: Int, depth: Int = 2, make: @escaping @Sendable (Int) throws(Failure) -> Item) {
    self.init(from: first, depth: depth, start: { BackgroundThread($0) }, make: make)
  }

  /// The same with another way to start a thread.
  package init(
    from first: Int, depth: Int, start: (@escaping @Sendable () -> Void) -> BackgroundThread?,
    make: @escaping @Sendable (Int) throws(Failure) -> Item
  ) {
    precondition(depth > 0, "a prefetcher of depth \(depth)")
    let queue = Queue(depth: depth)
    let thread = start {
      var index = first
      while queue.put(Result { () throws(Failure) -> Item in try make(index) }) { index += 1 }
      queue.finish()
    }
    self.make = make
    index = first
    if let thread {
      thread.detach()
      self.queue = queue
    } else {
      self.queue = nil
    }
  }

  deinit { stop() }

  /// The next item; waits until it is made. An error of `make` is thrown here, in its turn and at every later call.
  public func next() throws(Failure) -> Item {
    if let queue { return try queue.take().get() }
    let item = try make(index)
    index += 1
    return item
  }

  /// Ends the thread and waits for it: afterwards nothing reads the source any more.
  public func stop() {
    queue?.stop()
  }

  /// What the thread and the caller share; every member is touched with `condition` locked.
  private final class Queue: @unchecked Sendable {
    private let condition = NSCondition()
    private let depth: Int
    private var items: [Result<Item, Failure>] = []
    private var stopped = false
    private var finished = false

    init(depth: Int) { self.depth = depth }

    /// Appends an item once there is room; false when no further one is wanted.
    func put(_ item: Result<Item, Failure>) -> Bool {
      condition.lock()
      defer { condition.unlock() }
      while items.count >= depth && !stopped { condition.wait() }
      if stopped { return false }
      items.append(item)
      condition.broadcast()
      if case .failure = item { return false }
      return true
    }

    func take() -> Result<Item, Failure> {
      condition.lock()
      defer { condition.unlock() }
      precondition(!stopped, "the prefetcher was stopped")
      while items.isEmpty { condition.wait() }
      if case .failure = items[0] { return items[0] }
      condition.broadcast()
      return items.removeFirst()
    }

    func finish() {
      condition.lock()
      finished = true
      condition.broadcast()
      condition.unlock()
    }

    func stop() {
      condition.lock()
      defer { condition.unlock() }
      stopped = true
      condition.broadcast()
      while !finished { condition.wait() }
    }
  }
}
