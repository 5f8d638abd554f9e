import Checkpoints
import Files

/// What llama.cpp takes the tokens of a GGUF file for (`llama_vocab::impl::load` in `src/llama-vocab.cpp`): the types that the
/// file gives them, corrected by what their texts look like, and the tokens that end a text.
package struct LlamaCppTokens: Sendable {
  /// What a token is; some are several things.
  struct Attributes: OptionSet {
    let rawValue: Int
    static let unknown = Attributes(rawValue: 1)
    static let control = Attributes(rawValue: 2)
    static let userDefined = Attributes(rawValue: 4)
  }

  /// The texts by id, as the file spells them.
  package let texts: [String]
  private(set) var attributes: [Attributes]
  /// The tokens that are not what the file says.
  package private(set) var retyped: Set<Int32> = []
  /// The tokens that end a text: those that keys of the file name, then those whose texts are known to.
  package private(set) var ends: [Int32] = []
  /// The token that begins a text; llama.cpp has one whatever the file says.
  package private(set) var beginning: Int32?
  /// Whether the end of a text is llama.cpp's default, as the file names none.
  package private(set) var hasDefaultEnd = false

  /// The tokens of a file with a tokenizer, whose kind is `model`.
  init(_ file: GGUFFile, model: String) throws(Failure) {
    texts = (file["tokenizer.ggml.tokens"]?.strings ?? []).enumerated().map { $1.isEmpty ? "[EMPTY_\($0)]" : $1 }
    let types = file["tokenizer.ggml.token_type"]?.integers ?? []
    attributes = texts.indices.map { id in
      switch id < types.count ? types[id] : 1 {
      case 2: .unknown
      case 3: .control
      case 4: .userDefined
      default: []
      }
    }
    let isSentencePiece = model == "llama"
    func id(_ name: String, default fallback: Int? = nil) throws(Failure) -> Int32? {
      let id = try file.integer("tokenizer.ggml.\(name)_token_id")
      return [id, fallback].compactMap(\.self).first { texts.indices.contains($0) }.map { Int32($0) }
    }
    beginning = try id("bos", default: isSentencePiece ? 1 : 11)
    hasDefaultEnd = try id("eos") == nil
    var named = [try id("eos", default: isSentencePiece ? 2 : 11)]
    for name in ["eot", "eom", "fim_pad", "fim_rep", "fim_sep"] { named.append(try id(name)) }
    for case let id? in named where !ends.contains(id) { ends.append(id) }
    let given = attributes
    takeByText()
    retyped = Set(given.indices.filter { given[$0] != attributes[$0] }.map { Int32($0) })
  }

  /// What GGUF would call the types of the tokens that are not what the file says.
  var types: [Int32: Int32] {
    let types = retyped.map { id -> (Int32, Int32) in
      let attributes = attributes[Int(id)]
      return (id, attributes.contains(.control) ? 3 : attributes.contains(.userDefined) ? 4 : 1)
    }
    return Dictionary(uniqueKeysWithValues: types)
  }

  /// Takes tokens for what their texts say.
  private mutating func takeByText() {
    for (id, text) in texts.enumerated() {
      if Self.controlTexts.contains(text) { attributes[id].insert(.control) }
      if Self.endTexts.contains(text) {
        attributes[id].insert(.control)
        if !ends.contains(Int32(id)) { ends.append(Int32(id)) }
      }
      if Self.shownTexts.contains(text) { attributes[id] = .userDefined }
    }
    func id(_ text: String) -> Int32? { ends.first { texts[Int($0)] == text } }
    func has(_ text: String) -> Bool { id(text) != nil }
    // OpenAI's and Solar's formats end a message, not a text, with this one.
    let isHarmony = has("<|return|>") && (has("<|call|>") || has("<|calls|>"))
    if let end = id("<|end|>"), isHarmony || ((has("<|call|>") || has("<|calls|>")) && has("<|flush|>")) {
      ends.removeAll { $0 == end }
      attributes[Int(end)] = .userDefined
    }
    if let end = id("</s>"), has("<|tool_response>") {
      ends.removeAll { $0 == end }
      attributes[Int(end)] = []
    }
  }

  /// Texts that end a text wherever they are tokens, those of the tokens for files in code among them.
  private static let endTexts: Set<String> = [
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>",
    "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>",
    "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>", "<｜end▁of▁sentence｜>", "[e~[", "<|fim_pad|>",
    "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]", "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>",
    "<|file_sep|>",
  ]
  /// Texts of control tokens that end nothing.
  private static let controlTexts: Set<String> = [
    "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>", "<|code_prefix|>",
    "<|prefix|>", "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>",
    "<|code_suffix|>", "<|suffix|>", "<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>",
    "▁<MID>", "<|code_middle|>", "<|middle|>",
  ]
  /// Texts of tokens that are always shown.
  private static let shownTexts: Set<String> = ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"]

  /// The tokens that text is searched for before anything else, the longest first.
  func searched(parsesSpecial: Bool) -> [Int] {
    texts.indices.filter { id in
      !attributes[id].isEmpty && (parsesSpecial || attributes[id].isDisjoint(with: [.control, .unknown]))
    }.sorted { (texts[$0].utf8.count, $1) > (texts[$1].utf8.count, $0) }
  }
}
