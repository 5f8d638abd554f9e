import Numerics

/// A story and everything that is true in it.
package struct Story: Sendable {
  /// The story's number in its world.
  package let index: Int
  package let plot: Plot
  /// The story in UTF-8 (its characters are ASCII), without a line break at the end.
  package let bytes: [UInt8]
  /// The people, things and places, what happened, and how everything is in the end.
  package let world: World

  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Whether the story belongs to the held-out part: one in sixteen, by a hash of its text, so that the same text is
  /// never on both sides.
  package var isHeldOut: Bool { fingerprint >> 60 == 0 }

  /// The 64-bit FNV-1a hash of the text.
  var fingerprint: UInt64 { bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 } }
}

/// Stories without end: story i is the same for the same seed, on every machine.
package struct StoryWorld: Sendable {
  package let seed: UInt64

  package init(seed: UInt64) { self.seed = seed }

  package func story(_ index: Int) -> Story {
    var random = SplitMix64(seed: seed, stream: UInt64(bitPattern: Int64(index)))
    let plot = random.pick(Plot.allCases)
    var stage = Stage(for: plot, random: random)
    plot.play(&stage)
    return Story(index: index, plot: plot, bytes: stage.teller.bytes, world: stage.world)
  }
}
