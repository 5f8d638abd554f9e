import Glibc

/// A thread of its own, for work that goes on beside the caller's.
///
/// Not Dispatch's nor Foundation's: the first ends the process where descriptors have run out, and a thread of the second
/// that cannot start is waited for until the end of time.
package struct BackgroundThread: ~Copyable {
  private let handle: pthread_t

  /// Starts a thread that runs `body`; nil where the machine has no further one.
  package init?(_ body: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(Body(body))
    var handle = pthread_t()
    let status = pthread_create(
      &handle, nil,
      { raw in
        Unmanaged<Body>.fromOpaque(raw!).takeRetainedValue().run()
        return nil
      }, box.toOpaque())
    if status != 0 {
      box.release()
      return nil
    }
    self.handle = handle
  }

  /// Waits until the thread has ended.
  package consuming func join() { pthread_join(handle, nil) }

  /// Lets the thread end by itself.
  package consuming func detach() { pthread_detach(handle) }

  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Calls `body` with 0..<`count`, each on a thread of its own as far as there are any, and returns when all calls have.
  package static func sideBySide(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    var started: [pthread_t] = []
    var remaining: [Int] = []
    for index in 1..<max(1, count) {
      if let thread = BackgroundThread({ body(index) }) {
        started.append(thread.handle)
      } else {
        remaining.append(index)
      }
    }
    if count > 0 { body(0) }
    for index in remaining { body(index) }
    for handle in started { pthread_join(handle, nil) }
  }
}
