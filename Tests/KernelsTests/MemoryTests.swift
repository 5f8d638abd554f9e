import Kernels
import Support
import Testing

@Suite struct MemoryTests {
  @Test func capacitiesAreAtMostAnEighthLarger() {
    for count in Array(0...5000) + [65_537, 1_000_003, (1 << 31) + 1] {
      let capacity = Memory.capacity(for: count)
      #expect(capacity >= count && capacity % 16 == 0)
      #expect(count < 128 || capacity <= count + count / 8)
      #expect(Memory.capacity(for: capacity) == capacity)
    }
  }

  /// A size that nobody else asks for, so that tests running at the same time do not disturb the count.
  @Test func whatIsReleasedIsUsedAgain() {
    let count = 7_654_321
    let first = Memory.allocate(count)
    #expect(Int(bitPattern: first) % 64 == 0)
    first[count - 1] = 1
    Memory.release(first, count: count)
    let second = Memory.allocate(count - 100)
    #expect(second == first)
    let third = Memory.allocate(count)
    #expect(third != second)
    Memory.release(second, count: count - 100)
    Memory.release(third, count: count)
  }

  @Test func usageIsCounted() {
    let before = Memory.usage
    let buffer = Memory.allocate(100 << 20)
    let during = Memory.usage
    // Other tests come and go, none of them with 400 MB.
    #expect(during.live - before.live > 300 << 20 && during.peak >= during.live)
    Memory.release(buffer, count: 100 << 20)
    #expect(Memory.usage.live - before.live < 100 << 20)
    Memory.trim()
    #expect(Memory.usage.pooled < 400 << 20)
  }
}
