import Autograd
import Kernels

/// Noise on the embeddings during training (NEFTune; Jain et al. 2023, arXiv:2310.05914): uniform in [-1, 1] times
/// alpha / sqrt(L C), for a document of L tokens and C channels.
public struct EmbeddingNoise: Sendable {
  let alpha: Double
  let seed: UInt64

  /// Noise of strength `alpha`: a function of `seed` and of the position in the batch, so that each batch needs its own seed.
  public init(alpha: Double, seed: UInt64) {
    self.alpha = alpha
    self.seed = seed
  }

  /// `embeddings` [B, T, C] with the noise.
  package func added(to embeddings: Tensor, layout: SequenceLayout) -> Tensor {
    let (rows, columns, channels) = (embeddings.shape[0], embeddings.shape[1], embeddings.shape[2])
    var generator = Generator(seed: seed)
    let strengths = documentLengths(layout).map { length in
      Float(alpha / (Double(length) * Double(channels)).squareRoot())
    }
    let noise = generator.uniform(embeddings.shape, in: -1...1) * Tensor(strengths, shape: [rows, columns, 1])
    return embeddings + noise
  }

  /// The number of tokens of the document of each token; a document begins where a row does and at position 0.
  private func documentLengths(_ layout: SequenceLayout) -> [Int] {
    let positions = layout.positions
    var lengths = [Int](repeating: 0, count: positions.count)
    var first = 0
    for token in 1...positions.count
    where token == positions.count || token % layout.columns == 0 || positions[token] == 0 {
      for member in first..<token { lengths[member] = token - first }
      first = token
    }
    return lengths
  }
}
