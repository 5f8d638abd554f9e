import Checkpoints
import Files
import Tokenizers

/// The tokenizer in the metadata of a GGUF file.
package struct GGUFTokenizer {
  /// The tokenizer, nil when the file has none.
  package private(set) var tokenizer: Tokenizer?
  /// The tokens that end a text in llama.cpp; nil when the file has no tokenizer.
  private(set) var ends: [Int32]?
  /// What its user should know, a line each.
  private(set) var notes: [String] = []
  private let file: GGUFFile

  package init(_ file: GGUFFile) throws(Failure) {
    self.file = file
    guard let model = try file.string("tokenizer.ggml.model"), model != "none", model != "no_vocab" else { return }
    guard model == "gpt2" || model == "llama" else {
      throw failure("tokenizer.ggml.model \"\(model)\" is not supported", "expected gpt2 or llama")
    }
    if try file.bool("tokenizer.ggml.add_eos_token") == true {
      notes.append("tokenizer.ggml.add_eos_token has no effect here: texts end where the data ends them")
    }
    let known = try LlamaCppTokens(file, model: model)
    let plain = model == "llama" ? try sentencePiece(known) : try byteLevel(known)
    tokenizer = try named(plain)
    ends = known.ends
    if known.hasDefaultEnd, let end = known.ends.first {
      notes.append("the file has no eos_token_id: \(end) ends a text, as in llama.cpp")
    }
  }

  /// The tokenizer with the special tokens that the file gives a role.
  private func named(_ tokenizer: Tokenizer) throws(Failure) -> Tokenizer {
    var (names, plain) = (NamedTokens(), tokenizer)
    for (key, name) in [("bos", "bos_token"), ("eos", "eos_token"), ("unknown", "unk_token"), ("padding", "pad_token")]
    {
      guard let id = try token(key) else { continue }
      if tokenizer.isSpecial(id), let text = tokenizer.addedTokens.first(where: { $0.id == id })?.text {
        names[name] = text
      } else if key == "bos" || key == "eos" {
        plain = try plain.with(endOfText: key == "eos" ? id : nil, beginningOfText: key == "bos" ? id : nil)
      }
    }
    let result = try plain.naming(names)
    let (end, beginning) = (try token("eos"), try token("bos"))
    return try result.with(
      endOfText: result.endOfText ?? end, beginningOfText: result.beginningOfText ?? beginning)
  }

  private func failure(_ what: String, _ note: String) -> Failure { file.failure(what, note, area: .tokenizer) }

  private mutating func byteLevel(_ known: LlamaCppTokens) throws(Failure) -> Tokenizer {
    guard let merges = file["tokenizer.ggml.merges"]?.strings else {
      throw failure("tokenizer.ggml.merges is missing", "a tokenizer of the kind gpt2 has them")
    }
    let name = try file.string("tokenizer.ggml.pre")
    let isUnnamed = name == nil || name == "default"
    guard let preTokenizer = isUnnamed ? .gpt2 : PreTokenizer(ggufName: name!) else {
      throw failure(
        "tokenizer.ggml.pre \"\(name!)\" is not supported",
        "gpt-2, llama-bpe, qwen2 and smollm are, and what is the same")
    }
    if isUnnamed { notes.append("the file does not name its pre-tokenizer: GPT-2's is assumed") }
    let ignoresMerges = PreTokenizer.ignoresMerges(ggufName: name ?? "")
    return try Tokenizer(
      tokens: tokens(), merges: merges, tokenTypes: types(known), preTokenizer: preTokenizer,
      takesWholePieces: ignoresMerges, beginningOfText: token("bos"),
      addsBeginningOfText: file.bool("tokenizer.ggml.add_bos_token") ?? ignoresMerges, source: file.path)
  }

  private func sentencePiece(_ known: LlamaCppTokens) throws(Failure) -> Tokenizer {
    guard let scores = file["tokenizer.ggml.scores"]?.floats else {
      throw failure("tokenizer.ggml.scores is missing", "a tokenizer of the kind llama has them")
    }
    if try file.bool("tokenizer.ggml.remove_extra_whitespaces") == true {
      throw failure("tokenizer.ggml.remove_extra_whitespaces is not supported", "only false is")
    }
    let tokenizer = try Tokenizer(
      pieces: tokens(), scores: scores, tokenTypes: types(known),
      addsSpacePrefix: file.bool("tokenizer.ggml.add_space_prefix") ?? true, beginningOfText: token("bos"),
      addsBeginningOfText: file.bool("tokenizer.ggml.add_bos_token") ?? true, source: file.path)
    if hasEqualScores(scores) { try checkOrder(of: tokenizer) }
    return tokenizer
  }

  /// Whether two pieces that are merged have one score.
  private func hasEqualScores(_ scores: [Double]) -> Bool {
    let texts = file["tokenizer.ggml.tokens"]?.strings ?? []
    let types = file["tokenizer.ggml.token_type"]?.integers ?? []
    let merged = scores.indices.filter { id in
      id < texts.count && texts[id].unicodeScalars.count > 1 && (id >= types.count || types[id] == 1)
    }
    return Set(merged.map { scores[$0] }).count < merged.count
  }

  /// Of pieces with one score llama.cpp merges the leftmost in a text first, we the first in the vocabulary: refuses a
  /// tokenizer of which that makes another.
  private func checkOrder(of tokenizer: Tokenizer) throws(Failure) {
    guard let llamaCpp = try LlamaCppTokenizer(file) else { return }
    for text in ProbingTexts(tokenizer).texts
    where tokenizer.encode(text, special: .parse) != llamaCpp.encode(text, parsesSpecial: true) {
      throw failure(
        "pieces of tokenizer.ggml.scores have one score", "which is first matters in \(text.debugDescription)")
    }
  }

  private func tokens() throws(Failure) -> [String] {
    if let tokens = file["tokenizer.ggml.tokens"]?.strings { return tokens }
    throw failure("tokenizer.ggml.tokens is missing", "a tokenizer has them")
  }

  /// The types of the tokens: those in the file, but for what llama.cpp knows better.
  private func types(_ known: LlamaCppTokens) throws(Failure) -> [Int32]? {
    guard let types = file["tokenizer.ggml.token_type"]?.integers else { return nil }
    let better = known.types
    return types.enumerated().map { better[Int32(clamping: $0)] ?? Int32(clamping: $1) }
  }

  /// A token by the name of its key; nil where it is none of the vocabulary, as in llama.cpp.
  private func token(_ name: String) throws(Failure) -> Int32? {
    guard let id = try file.integer("tokenizer.ggml.\(name)_token_id") else { return nil }
    return try tokens().indices.contains(id) ? Int32(id) : nil
  }
}
