import Foundation
import Support
import Tokenizers

/// Byte-pair encoding as one would explain it: look at all pairs, merge the leftmost one of the lowest rank, repeat.
func naiveEncoding(of piece: [UInt8], ranks: [[[UInt8]]: Int]) -> [[UInt8]] {
  var parts = piece.map { [$0] }
  while true {
    let pairs = parts.indices.dropLast().compactMap { index in
      ranks[[parts[index], parts[index + 1]]].map { (rank: $0, index: index) }
    }
    guard let best = pairs.min(by: { ($0.rank, $0.index) < ($1.rank, $1.index) }) else { return parts }
    parts[best.index...best.index + 1] = [parts[best.index] + parts[best.index + 1]]
  }
}

/// Learning merges as one would explain it: count all pairs of all pieces anew, merge the most frequent one, repeat. Of
/// equally frequent pairs the lexicographically greater one wins.
func naiveMerges(of pieces: [[UInt8]], count: Int) -> [[[UInt8]]] {
  var words = pieces.map { $0.map { [$0] } }
  var merges: [[[UInt8]]] = []
  while merges.count < count {
    var counts: [[[UInt8]]: Int] = [:]
    for word in words {
      for index in word.indices.dropLast() { counts[[word[index], word[index + 1]], default: 0] += 1 }
    }
    let best = counts.max { one, other in
      one.value != other.value
        ? one.value < other.value
        : one.key[0] != other.key[0]
          ? one.key[0].lexicographicallyPrecedes(other.key[0]) : one.key[1].lexicographicallyPrecedes(other.key[1])
    }
    guard let pair = best?.key else { break }
    merges.append(pair)
    for index in words.indices {
      var merged: [[UInt8]] = []
      for part in words[index] {
        if part == pair[1], merged.last == pair[0], merged.count > 0 {
          merged[merged.count - 1] += part
        } else {
          merged.append(part)
        }
      }
      words[index] = merged
    }
  }
  return merges
}

/// The pieces of `text`, as the scanner cuts them.
func pieces(of text: [UInt8], _ preTokenizer: PreTokenizer) -> [[UInt8]] {
  text.withUnsafeBufferPointer { bytes in
    var scanner = PieceScanner(bytes, preTokenizer)
    var pieces: [[UInt8]] = []
    while let range = scanner.next() { pieces.append(Array(bytes[range])) }
    return pieces
  }
}

func pieces(of text: String, _ preTokenizer: PreTokenizer) -> [String] {
  pieces(of: Array(text.utf8), preTokenizer).map { String(decoding: $0, as: UTF8.self) }
}

extension SeededGenerator {
  /// A text of up to `count` of `parts`.
  mutating func text(of parts: [String], upTo count: Int) -> String {
    (0..<Int.random(in: 0...count, using: &self)).map { _ in parts.randomElement(using: &self)! }.joined()
  }

  mutating func bytes(upTo count: Int) -> [UInt8] {
    (0..<Int.random(in: 0...count, using: &self)).map { _ in UInt8.random(in: .min ... .max, using: &self) }
  }
}

/// What texts are made of in these tests: everything the patterns look at, in several scripts.
let textParts =
  [
    "a", "b", "Z", "é", "ß", "ſ", "β", "我", "한", "हि", "0", "1", "9", "٣", "²", "Ⅳ", " ", " ", " ", "\t", "\n", "\r",
    "\r\n",
    "\u{A0}", "\u{3000}", "'", "'s", "'S", "'t", "'re", "'VE", "'ll", "'d", "'ſ", ".", ",", "!?", "-", "_", "<|", "|>",
    "😀",
    "👩‍👩‍👧", "e\u{301}", "\u{200B}", "the", " and", " he", "ing",
  ]

/// A tokenizer of a few hundred tokens, learned from English.
let smallTokenizer: Tokenizer = {
  let text = """
    The quick brown fox jumps over the lazy dog. The dog doesn't mind: it's lazy, isn't it? They're running and jumping,
    and there is nothing that they'd rather be doing than running around in the garden, where the other animals are.
    """
  // swift-format-ignore: NeverUseForceTry
  return try! Tokenizer.train(
    on: [Array(text.utf8)], vocabularySize: 350, specialTokens: ["<|endoftext|>", "<|end|>", "<|end|>\n"])
}()
