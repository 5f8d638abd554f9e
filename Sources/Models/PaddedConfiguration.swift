import Files

/// A configuration of a model in whose class the token that pads texts is the embedding's `padding_idx`: transformers gives
/// its row no gradient for being looked up, also where the token ends a text besides. A head that is the embedding has its own.
protocol PaddedConfiguration: ModelConfiguration {
  /// The token; nil where all rows learn.
  var paddingToken: Int? { get set }
  /// What transformers' class takes where a config.json leaves the key out.
  static var usualPaddingToken: Int? { get }
}

extension PaddedConfiguration {
  static var usualPaddingToken: Int? { nil }

  static var paddingKeys: [ConfigurationKey<Self>] {
    [
      .read { $0.readPadding(from: &$1) },
      .written("pad_token_id") { $0.paddingToken.map { JSONValue($0) } ?? .null },
    ]
  }

  /// Reads the token, which counts from the vocabulary's end where it is negative.
  private mutating func readPadding(from section: inout SettingsSection) {
    let key = "pad_token_id"
    let given = section.optional(
      key, .integer(from: -Int(Int32.max)),
      "A token whose embedding learns nothing from texts that have it (padding_idx of PyTorch's Embedding)")
    guard let given else {
      let isLeftOut = section.text("model_type") != nil && !section.isNull(key)
      paddingToken = isLeftOut ? Self.usualPaddingToken.flatMap { $0 < vocabularySize ? $0 : nil } : nil
      return
    }
    let isKnown = section.has("vocab_size")
    section.rule(
      key, holds: isKnown,
      "\(key) is a token of the vocabulary that it was written for: leave it out, or say vocab_size beside it")
    let (row, count) = (given < 0 ? vocabularySize + given : given, vocabularySize)
    section.rule(
      key, "vocab_size", holds: !isKnown || (0..<count).contains(row),
      "\(key) (\(given)) is outside the vocabulary of \(count)")
    paddingToken = row
  }
}
