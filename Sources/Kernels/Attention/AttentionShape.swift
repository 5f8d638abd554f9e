/// The shape of packed queries, keys and values.
package struct AttentionShape: Sendable {
  package let sequences: Int
  package let length: Int
  package let heads: Int
  package let keyHeads: Int
  package let dimension: Int

  package init(sequences: Int, length: Int, heads: Int, keyHeads: Int, dimension: Int) {
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
  var group: Int { heads / keyHeads }
  var scale: Float { 1 / Float(dimension).squareRoot() }
  /// A zero that the compiler does not see to be one.
  var zero: Float { scale - scale }
  func keyOffset(_ head: Int) -> Int { (heads + head / group) * dimension }
  func valueOffset(_ head: Int) -> Int { (heads + keyHeads + head / group) * dimension }
}
