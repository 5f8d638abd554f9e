import Dispatch
import Glibc
import Synchronization

/// Where the time of a piece of work goes, kernel by kernel.
///
/// A kernel begins with `Profile.begin` and ends with `Profile.end`. When nothing is being profiled the two cost a load
/// each. Kernels nest: the time of one is without that of those it calls, which are named after it. Only the thread that
/// asked is listened to: what kernels do on other threads happens inside a kernel of its own.
package enum Profile {
  /// All calls of one kernel.
  package struct Entry: Sendable, Equatable {
    package let name: String
    package fileprivate(set) var calls = 0
    package fileprivate(set) var seconds = 0.0
    /// Floating point operations, where they are what the kernel is about.
    package fileprivate(set) var operations = 0.0
    /// Bytes read and written if each is moved once, where that is what the kernel is about.
    package fileprivate(set) var bytes = 0.0
    /// What is multiplied, if the kernel is a matrix product.
    package let product: ProductShape?

    init(name: String, product: ProductShape?) { (self.name, self.product) = (name, product) }
  }

  private struct Mark {
    let name: String
    let start: UInt64
    var nested: UInt64 = 0
  }

  private struct State {
    var entries: [String: Entry] = [:]
    var open: [Mark] = []
    var thread: UInt?
  }

  private static let isOn = Atomic<Bool>(false)
  private static let state = Mutex(State())

  /// What the kernels called by `body` on this thread took, the longest first.
  package static func entries<Problem: Error>(_ body: () throws(Problem) -> Void) throws(Problem) -> [Entry] {
    let thread = Self.thread
    state.withLock { $0 = State(thread: thread) }
    isOn.store(true, ordering: .relaxed)
    defer { isOn.store(false, ordering: .relaxed) }
    try body()
    return sorted(state.withLock { $0.entries })
  }

  /// Several profiles as one.
  package static func sum(_ profiles: [[Entry]]) -> [Entry] {
    sorted(
      profiles.joined().reduce(into: [:]) { sums, entry in
        guard var sum = sums[entry.name] else {
          sums[entry.name] = entry
          return
        }
        sum.calls += entry.calls
        sum.seconds += entry.seconds
        sum.operations += entry.operations
        sum.bytes += entry.bytes
        sums[entry.name] = sum
      })
  }

  private static func sorted(_ entries: [String: Entry]) -> [Entry] {
    entries.values.sorted { ($1.seconds, $0.name) < ($0.seconds, $1.name) }
  }

  /// Starts a matrix product.
  @inline(__always)
  static func begin(_ product: @autoclosure () -> ProductShape) {
    guard isOn.load(ordering: .relaxed) else { return }
    let product = product()
    start(product.description, operations: product.operations, floats: 0, product: product)
  }

  /// Starts a kernel. Every `begin` has its `end` on the same thread.
  @inline(__always)
  package static func begin(
    _ name: @autoclosure () -> String, operations: @autoclosure () -> Int = 0, floats: @autoclosure () -> Int = 0
  ) {
    if isOn.load(ordering: .relaxed) { start(name(), operations: operations(), floats: floats()) }
  }

  /// Ends the kernel that was begun last.
  @inline(__always)
  package static func end() {
    if isOn.load(ordering: .relaxed) { finish() }
  }

  /// The kernel that this thread is in, if it is the one that is listened to.
  static var current: String? {
    guard isOn.load(ordering: .relaxed) else { return nil }
    let thread = Self.thread
    return state.withLock { $0.thread == thread ? $0.open.last?.name : nil }
  }

  private static var thread: UInt { UInt(pthread_self()) }

  private static func start(_ name: String, operations: Int, floats: Int, product: ProductShape? = nil) {
    let thread = Self.thread
    state.withLock { state in
      guard state.thread == thread else { return }
      let path = state.open.last.map { "\($0.name) > \(name)" } ?? name
      var entry = state.entries[path] ?? Entry(name: path, product: product)
      entry.calls += 1
      entry.operations += Double(operations)
      entry.bytes += Double(floats * MemoryLayout<Float>.stride)
      state.entries[path] = entry
      state.open.append(Mark(name: path, start: DispatchTime.now().uptimeNanoseconds))
    }
  }

  private static func finish() {
    let thread = Self.thread
    state.withLock { state in
      guard state.thread == thread, let mark = state.open.popLast() else { return }
      let elapsed = DispatchTime.now().uptimeNanoseconds - mark.start
      state.entries[mark.name]!.seconds += Double(elapsed - mark.nested) / 1e9
      if let outer = state.open.indices.last { state.open[outer].nested += elapsed }
    }
  }
}
