import Kernels
import Support
import Testing

@Suite struct MemoryTests {
  /// Against a list of places, each free or taken.
  @Test(arguments: 1...5 as ClosedRange<UInt64>) func partsDoNotOverlapAndGapsBecomeOne(_ seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var (arena, taken) = (Arena(), [Bool](repeating: false, count: 100_000))
    var parts: [(start: Int, count: Int)] = []
    for _ in 0..<3000 {
      if parts.isEmpty || Int.random(in: 0..<5, using: &generator) < 3 {
        let count = Int.random(in: 1...60, using: &generator)
        let start = arena.take(count)
        #expect(!taken[start..<start + count].contains(true))
        for place in start..<start + count { taken[place] = true }
        parts.append((start, count))
      } else {
        let part = parts.remove(at: Int.random(in: parts.indices, using: &generator))
        for place in part.start..<part.start + part.count { taken[place] = false }
        arena.giveBack(part.start, count: part.count)
      }
      #expect(arena.top == (taken.lastIndex(of: true) ?? -1) + 1)
    }
    for part in parts { arena.giveBack(part.start, count: part.count) }
    #expect(arena.top == 0 && arena.take(90_000) == 0)
  }

  @Test func theSmallestGapThatFitsIsTaken() {
    var arena = Arena()
    let parts = [5, 1, 9, 1, 3, 1, 7, 1].map { count in (start: arena.take(count), count: count) }
    for index in [0, 2, 4, 6] { arena.giveBack(parts[index].start, count: parts[index].count) }
    #expect(arena.take(4) == parts[0].start)
    #expect(arena.take(7) == parts[6].start)
    #expect(arena.take(4) == parts[2].start && arena.take(5) == parts[2].start + 4)
    #expect(arena.take(4) == arena.top - 4)
    #expect(arena.take(1) == parts[0].start + 4)
  }

  @Test func buffersAreAlignedAndTheirOwn() {
    let counts = [0, 1, 63, 64, 65, 5000, 70_001, 1_000_000]
    let buffers = counts.map { Memory.allocate($0) }
    for (index, (buffer, count)) in zip(buffers, counts).enumerated() {
      #expect(Int(bitPattern: buffer) % 64 == 0)
      buffer.update(repeating: Float(index), count: count)
    }
    for (index, (buffer, count)) in zip(buffers, counts).enumerated() {
      let isOwn = (0..<count).allSatisfy { buffer[$0] == Float(index) }
      #expect(isOwn)
      Memory.release(buffer, count: count)
    }
  }

  @Test func usageIsCounted() {
    let before = Memory.usage
    let buffer = Memory.allocate(100 << 20)
    let during = Memory.usage
    // Other tests allocate meanwhile, but none of them 400 MB.
    #expect(during.live - before.live > 300 << 20 && during.peak >= during.live)
    Memory.release(buffer, count: 100 << 20)
    #expect(Memory.usage.live - before.live < 100 << 20)
  }
}
