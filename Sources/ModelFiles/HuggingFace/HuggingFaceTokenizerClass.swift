import Files
import Tokenizers

/// What transformers' class of a tokenizer says where its files are silent.
struct HuggingFaceTokenizerClass {
  /// The class's name without `Fast`.
  let name: String
  /// Whether a file names the class. If the kind of model alone suggests it, it says how a vocabulary is meant and nothing
  /// else.
  let isNamed: Bool

  static let gpt2 = HuggingFaceTokenizerClass(name: "GPT2Tokenizer")
  static let llama = HuggingFaceTokenizerClass(name: "LlamaTokenizer")

  private init(name: String) {
    self.name = name
    isNamed = false
  }

  /// The class that a folder names: in its `tokenizer_config.json`, or in its `config.json`, there by the kind of model if
  /// need be; nil when neither says.
  init?(_ config: JSONValue, in path: String) throws(Failure) {
    var found = config["tokenizer_class"]?.string
    var suggested: String?
    if found == nil, let model = try HuggingFaceFolder.json("config.json", in: path, area: .tokenizer) {
      found = model["tokenizer_class"]?.string
      suggested = model["model_type"]?.string.flatMap { Self.models[$0] }
    }
    isNamed = found != nil
    guard let found = found ?? suggested else { return nil }
    name = found.hasSuffix("Fast") ? String(found.dropLast(4)) : found
  }

  /// The classes of kinds of models whose folders may lack a tokenizer.json (`tokenization_auto.py`).
  private static let models = [
    "gpt2": "GPT2Tokenizer", "gpt_neo": "GPT2Tokenizer", "gptj": "GPT2Tokenizer", "opt": "GPT2Tokenizer",
    "codegen": "CodeGenTokenizer", "phi": "CodeGenTokenizer", "gpt_neox": "GPTNeoXTokenizer",
    "qwen2": "Qwen2Tokenizer", "qwen2_moe": "Qwen2Tokenizer", "qwen3": "Qwen2Tokenizer", "qwen3_moe": "Qwen2Tokenizer",
    "llama": "LlamaTokenizer", "mistral": "LlamaTokenizer", "mixtral": "LlamaTokenizer",
  ]

  /// How the class prepares text whose vocabulary is in `vocab.json` and `merges.txt`.
  ///
  /// - Throws: `Failure` for a class that prepares it in a way that is not known here.
  func byteLevelText(_ source: String) throws(Failure) -> (Normalization, PreTokenizer) {
    switch name {
    case "GPT2Tokenizer", "CodeGenTokenizer": return (Normalization([]), .gpt2)
    case "GPTNeoXTokenizer": return (Normalization([.form(.nfc)]), .gpt2)
    case "Qwen2Tokenizer": return (Normalization([.form(.nfc)]), .qwen2)
    default:
      throw Failure(
        .tokenizer, "vocab.json and merges.txt of a \(name) are not supported", at: source,
        notes: [
          "GPT2Tokenizer, CodeGenTokenizer, GPTNeoXTokenizer and Qwen2Tokenizer are",
          "transformers writes a tokenizer.json, which says more: AutoTokenizer.from_pretrained(...).save_pretrained(...)",
        ])
    }
  }

  /// Refuses classes that take SentencePiece's own file in another way than Llama's.
  func requireSentencePiece(_ source: String) throws(Failure) {
    if name == Self.llama.name { return }
    throw Failure(
      .tokenizer, "a tokenizer.model of a \(name) is not supported", at: source,
      notes: [
        "only a LlamaTokenizer is",
        "transformers writes a tokenizer.json, which says more: AutoTokenizer.from_pretrained(...).save_pretrained(...)",
      ])
  }

  /// The tokens that the class names by default, as far as the tokenizer has them.
  func defaultTokens(of tokenizer: Tokenizer) -> NamedTokens {
    var named = NamedTokens()
    guard isNamed else { return named }
    for (role, text) in Self.tokens[name] ?? [] where tokenizer.id(ofToken: text) != nil { named[role] = text }
    return named
  }

  private static let tokens: [String: [(String, String)]] = {
    let end = "<|endoftext|>"
    let gpt2 = [("bos_token", end), ("eos_token", end), ("unk_token", end)]
    let llama = [("bos_token", "<s>"), ("eos_token", "</s>"), ("unk_token", "<unk>")]
    return [
      "GPT2Tokenizer": gpt2, "CodeGenTokenizer": gpt2, "GPTNeoXTokenizer": gpt2,
      "Qwen2Tokenizer": [("eos_token", end), ("unk_token", end), ("pad_token", end)], "LlamaTokenizer": llama,
      "GemmaTokenizer": [
        ("bos_token", "<bos>"), ("eos_token", "<eos>"), ("unk_token", "<unk>"), ("pad_token", "<pad>"),
      ],
    ]
  }()

  /// Whether the class puts a space before text, whatever tokenizer.json says; nil where the class does not say.
  var defaultPrefixSpace: Bool? {
    let names = ["GPT2Tokenizer", "CodeGenTokenizer", "GPTNeoXTokenizer", "Qwen2Tokenizer"]
    return isNamed && names.contains(name) ? false : nil
  }

  /// Whether the space is put before each piece where transformers 5 builds the pre-tokenizer of the class: its `ByteLevel` comes
  /// after the pattern that cuts.
  var spacesPieces: Bool { isNamed && name == "Qwen2Tokenizer" }

  /// Whether the class puts its beginning token before every text, whatever tokenizer.json says; it does before
  /// transformers 5.
  var beginsTexts: Bool { isNamed && ["LlamaTokenizer", "GemmaTokenizer"].contains(name) }
}
