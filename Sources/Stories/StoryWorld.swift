import Numerics

/// A world of stories: story i is the same for the same seed, on every machine.
public struct StoryWorld: Sendable {
  public let seed: UInt64

  public init(seed: UInt64) {
    self.seed = seed
  }

  public func story(_ index: Int) -> Story {
    var random = SplitMix64(seed: seed, stream: UInt64(bitPattern: Int64(index)))
    let plot = random.pick(Plot.allCases)
    var stage = Stage(for: plot, random: random)
    plot.play(&stage)
    return Story(
      index: index, plot: plot, bytes: stage.teller.bytes, people: stage.world.people, things: stage.world.things,
      places: stage.world.places, events: stage.world.log, isTold: stage.isTold, reasons: stage.reasons,
      holders: stage.world.things.indices.map { stage.world.holder(of: Thing.ID(index: $0)) },
      stock: stage.world.stock)
  }
}
