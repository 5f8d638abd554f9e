/// Passes text on up to the first stop string, holding back what may still become one.
///
/// The output does not depend on how the text was split into pieces.
package struct StopFilter {
  private let stops: [[UInt8]]
  private var held: [UInt8] = []
  /// What each held byte is.
  private var kinds: [Kind] = []

  private enum Kind {
    case shown
    /// The first byte of a text that is never shown.
    case hidden
    /// One of its other bytes, where no stop string begins.
    case insideHidden
  }

  /// Whether a stop string has occurred; nothing more is passed on.
  package private(set) var isStopped = false

  /// A filter for `stops`, none of which is empty.
  package init(_ stops: [String]) {
    precondition(!stops.contains(""), "an empty string cannot stop a text")
    self.stops = stops.map { Array($0.utf8) }
  }

  /// The text that is certain to come before any stop string, now that `text` has followed.
  package mutating func append(_ text: String) -> String {
    if isStopped { return "" }
    return stops.isEmpty ? text : append(Array(text.utf8), isShown: true)
  }

  /// The same for what a stop string may have in it although it is never shown: the text of a special token, all of it.
  package mutating func append(hidden bytes: [UInt8]) -> String {
    isStopped || stops.isEmpty ? "" : append(bytes, isShown: false)
  }

  private mutating func append(_ bytes: [UInt8], isShown: Bool) -> String {
    for (index, byte) in bytes.enumerated() {
      held.append(byte)
      kinds.append(isShown ? .shown : index == 0 ? .hidden : .insideHidden)
      if !isShown, index < bytes.count - 1 { continue }
      if let stop = stops.filter({ endsWhole(with: $0, $0.count) }).max(by: { $0.count < $1.count }) {
        isStopped = true
        held.removeLast(stop.count)
        return finish()
      }
    }
    let kept = stops.map { stop in (1..<stop.count).last { endsWhole(with: stop, $0) } ?? 0 }.max() ?? 0
    return release(held.count - kept)
  }

  /// Whether the last `count` held bytes are the first `count` of a stop string, and begin with no part of a hidden text.
  private func endsWhole(with stop: [UInt8], _ count: Int) -> Bool {
    held.ends(with: stop, count) && held.count >= count && kinds[held.count - count] != .insideHidden
  }

  /// The shown part of the first `count` held bytes, which are held no longer.
  private mutating func release(_ count: Int) -> String {
    let shown = zip(held[..<count], kinds).filter { $1 == .shown }.map(\.0)
    held.removeFirst(count)
    kinds.removeFirst(count)
    return String(decoding: shown, as: UTF8.self)
  }

  /// What was held back, when no text follows.
  package mutating func finish() -> String {
    defer { kinds = [] }
    return release(held.count)
  }
}

extension [UInt8] {
  /// Whether the last `count` bytes are the first `count` of `other`.
  fileprivate func ends(with other: [UInt8], _ count: Int) -> Bool {
    suffix(count).elementsEqual(other.prefix(count))
  }
}
