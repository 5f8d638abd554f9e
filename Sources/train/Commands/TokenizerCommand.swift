import Corpus
import Files
import ModelFiles
import Runs
import Tokenizers

struct TokenizerCommand: Command {
  static let name = "tokenizer"
  static let summary = "Trains a byte-level BPE, encodes text, decodes tokens"
  static let examples = [
    "train tokenizer train mytext.txt --vocab-size 2048",
    "train tokenizer encode tokenizer.json \"Once upon a time\"",
  ]
  static let operands = "train FILE ... | encode TOKENIZER [TEXT] | decode TOKENIZER [ID ...]"
  static let options = [
    Option.value("vocab-size", "N", "train: the number of tokens, special ones included"),
    .value("output", "FILE", "train: where the tokenizer.json goes; default tokenizer.json"),
    .choice(
      "pattern", "NAME",
      among: PreTokenizer.allCases.map { Option.Choice($0.rawValue, $0 == .gpt2 ? "the default" : "") },
      "train: how text is cut first"),
    .value("special", "TOKEN", "train: a special token; may be given more than once; default <|endoftext|>"),
    .flag("parse-special", "encode: special tokens that the text spells out become their ids"),
    .flag("skip-special", "decode: leave special tokens out"),
    .json,
  ]
  static let details = [
    "train reads text or JSONL, as data.train of a recipe does.",
    "TOKENIZER is a tokenizer.json, a tokenizer.model, a folder with one, a checkpoint, or the word bytes.",
    "Without TEXT or ID, encode and decode read standard input; what they write decodes and encodes to the same bytes.",
  ]
  static let words = ["train", "encode", "decode"]

  private enum Action {
    case train(files: [String], TokenizerTraining)
    case encode(tokenizer: String, text: [UInt8], parsesSpecial: Bool)
    case decode(tokenizer: String, ids: [Int32], skipsSpecial: Bool)
  }

  private struct TokenizerTraining {
    var vocabularySize: Int
    var output: String
    var preTokenizer: PreTokenizer
    var specialTokens: [String]
  }

  private let action: Action
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    isJSON = arguments.flag("json")
    switch try arguments.operand("train, encode or decode") {
    case "train": action = try Self.train(&arguments)
    case "encode":
      let tokenizer = try arguments.operand("TOKENIZER")
      let text: [UInt8]
      if let word = arguments.optionalOperand() { text = Array(word.utf8) } else { text = try StandardInput.bytes() }
      action = .encode(tokenizer: tokenizer, text: text, parsesSpecial: arguments.flag("parse-special"))
    case "decode":
      let tokenizer = try arguments.operand("TOKENIZER")
      var words = arguments.rest()
      if words.isEmpty {
        words = String(decoding: try StandardInput.bytes(), as: UTF8.self).split(whereSeparator: \.isWhitespace)
          .map(String.init)
      }
      var ids: [Int32] = []
      for word in words {
        guard let id = Int32(word) else { throw arguments.failure("\"\(word)\" is no token id") }
        ids.append(id)
      }
      action = .decode(tokenizer: tokenizer, ids: ids, skipsSpecial: arguments.flag("skip-special"))
    case let word:
      let near = suggestion(for: word, among: Self.words)
      throw arguments.failure("unknown action \"\(word)\"", near.map { ["did you mean \"\($0)\"?"] } ?? [])
    }
  }

  private static func train(_ arguments: inout Arguments) throws(Failure) -> Action {
    guard let size = try arguments.integer("vocab-size", in: 256...10_000_000) else {
      throw arguments.failure("--vocab-size is missing")
    }
    let special = arguments.all("special")
    let training = TokenizerTraining(
      vocabularySize: size, output: arguments.string("output") ?? "tokenizer.json",
      preTokenizer: arguments.choice("pattern") ?? .gpt2,
      specialTokens: special.isEmpty ? Tokenizer.defaultSpecialTokens : special)
    let files = [try arguments.operand("FILE")] + arguments.rest()
    return .train(files: files, training)
  }

  func run() throws(Failure) {
    if case .train = action { StopRequest.install(grace: 10) }
    switch action {
    case .train(let files, let training): try train(on: files, training)
    case .encode(let path, let text, let parsesSpecial):
      let ids = try Tokenizer(at: path).encode(text, special: parsesSpecial ? .parse : .none)
      if isJSON {
        let result: JSONValue = ["input_ids": JSONValue(ids.map { JSONValue(Int($0)) })]
        return Output.results.line(result.serialized())
      }
      Output.results.line(ids.map(String.init).joined(separator: " "))
    case .decode(let path, let ids, let skipsSpecial): try decode(ids, with: Tokenizer(at: path), skipsSpecial)
    }
  }

  /// - Throws: `.usage` where the output would take the place of a file that is no tokenizer.json, such as the text itself.
  private func train(on files: [String], _ training: TokenizerTraining) throws(Failure) {
    if Path.exists(training.output), !Self.isReplaceable(training.output) {
      throw Failure(
        .usage, "what is there is no tokenizer.json, and is not replaced by one", at: training.output,
        notes: ["give another name: --output FILE"])
    }
    var trainer = try TokenizerTrainer(specialTokens: training.specialTokens, preTokenizer: training.preTokenizer)
    // What a recipe with these files would train it on.
    try CorpusText.read(files) { (text) throws(Failure) in trainer.add(text) }
    let tokenizer = try trainer.tokenizer(vocabularySize: training.vocabularySize)
    try DurableFile.write(tokenizer.json(), to: training.output)
    if isJSON {
      let result: JSONValue = [
        "output": JSONValue(training.output), "vocab_size": JSONValue(tokenizer.vocabularySize),
      ]
      return Output.results.line(result.serialized())
    }
    Output.results.line("\(training.output): \(tokenizer.vocabularySize) tokens")
    if tokenizer.vocabularySize < training.vocabularySize {
      Output.log.line("note: the text has no pairs left to merge: \(training.vocabularySize) tokens were asked for")
    }
  }

  /// Whether the file at `path` is a tokenizer.json or empty. A model has a tokenizer, too, and is more than that.
  private static func isReplaceable(_ path: String) -> Bool {
    guard let bytes = try? ReadableFile.contents(of: path, area: .tokenizer, limit: 256 << 20) else { return false }
    return bytes.isEmpty || (try? Tokenizer(json: bytes, source: path)) != nil
  }

  private func decode(_ ids: [Int32], with tokenizer: Tokenizer, _ skipsSpecial: Bool) throws(Failure) {
    if let id = ids.first(where: { tokenizer.token($0) == nil }) {
      throw Failure(
        .data, "\(id) is no token", notes: ["the tokenizer has the tokens 0 to \(tokenizer.vocabularySize - 1)"])
    }
    let bytes = tokenizer.decode(ids, skippingSpecial: skipsSpecial)
    if isJSON {
      let result: JSONValue = ["text": JSONValue(String(decoding: bytes, as: UTF8.self))]
      return Output.results.line(result.serialized())
    }
    Output.results.write(bytes)
    if Output.results.isTerminal { Output.results.write("\n") }
  }
}
