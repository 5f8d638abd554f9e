import Autograd
import Kernels

/// A transformer without a head: embeddings and blocks, which turn tokens into hidden states [B, T, C]. A head turns these
/// into logits (a language model), one number (a reward model), or there is none (an encoder).
public protocol Backbone: Module {
  /// V, the number of tokens it knows.
  var vocabularySize: Int { get }
  /// The longest sequence it takes.
  var maximumPositions: Int { get }
  /// The number of blocks, and G D: the width of a block's keys, and of its values, of one position.
  var cacheShape: (layers: Int, width: Int) { get }
  /// The sizes that its cost follows from.
  var dimensions: ModelDimensions { get }
  /// A number that changes with the length of a text where all keys in a cache have to be computed again.
  func cacheVariant(reach: Int) -> Int
  /// A number that changes with the length of a text where its tokens are rotated by other angles.
  func rotationVariant(reach: Int) -> Int
  /// The final hidden states [B, T, C] of tokens [B T], with noise on their embeddings if there is any.
  func hiddenStates(
    _ tokens: [Int32], shape: Shape, attention: AttentionMode, recompute: Bool, noise: EmbeddingNoise?
  ) -> Tensor
}

extension Backbone {
  public func cacheVariant(reach: Int) -> Int { 0 }
  public func rotationVariant(reach: Int) -> Int { 0 }
}

/// A backbone with a head that turns hidden states into logits over the vocabulary.
public protocol LanguageModel: Module {
  /// Computes the hidden states.
  var backbone: any Backbone { get }
  /// Turns hidden states into logits.
  var head: Head { get }
}

extension LanguageModel {
  /// V, the number of tokens it knows.
  public var vocabularySize: Int { backbone.vocabularySize }
  /// The longest sequence it takes.
  public var maximumPositions: Int { backbone.maximumPositions }

  /// The final hidden states [B, T, C] of tokens [B T], with noise on their embeddings if there is any.
  public func hiddenStates(
    _ tokens: [Int32], shape: Shape, attention: AttentionMode, recompute: Bool, noise: EmbeddingNoise? = nil
  ) -> Tensor {
    backbone.hiddenStates(tokens, shape: shape, attention: attention, recompute: recompute, noise: noise)
  }

  /// The logits [B, T, V] of tokens [B T], all in memory at once: for tests and small models.
  public func logits(_ tokens: [Int32], shape: Shape, layout: SequenceLayout) -> Tensor {
    head.logits(hiddenStates(tokens, shape: shape, attention: .sequences(layout), recompute: false))
  }

  /// The logits [V] of the token after `tokens`, which follow what the cache holds and are added to it.
  public func nextTokenLogits(_ tokens: [Int32], cache: KeyValueCache) -> Tensor {
    let hidden = extend(cache, by: tokens)
    let columns = hidden.shape[2]
    let last = Tensor(
      storage: hidden.storage, offset: hidden.offset + (tokens.count - 1) * columns, shape: [1, columns])
    return head.logits(last).viewed(as: [vocabularySize])
  }

  /// The same, computed `chunk` tokens at a time to bound the memory of a long text; where angles follow from its length, all at once.
  public func nextTokenLogits(_ tokens: [Int32], chunk: Int, cache: KeyValueCache) -> Tensor {
    precondition(chunk > 0, "no chunks of \(chunk) tokens")
    let variants = [min(chunk, tokens.count), tokens.count].map { backbone.rotationVariant(reach: cache.length + $0) }
    let size = variants[0] == variants[1] ? chunk : tokens.count
    let last = (tokens.count - 1) / size * size
    for start in stride(from: 0, to: last, by: size) { _ = extend(cache, by: Array(tokens[start..<start + size])) }
    return nextTokenLogits(Array(tokens[last...]), cache: cache)
  }

  /// The logits [B, V] after one token more of each of B texts, which is added to its cache: one product for all of them. A text
  /// that is rotated by other angles than the others is computed alone.
  public func nextTokenLogits(_ tokens: [Int32], caches: [KeyValueCache]) -> Tensor {
    precondition(tokens.count == caches.count, "\(tokens.count) tokens for \(caches.count) caches")
    var logits = Tensor(uninitialized: [tokens.count, vocabularySize])
    let groups = Dictionary(grouping: caches.indices) { backbone.rotationVariant(reach: caches[$0].length + 1) }
    for texts in groups.values {
      let variant = backbone.cacheVariant(reach: caches[texts[0]].length + 1)
      let together = texts.filter { caches[$0].variant == variant || caches[$0].length == 0 }
      let parts = together.isEmpty ? [] : [together]
      for part in parts + texts.filter({ !together.contains($0) }).map({ [$0] }) {
        let computed = nextTokenLogits(part.map { tokens[$0] }, extending: part.map { caches[$0] })
        for (row, text) in part.enumerated() {
          copy(
            logits.mutableBuffer[text * vocabularySize..<(text + 1) * vocabularySize],
            computed.buffer[row * vocabularySize..<(row + 1) * vocabularySize])
        }
      }
    }
    return logits
  }

  /// The same for caches of one variant, or for one cache.
  private func nextTokenLogits(_ tokens: [Int32], extending caches: [KeyValueCache]) -> Tensor {
    if caches.count == 1 { return nextTokenLogits(tokens, cache: caches[0]) }
    precondition(caches.allSatisfy { $0.length < $0.capacity }, "a cache is too small")
    let hidden = hiddenStates(tokens, shape: [tokens.count, 1], attention: .cached(caches), recompute: false)
    for (cache, token) in zip(caches, tokens) {
      cache.variant = backbone.cacheVariant(reach: cache.length + 1)
      cache.length += 1
      cache.tokens.append(token)
    }
    return head.logits(hidden).viewed(as: [tokens.count, vocabularySize])
  }

  /// Adds tokens to the cache and returns their final hidden states [1, n, C]. Where the text becomes so long that all of it
  /// is rotated by other angles, the cache is filled anew (as `Phi3ForCausalLM.prepare_inputs_for_generation` does).
  private func extend(_ cache: KeyValueCache, by tokens: [Int32]) -> Tensor {
    precondition(!tokens.isEmpty && cache.length + tokens.count <= cache.capacity, "the cache is too small")
    let variant = backbone.cacheVariant(reach: cache.length + tokens.count)
    var added = tokens
    if variant != cache.variant, cache.length > 0 {
      added = cache.tokens + tokens
      cache.truncate(to: 0)
    }
    cache.variant = variant
    let hidden = hiddenStates(added, shape: [1, added.count], attention: .cached([cache]), recompute: false)
    cache.length += added.count
    cache.tokens += added
    let columns = hidden.shape[2]
    return Tensor(
      storage: hidden.storage, offset: hidden.offset + (added.count - tokens.count) * columns,
      shape: [1, tokens.count, columns])
  }

  /// Floating point operations of one training step; see `ModelDimensions`.
  public func trainingFLOPs(tokens: Int, supervised: Int? = nil, length: Int) -> Double {
    backbone.dimensions.trainingFLOPs(
      tokens: Double(tokens), supervised: supervised.map(Double.init), length: Double(length))
  }
}
