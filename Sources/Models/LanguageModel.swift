import Autograd

/// A decoder-only transformer over tokens.
public protocol LanguageModel: Module {
  /// The number of tokens it knows.
  var vocabularySize: Int { get }
  /// The longest sequence it takes.
  var maximumPositions: Int { get }
  /// The matrix [V, C] that turns hidden states into logits.
  var head: Parameter { get }
  /// The number of blocks, and the numbers per position that a block's keys, and its values, take.
  var cacheShape: (layers: Int, width: Int) { get }
  /// The width of all queries of a position, H D.
  var attentionWidth: Int { get }
  /// The number of weights that every token is multiplied with: all matrices but tables that are looked up.
  var multipliedWeights: Int { get }
  /// The final hidden states [B, T, C] of tokens [B T], with noise on their embeddings if there is any.
  func hiddenStates(
    _ tokens: [Int32], shape: Shape, attention: AttentionMode, recompute: Bool, noise: EmbeddingNoise?
  ) -> Tensor
}

/// What a model's attention reads.
public enum AttentionMode {
  /// The tokens themselves, as in training.
  case sequences(TokenPlaces)
  /// What a cache holds and the tokens that follow it.
  case cached(KeyValueCache)

  /// The position of each token.
  func positions(count: Int) -> [Int32] {
    switch self {
    case .sequences(let places): places.positions
    case .cached(let cache): (cache.length..<cache.length + count).map(Int32.init)
    }
  }
}

extension AttentionMode {
  /// The embeddings [B, T, C] of the tokens with noise on them, if there is any.
  func adding(_ noise: EmbeddingNoise?, to embeddings: Tensor) -> Tensor {
    guard let noise else { return embeddings }
    guard case .sequences(let places) = self else { preconditionFailure("noise is for training") }
    return noise.added(to: embeddings, documentStarts: places.documentStarts)
  }

  /// Attention of packed queries, keys and values [B, T, (H + 2 G) D] in the given layer.
  func attend(_ packed: consuming Tensor, heads: Int, keyHeads: Int, layer: Int, rotary: RotaryTable?) -> Tensor {
    switch self {
    case .sequences(let places):
      return selfAttention(packed, heads: heads, keyHeads: keyHeads, places: places, rotary: rotary)
    case .cached(let cache):
      return cachedSelfAttention(
        packed, heads: heads, keyHeads: keyHeads, offset: cache.length, cache: &cache.layers[layer], rotary: rotary)
    }
  }
}

/// The keys and values of everything a model has seen of one text.
public final class KeyValueCache {
  var layers: [KeyValueLayer]
  /// How many positions it holds.
  public internal(set) var length = 0
  /// How many positions it can hold.
  public let capacity: Int

  /// An empty cache for a model.
  public init(for model: any LanguageModel, capacity: Int) {
    let shape = model.cacheShape
    self.capacity = capacity
    layers = (0..<shape.layers).map { _ in KeyValueLayer(capacity: capacity, width: shape.width) }
  }

  private init(copying other: KeyValueCache) {
    layers = other.layers
    length = other.length
    capacity = other.capacity
  }

  /// A cache that goes on from here on its own.
  public func branched() -> KeyValueCache { KeyValueCache(copying: self) }

  /// Forgets all positions from `length` on.
  public func truncate(to length: Int) {
    precondition(length >= 0 && length <= self.length, "cannot keep \(length) of \(self.length) positions")
    self.length = length
  }
}

extension LanguageModel {
  /// The final hidden states [B, T, C] of tokens [B T].
  public func hiddenStates(_ tokens: [Int32], shape: Shape, attention: AttentionMode, recompute: Bool) -> Tensor {
    hiddenStates(tokens, shape: shape, attention: attention, recompute: recompute, noise: nil)
  }

  /// logits [B, T, V] of tokens [B T], whole in memory: for tests and small models.
  public func logits(_ tokens: [Int32], shape: Shape, places: TokenPlaces) -> Tensor {
    linear(hiddenStates(tokens, shape: shape, attention: .sequences(places), recompute: false), head.tensor)
  }

  /// The logits [V] that follow `tokens`, which follow what the cache holds; the cache then holds them too.
  public func nextTokenLogits(_ tokens: [Int32], cache: KeyValueCache) -> Tensor {
    let hidden = extend(cache, by: tokens)
    let columns = hidden.shape[2]
    let last = Tensor(storage: hidden.storage, offset: (tokens.count - 1) * columns, shape: [1, columns])
    return linear(last, head.value).viewed(as: [vocabularySize])
  }

  /// The same, computed `chunk` tokens at a time, which bounds the memory that a long text takes.
  public func nextTokenLogits(_ tokens: [Int32], chunk: Int, cache: KeyValueCache) -> Tensor {
    precondition(chunk > 0, "no chunks of \(chunk) tokens")
    let last = (tokens.count - 1) / chunk * chunk
    for start in stride(from: 0, to: last, by: chunk) { _ = extend(cache, by: Array(tokens[start..<start + chunk])) }
    return nextTokenLogits(Array(tokens[last...]), cache: cache)
  }

  /// Puts tokens into the cache; their final hidden states [1, n, C].
  private func extend(_ cache: KeyValueCache, by tokens: [Int32]) -> Tensor {
    precondition(!tokens.isEmpty && cache.length + tokens.count <= cache.capacity, "the cache is too small")
    defer { cache.length += tokens.count }
    return hiddenStates(tokens, shape: [1, tokens.count], attention: .cached(cache), recompute: false)
  }

  /// Floating point operations of one training step on `tokens` tokens in sequences of `length`: 6 a matrix weight and
  /// token, the head included once and only at the `supervised` tokens, by default all of them, and causal attention (half
  /// of 12 L T H D a token).
  public func trainingFLOPs(tokens: Int, supervised: Int? = nil, length: Int) -> Double {
    let (everywhere, atHead) = (multipliedWeights - head.shape.count, head.shape.count)
    return 6 * Double(tokens) * Double(everywhere + cacheShape.layers * length * attentionWidth)
      + 6 * Double(supervised ?? tokens) * Double(atHead)
  }
}
