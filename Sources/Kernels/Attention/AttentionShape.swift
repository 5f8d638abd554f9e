/// The shape of packed queries, keys and values: a row [q (H D) | k (G D) | v (G D)] a token, for B sequences of T tokens, H
/// query heads and G key heads of D channels.
package struct AttentionShape: Sendable {
  package let sequences: Int
  package let length: Int
  package let heads: Int
  package let keyHeads: Int
  package let dimension: Int
  /// What scores are multiplied by.
  let scale: Float

  /// A shape as given; scores are multiplied by `scale`, by default 1 / sqrt(D).
  package init(sequences: Int, length: Int, heads: Int, keyHeads: Int, dimension: Int, scale: Float? = nil) {
    self.scale = scale ?? 1 / Float(dimension).squareRoot()
    self.sequences = sequences
    self.length = length
    self.heads = heads
    self.keyHeads = keyHeads
    self.dimension = dimension
  }

  /// Floats in a row of queries, keys and values.
  package var stride: Int { (heads + 2 * keyHeads) * dimension }
  /// Floats in a row of queries, or of the output.
  package var width: Int { heads * dimension }
  /// Floats in a row of keys, or of values.
  package var keyWidth: Int { keyHeads * dimension }
  /// Query heads that share a key head.
  var group: Int { heads / keyHeads }
  /// Zero, but not a constant: of a loop that stores a constant zero the compiler makes a call of `memset`, which takes longer
  /// for the few blocks that a tile has.
  var zero: Float { scale - scale }

  func keyOffset(_ head: Int) -> Int { (heads + head / group) * dimension }
  func valueOffset(_ head: Int) -> Int { (heads + keyHeads + head / group) * dimension }

  /// The queries [T, D] of a head of a sequence in packed rows.
  func queries(_ packed: UnsafePointer<Float>, _ sequence: Int, _ head: Int) -> RawMatrix {
    part(packed, sequence, head * dimension)
  }

  /// The keys [T, D] that a query head of a sequence sees, in packed rows.
  func keys(_ packed: UnsafePointer<Float>, _ sequence: Int, _ head: Int) -> RawMatrix {
    part(packed, sequence, keyOffset(head))
  }

  /// The values [T, D] that a query head of a sequence sees, in packed rows.
  func values(_ packed: UnsafePointer<Float>, _ sequence: Int, _ head: Int) -> RawMatrix {
    part(packed, sequence, valueOffset(head))
  }

  private func part(_ packed: UnsafePointer<Float>, _ sequence: Int, _ offset: Int) -> RawMatrix {
    RawMatrix(packed + sequence * length * stride + offset, rows: length, columns: dimension, stride: stride)
  }

  /// The output [T, D] of a head of a sequence in rows of all heads.
  func output(_ out: UnsafePointer<Float>, _ sequence: Int, _ head: Int) -> RawMatrix {
    RawMatrix(
      out + sequence * length * width + head * dimension, rows: length, columns: dimension, stride: width)
  }
}
