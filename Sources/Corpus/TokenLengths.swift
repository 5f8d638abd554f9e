import Tokenizers

/// The bytes of text of each token, to turn a loss per token into bits per byte.
///
///     bits per byte = (sum of the losses in nats) / (ln 2 * bytes of the targets)
///
/// Special tokens have no text: predicting the end of a document costs bits and adds no bytes.
public struct TokenLengths: Sendable {
  private let lengths: [Int32]

  /// The lengths of all tokens of `tokenizer`.
  public init(_ tokenizer: Tokenizer) {
    lengths = (0..<Int32(tokenizer.vocabularySize)).map { id in
      tokenizer.isSpecial(id) ? 0 : Int32(tokenizer.token(id)?.count ?? 0)
    }
  }

  /// The bytes of the targets that are trained; ids outside the tokenizer's vocabulary count none.
  public func bytes(of targets: [Int32]) -> Int {
    targets.reduce(0) { $1 >= 0 && Int($1) < lengths.count ? $0 + Int(lengths[Int($1)]) : $0 }
  }
}
