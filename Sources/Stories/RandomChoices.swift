import Numerics

/// The choices that a story makes.
extension SplitMix64 {
  /// A generator whose numbers depend on `seed` and `stream` alone; different streams are unrelated.
  init(seed: UInt64, stream: UInt64) {
    var base = SplitMix64(state: seed)
    var offset = SplitMix64(state: stream ^ 0x6A09_E667_F3BC_C909)
    self.init(state: base.next() ^ offset.next())
  }

  /// A whole number in `0..<bound`.
  mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "a bound must be positive, not \(bound)")
    return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  mutating func number(in range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

  /// True `percent` times out of a hundred.
  mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

  /// Fisher and Yates.
  mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
    var elements = elements
    for last in stride(from: elements.count - 1, to: 0, by: -1) { elements.swapAt(last, below(last + 1)) }
    return elements
  }
}
