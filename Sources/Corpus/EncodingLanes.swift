import Tokenizers

/// Encodes pieces of text on all cores, with one encoder a core, which caches the words it has seen.
///
/// A piece's tokens depend on nothing but the piece, so the result is the same for any number of cores.
struct EncodingLanes {
  private var lanes: Lanes<Tokenizer.Encoder>

  init(_ tokenizer: Tokenizer) { lanes = Lanes(Tokenizer.Encoder(tokenizer)) }

  /// The tokens of each piece.
  mutating func encode(_ pieces: [TextPiece]) -> [[Int32]] {
    lanes.map(Self.groups(of: pieces)) { encoder, place in
      var tokens: [Int32] = []
      encoder.append(pieces[place].bytes, to: &tokens)
      return tokens
    }
  }

  /// Neighbouring pieces in groups of at least 64 KiB: enough work to be worth a thread.
  private static func groups(of pieces: [TextPiece]) -> [Range<Int>] {
    var groups: [Range<Int>] = []
    var (start, bytes) = (0, 0)
    for (place, piece) in pieces.enumerated() {
      bytes += piece.bytes.count
      if bytes >= 1 << 16 || place == pieces.count - 1 {
        groups.append(start..<place + 1)
        (start, bytes) = (place + 1, 0)
      }
    }
    return groups
  }
}
