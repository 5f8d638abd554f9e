import Files
import Glibc
import Synchronization

/// Says what is going on where nothing else does: on a terminal a line that counts the seconds from the second on, otherwise one
/// line after ten.
package enum Waiting {
  /// Runs `body`, and shows `what` while it takes its time: `reading model.gguf: 3s`.
  package static func during<Value>(
    _ what: String, _ body: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let state = State()
    // Without a thread there is no line.
    if let thread = BackgroundThread({ state.watch(what) }) { thread.detach() }
    defer { state.end() }
    return try body()
  }

  private final class State: Sendable {
    private let isDone = Mutex(false)

    /// Shows `what` until the end.
    func watch(_ what: String) {
      let (clock, isLive) = (ContinuousClock(), Output.log.isTerminal)
      let start = clock.now
      while true {
        usleep(200_000)
        let passed = clock.now - start
        let isOver = isDone.withLock { isDone in
          if isDone || passed < .seconds(isLive ? 1 : 10) { return isDone }
          if isLive {
            Output.log.transient("\(what): \(Progress.duration(passed))")
          } else {
            Output.log.line("\(what) ...")
          }
          return !isLive
        }
        if isOver { return }
      }
    }

    /// From here on nothing is shown.
    func end() {
      isDone.withLock { $0 = true }
      if Output.log.isTerminal { Output.clearTransient() }
    }
  }
}
