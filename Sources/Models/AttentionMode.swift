import Autograd
import Kernels

/// Where the keys and values of attention come from.
public enum AttentionMode {
  /// The tokens themselves, as in training.
  case sequences(SequenceLayout)
  /// For each text the cache of its tokens before, then its tokens, as many for each; a token sees at most `window` of them.
  case cached([KeyValueCache], window: Int? = nil)

  /// The position of each of `count` tokens.
  func positions(count: Int) -> [Int32] {
    switch self {
    case .sequences(let layout): layout.positions
    case .cached(let caches, _):
      caches.flatMap { ($0.length..<$0.length + count / caches.count).map(Int32.init) }
    }
  }
}

extension AttentionMode {
  /// The embeddings [B, T, C] of the tokens with noise on them, if there is any.
  func adding(_ noise: EmbeddingNoise?, to embeddings: Tensor) -> Tensor {
    guard let noise else { return embeddings }
    guard case .sequences(let layout) = self else { preconditionFailure("noise is for training") }
    return noise.added(to: embeddings, layout: layout)
  }

  /// The same with at most `window` keys for a token, itself and those before it.
  func windowed(to window: Int) -> AttentionMode {
    switch self {
    case .sequences(let layout): .sequences(layout.windowed(to: window))
    case .cached(let caches, _): .cached(caches, window: window)
    }
  }

  /// One more than the last position of the tokens, of which there are `count`.
  func reach(count: Int) -> Int {
    switch self {
    case .sequences(let layout): Int(layout.positions.max() ?? -1) + 1
    case .cached(let caches, _): (caches.map(\.length).max() ?? 0) + count / caches.count
    }
  }

  /// Attention of packed queries, keys and values [B, T, (H + 2 G) D] in the given layer; scores are multiplied by `scale`, by
  /// default 1 / sqrt(D). `precision` is that of its products.
  func attend(
    _ packed: consuming Tensor, heads: Int, keyHeads: Int, layer: Int, rotary: (any Rotation)?, scale: Float? = nil,
    precision: ProductPrecision
  ) -> Tensor {
    switch self {
    case .sequences(let layout):
      return selfAttention(
        packed, heads: heads, keyHeads: keyHeads, layout: layout, rotary: rotary, scale: scale,
        precision: precision)
    case .cached(let caches, let window):
      return cachedSelfAttention(
        packed, heads: heads, keyHeads: keyHeads, offsets: caches.map(\.length),
        caches: caches.map { $0.layers[layer] }, rotary: rotary, window: window, scale: scale, precision: precision)
    }
  }
}

/// The keys and values of all tokens of one text so far.
public final class KeyValueCache {
  let layers: [KeyValueLayer]
  /// The number of positions it holds.
  public internal(set) var length = 0
  /// The tokens that it holds, and which of several tables of rotary angles their keys were rotated by.
  var tokens: [Int32] = []
  var variant = 0
  /// The largest number of positions it can hold.
  public let capacity: Int

  /// An empty cache for a model.
  public init(for model: any LanguageModel, capacity: Int) {
    let shape = model.backbone.cacheShape
    self.capacity = capacity
    layers = (0..<shape.layers).map { _ in KeyValueLayer(capacity: capacity, width: shape.width) }
  }

  private init(copying other: KeyValueCache) {
    layers = other.layers.map(KeyValueLayer.init(branchOf:))
    (length, tokens, variant) = (other.length, other.tokens, other.variant)
    capacity = other.capacity
  }

  /// An independent copy, for another continuation.
  public func branched() -> KeyValueCache { KeyValueCache(copying: self) }

  /// Removes all positions from `length` on.
  public func truncate(to length: Int) {
    precondition(length >= 0 && length <= self.length, "cannot keep \(length) of \(self.length) positions")
    self.length = length
    tokens.removeLast(tokens.count - length)
  }
}
