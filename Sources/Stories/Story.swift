/// A story and everything that is true in it.
public struct Story: Sendable {
  /// The story's number in its world.
  public let index: Int
  public let plot: Plot
  /// The story in UTF-8 (its characters are ASCII), without a line break at the end.
  public let bytes: [UInt8]
  public let people: [Person]
  public let things: [Thing]
  public let places: [Place]
  /// What happens, in the order in which it happens.
  public let events: [Event]
  /// For each event, whether a sentence of its own tells it. The others show in the sentences around them.
  public let isTold: [Bool]
  /// For each event, the reason that the text gives for it: "she had lost her ball".
  public let reasons: [String?]
  /// Who holds each thing in the end.
  public let holders: [Person.ID?]
  /// How many goods of a kind everybody has in the end: `stock[thing][person]`.
  public let stock: [[Int]]

  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Whether the story belongs to the held-out part: one in sixteen, by a hash of its text, so that the same text is
  /// never on both sides.
  public var isHeldOut: Bool { bytes.fingerprint >> 60 == 0 }
}

extension [UInt8] {
  /// The 64-bit FNV-1a hash.
  var fingerprint: UInt64 {
    reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}
