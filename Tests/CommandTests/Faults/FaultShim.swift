import Foundation
import Support
import Testing

/// A fault of the operating system that a process meets; see Tests/faults/fault.c.
struct Fault: CustomStringConvertible, Sendable {
  /// What goes wrong: `kill`, `half`, `short`, or an error.
  enum Action: Sendable {
    case kill, half, short
    case error(Int32)
    /// The error, and at every later call again.
    case lasting(Int32)
  }

  var action: Action
  /// The kinds of calls that are numbered.
  var calls: String
  /// The number of the call.
  var number: Int

  var environment: [String: String] {
    var words = ["FAULT_AT": "\(number)", "FAULT_CALLS": calls, "LD_PRELOAD": FaultShim.library ?? ""]
    switch action {
    case .kill: words["FAULT_ACTION"] = "kill"
    case .half: words["FAULT_ACTION"] = "half"
    case .short: words["FAULT_ACTION"] = "short"
    case .error(let number): words["FAULT_ACTION"] = "\(number)"
    case .lasting(let number): (words["FAULT_ACTION"], words["FAULT_PERSIST"]) = ("\(number)", "1")
    }
    return words
  }

  var description: String { "\(action) at call \(number) of \"\(calls)\"" }
}

/// The preloaded library that makes the faults, compiled once.
enum FaultShim {
  /// Its path; nil where there is no C compiler.
  static let library: String? = {
    let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../faults/fault.c")
      .standardized
    let library = FileManager.default.temporaryDirectory.appending(path: "train-fault-\(getpid()).so").path
    for compiler in ["clang", "cc", "gcc"] {
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = [compiler, "-O1", "-shared", "-fPIC", "-o", library, source.path, "-ldl", "-lpthread"]
      process.standardError = FileHandle.nullDevice
      guard (try? process.run()) != nil else { continue }
      process.waitUntilExit()
      if process.terminationStatus == 0 { return library }
    }
    return nil
  }()

  /// Whether every call is to be tried, which takes an hour, instead of some.
  static let isLong = ProcessInfo.processInfo.environment["TRAIN_FAULTS"] == "long"

  /// About `few` of the numbers 1...`count`, spread evenly; all of them in the long form.
  static func numbers(upTo count: Int, few: Int) -> [Int] {
    isLong || count <= few ? Array(1...max(1, count)) : (0..<few).map { 1 + $0 * (count - 1) / (few - 1) }
  }

  /// Calls `body` for every element, as many at a time as there are processors, at least two.
  static func forEach<Element: Sendable>(_ elements: [Element], _ body: @escaping @Sendable (Element) throws -> Void) {
    let next = Queue(elements)
    DispatchQueue.concurrentPerform(iterations: max(2, ProcessInfo.processInfo.activeProcessorCount)) { _ in
      while let element = next.take() {
        do { try body(element) } catch { Issue.record("\(element): \(error)") }
      }
    }
  }

  private final class Queue<Element: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var elements: ArraySlice<Element>
    init(_ elements: [Element]) { self.elements = elements[...] }
    func take() -> Element? { lock.withLock { elements.popFirst() } }
  }
}

extension Trait where Self == ConditionTrait {
  /// Skips where faults cannot be made.
  static var needsFaultShim: Self {
    .enabled(if: FaultShim.library != nil, "needs a C compiler for Tests/faults/fault.c")
  }
}
