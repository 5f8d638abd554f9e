import Checkpoints
import Files
import Tokenizers

/// The tokenizer in the metadata of a GGUF file.
struct GGUFTokenizer {
  private let file: GGUFFile

  init(_ file: GGUFFile) { self.file = file }

  /// The tokenizer, nil when the file has none, and what its user should know.
  func tokenizer() throws(Failure) -> (Tokenizer?, notes: [String]) {
    guard let model = try file.string("tokenizer.ggml.model"), model != "none", model != "no_vocab" else {
      return (nil, [])
    }
    let notes =
      try file.bool("tokenizer.ggml.add_eos_token") == true
      ? ["tokenizer.ggml.add_eos_token has no effect here: texts end where the data ends them"] : []
    switch model {
    case "gpt2":
      let (tokenizer, remarks) = try byteLevel()
      return (tokenizer, notes + remarks)
    case "llama": return (try sentencePiece(), notes)
    default: throw failure("tokenizer.ggml.model \"\(model)\" is not supported", "expected gpt2 or llama")
    }
  }

  private func failure(_ what: String, _ note: String) -> Failure { file.failure(what, note, area: .tokenizer) }

  private func byteLevel() throws(Failure) -> (Tokenizer, notes: [String]) {
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
    let isLlama3 = preTokenizer == .llama3
    let tokenizer = try Tokenizer(
      tokens: tokens(), merges: merges, tokenTypes: types(), preTokenizer: preTokenizer, takesWholePieces: isLlama3,
      beginningOfText: token("bos"), addsBeginningOfText: file.bool("tokenizer.ggml.add_bos_token") ?? isLlama3,
      source: file.path)
    return (tokenizer, isUnnamed ? ["the file does not name its pre-tokenizer: GPT-2's is assumed"] : [])
  }

  private func sentencePiece() throws(Failure) -> Tokenizer {
    guard let scores = file["tokenizer.ggml.scores"]?.floats else {
      throw failure("tokenizer.ggml.scores is missing", "a tokenizer of the kind llama has them")
    }
    if try file.bool("tokenizer.ggml.remove_extra_whitespaces") == true {
      throw failure("tokenizer.ggml.remove_extra_whitespaces is not supported", "only false is")
    }
    return try Tokenizer(
      pieces: tokens(), scores: scores, tokenTypes: types(),
      addsSpacePrefix: file.bool("tokenizer.ggml.add_space_prefix") ?? true, beginningOfText: token("bos"),
      addsBeginningOfText: file.bool("tokenizer.ggml.add_bos_token") ?? true, source: file.path)
  }

  private func tokens() throws(Failure) -> [String] {
    if let tokens = file["tokenizer.ggml.tokens"]?.strings { return tokens }
    throw failure("tokenizer.ggml.tokens is missing", "a tokenizer has them")
  }

  private func types() throws(Failure) -> [Int32]? {
    guard let types = file["tokenizer.ggml.token_type"]?.integers else { return nil }
    return types.map { Int32(clamping: $0) }
  }

  private func token(_ name: String) throws(Failure) -> Int32? {
    try file.integer("tokenizer.ggml.\(name)_token_id").map { Int32(clamping: $0) }
  }
}
