import Files
import Tokenizers

/// The tokenizer of a Hugging Face folder, as transformers' `from_pretrained` puts it together from several files.
struct HuggingFaceTokenizer {
  /// The folder's tokenizer, nil when it has none: `tokenizer.json`, or GPT-2's `vocab.json` with `merges.txt`.
  static func read(_ path: String) throws(Failure) -> Tokenizer? {
    let names = try Folder.names(in: path, area: .tokenizer)
    if names.contains("tokenizer.json") {
      let source = "\(path)/tokenizer.json"
      return try named(Tokenizer(json: contents(of: source), source: source), in: path)
    }
    if names.contains("vocab.json"), names.contains("merges.txt") {
      let (vocabulary, merges) = ("\(path)/vocab.json", "\(path)/merges.txt")
      let tokenizer = try Tokenizer(
        gpt2Encoder: contents(of: vocabulary), merges: contents(of: merges), source: vocabulary, mergesSource: merges)
      return try named(tokenizer, in: path)
    }
    return nil
  }

  private static func contents(of path: String) throws(Failure) -> [UInt8] {
    try ReadableFile.contents(of: path, area: .tokenizer, limit: HuggingFaceFolder.jsonLimit)
  }

  /// The tokenizer with the tokens that the folder names: those of `tokenizer_config.json`. Folders older than its
  /// `added_tokens_decoder` keep them in `special_tokens_map.json`, which then counts for more (`_from_pretrained` in
  /// transformers' `tokenization_utils_base.py`).
  private static func named(_ tokenizer: Tokenizer, in path: String) throws(Failure) -> Tokenizer {
    var named = NamedTokens()
    let config = try HuggingFaceFolder.json("tokenizer_config.json", in: path, area: .tokenizer)
    if let config { try named.update(from: config, source: "\(path)/tokenizer_config.json") }
    if config?["added_tokens_decoder"] == nil,
      let map = try HuggingFaceFolder.json("special_tokens_map.json", in: path, area: .tokenizer)
    {
      try named.update(from: map, source: "\(path)/special_tokens_map.json")
    }
    return try tokenizer.naming(named)
  }
}
