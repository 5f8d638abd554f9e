import Files
import Models
import Tokenizers

/// A model on disk: opening it reads the configuration and the tokenizer, weights are read on demand.
package struct StoredModel {
  package let configuration: any ModelConfiguration
  package let tokenizer: Tokenizer?
  /// The Jinja template that turns messages into a prompt; empty if the model has none.
  package let chatTemplate: String
  /// The tokens that end a text; nil for the tokenizer's.
  package let endTokens: [Int32]?
  /// The token that begins a text where nothing else does; nil for the tokenizer's.
  package let beginningToken: Int32?
  /// The number of training steps that the weights have had.
  package let step: Int
  /// Remarks for the user, a line each.
  package let notes: [String]
  /// The tokens of the tokenizer's files that the model has no rows for.
  let tokensLeftOut: [String]
  let weights: any WeightSource
  /// The adapter that the weights are the base of; nil for a model that is whole.
  package var adapter: StoredAdapter?

  /// A model from the parts that the reader of a file format has found.
  ///
  /// - Throws: `.tokenizer` when the tokenizer has more tokens than the model, `.model` when an end token is none of the
  ///   model's.
  package init(
    _ configuration: any ModelConfiguration, tokenizer: Tokenizer?, chatTemplate: String = "",
    endTokens: [Int32]? = nil, beginningToken: Int32? = nil, step: Int = 0, notes: [String] = [],
    weights: any WeightSource, adapter: StoredAdapter? = nil
  ) throws(Failure) {
    let path = weights.path
    var (tokenizer, notes, tokensLeftOut) = (tokenizer, notes, [String]())
    if let whole = tokenizer, whole.vocabularySize > configuration.vocabularySize,
      let (limited, left) = whole.limited(to: configuration.vocabularySize),
      !left.contains(where: { chatTemplate.contains($0.text) })
    {
      tokenizer = limited
      tokensLeftOut = left.map(\.text)
      let names = tokensLeftOut.map { "\"\($0)\"" }.joined(separator: ", ")
      notes.append("tokens that the model has no row for are left out: \(names)")
    }
    if let tokenizer, tokenizer.vocabularySize > configuration.vocabularySize {
      throw Failure(
        .tokenizer, "the tokenizer has more tokens than the model", at: path,
        notes: ["tokenizer \(tokenizer.vocabularySize), model \(configuration.vocabularySize)"])
    }
    for (what, ids) in [("end", endTokens ?? []), ("beginning", beginningToken.map { [$0] } ?? [])] {
      if let id = ids.first(where: { $0 < 0 || $0 >= configuration.vocabularySize }) {
        throw Failure(.model, "the \(what) token \(id) is no token of the model", at: path)
      }
    }
    self.configuration = configuration
    self.tokenizer = try tokenizer.map { (tokenizer) throws(Failure) in try tokenizer.ending(with: endTokens ?? []) }
    self.chatTemplate = chatTemplate
    self.endTokens = endTokens
    self.beginningToken = beginningToken
    self.step = step
    self.notes = notes
    self.tokensLeftOut = tokensLeftOut
    self.weights = weights
    self.adapter = adapter
  }

  /// The file or folder of the model; of its adapter where it has one.
  package var path: String { adapter?.weights.path ?? weights.path }

  /// The model with its weights, all of them as floats or the frozen ones in fewer bits. Every tensor must be there in its shape,
  /// and no other. An adapter is merged into floats; it stays beside few bits, and where the head is adapted that is
  /// the embedding, too.
  package func model() throws(Failure) -> any LanguageModel {
    guard let adapter else { return try base() }
    let model = try adaptedModel(adapter)
    if adapter.settings.form == .floats, !model.cannotMerge { try model.mergeAdapters() }
    return model
  }

  /// Refuses an adapter that cannot be merged into its base, before any weight is read.
  ///
  /// - Throws: `.model` for the adapter of a head that is the embedding, too, and for one that does not fit the base.
  package func checkMerge() throws(Failure) {
    guard let adapter else { return }
    try checkSize()
    try configuration.makeModel(seed: nil).checkMerge(of: adapter.settings.adapter)
  }

  /// The weights without an adapter, all of them as floats or the frozen ones in fewer bits.
  package func base(packing: Packing? = nil) throws(Failure) -> any LanguageModel {
    try checkSize()
    let model = configuration.makeModel(seed: nil)
    if let packing {
      try model.readWeights(from: weights, packing: packing)
    } else {
      try model.readWeights(from: weights)
    }
    return model
  }

  /// The base with its adapter, which is trained.
  ///
  /// - Throws: `.model` for another base than the adapter's, and for one that cannot be kept as it says.
  package func adaptedModel(_ adapter: StoredAdapter) throws(Failure) -> any LanguageModel {
    if let known = adapter.baseDigest {
      let digest = try weightsDigest()
      guard digest == known else {
        throw Failure(
          .model, "the base model is not the one that the adapter was trained on", at: weights.path,
          notes: ["SHA-256 of its weights \(digest), then \(known)", "put it back as it was"])
      }
    }
    let model = try base(packing: packing(for: adapter.settings))
    try adapter.attach(to: model)
    return model
  }

  /// Refuses a configuration with many more parameters than the file has, before any memory is allocated.
  func checkSize() throws(Failure) {
    let stored = weights.shapes.reduce(0) { $0 + ($1.shape?.reduce(1, *) ?? 0) }
    let count = configuration.parameterCount
    // What cannot be read is named when it is.
    if weights.shapes.contains(where: { $0.shape == nil }) { return }
    if let count, count / 2 <= stored { return }
    throw Failure(
      .model, "the configuration is that of another model", at: weights.path,
      notes: ["it describes \(count.map { "\($0)" } ?? "more than 2^63") parameters, the file holds \(stored)"])
  }
}

extension Tokenizer {
  /// This tokenizer with the first of a model's end tokens for its end of text, where its files name none: what its
  /// vocabulary looks like is only a guess.
  fileprivate func ending(with ids: [Int32]) throws(Failure) -> Tokenizer {
    let known = ids.filter { $0 < vocabularySize }
    guard namedTokens["eos_token"] == nil, let end = known.first, endOfText.map(known.contains) != true else {
      return self
    }
    return try with(endOfText: end)
  }
}
