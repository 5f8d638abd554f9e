import Stories
import Testing

struct StoryWorldTests {
  /// Changing the story world changes this number, and with it every corpus, run and figure made from it.
  @Test func theFirstHundredStoriesArePinned() {
    let world = StoryWorld(seed: 1337)
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for index in 0..<100 {
      for byte in world.story(index).bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
    #expect(hash == 7_298_849_953_815_142_645)
  }

  @Test func aStoryDependsOnItsSeedAndIndexAlone() {
    let world = StoryWorld(seed: 5)
    let forward = (0..<50).map { world.story($0) }
    for index in (0..<50).reversed() {
      let again = StoryWorld(seed: 5).story(index)
      #expect(again.bytes == forward[index].bytes)
      #expect(again.world.events == forward[index].world.events)
    }
    let others = (0..<50).filter { StoryWorld(seed: 6).story($0).bytes == forward[$0].bytes }
    #expect(others.isEmpty)
  }

  @Test func fewStoriesAreToldTwice() {
    let world = StoryWorld(seed: 2)
    var seen = Set<[UInt8]>()
    let count = 20_000
    for index in 0..<count { seen.insert(world.story(index).bytes) }
    #expect(count - seen.count < 20, "\(count - seen.count) of \(count) stories repeat another")
  }

  @Test func everyPlotHasItsShare() {
    let world = StoryWorld(seed: 3)
    var counts: [Plot: Int] = [:]
    for index in 0..<4000 { counts[world.story(index).plot, default: 0] += 1 }
    for plot in Plot.allCases {
      #expect(counts[plot, default: 0] > 2000 / Plot.allCases.count, "\(plot)")
    }
  }
}
