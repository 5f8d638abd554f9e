import Files
import Inference
import Interchange
import Training

struct GenerateCommand: Command {
  static let name = "generate"
  static let summary = "Writes text with a model"
  static let operands = "CHECKPOINT"
  static let options = [
    Option.value("prompt", "TEXT", "how the text begins; - reads it from standard input; default: a new text"),
    .value("max-tokens", "N", "the most tokens to write; default 256"),
    .value("temperature", "T", "what the logits are divided by, 0 is --greedy; default 0.8"),
    .value("top-k", "K", "draw from the K likeliest tokens"),
    .value("top-p", "P", "draw from the fewest tokens that together have the probability P"),
    .value("min-p", "P", "draw from tokens with the share P of the likeliest one's probability"),
    .value("repetition-penalty", "R", "make tokens less likely that occurred before; default 1, none"),
    .flag("greedy", "always take the likeliest token"),
    .value("beams", "N", "follow the N likeliest texts and write the best one"),
    .value("length-penalty", "A", "power of the length that a beam's log-probability is divided by; default 1"),
    .value("seed", "N", "what the random choices start from; default 1337"),
    .value("stop", "TEXT", "end the text where TEXT begins; may be given more than once"),
    .flag("no-echo", "leave the prompt out of the output"),
    .flag("verbose", "report the speed on standard error"),
    .json,
  ]
  static let details = [
    "CHECKPOINT is a run, a step folder or a model.h5. The same seed gives the same text.",
    "Special tokens that the prompt spells out, such as <|endoftext|>, become those tokens.",
  ]

  private let path: String
  private let prompt: String
  private let options: GenerationOptions
  private let echoes: Bool
  private let isVerbose: Bool
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    path = try arguments.operand("CHECKPOINT")
    prompt = try Self.prompt(arguments)
    options = try Self.options(arguments)
    echoes = !arguments.flag("no-echo")
    isVerbose = arguments.flag("verbose")
    isJSON = arguments.flag("json")
  }

  private static func prompt(_ arguments: Arguments) throws(Failure) -> String {
    let text = arguments.string("prompt") ?? ""
    if text != "-" { return text }
    var bytes = try StandardInput.bytes()
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    if let invalid = bytes.withUnsafeBytes({ UTF8Bytes.firstInvalid(in: $0) }) {
      throw Failure(.usage, "the prompt is not UTF-8", at: "standard input, byte \(invalid)")
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func options(_ arguments: Arguments) throws(Failure) -> GenerationOptions {
    var options = GenerationOptions()
    options.maximumTokens = try arguments.integer("max-tokens") ?? options.maximumTokens
    options.beams = try arguments.integer("beams", in: 1...1024) ?? 1
    options.lengthPenalty = try arguments.number("length-penalty", in: -100...100) ?? 1
    options.seed = UInt64(try arguments.integer("seed", in: 0...Int.max) ?? 1337)
    options.stopStrings = arguments.all("stop")
    if options.stopStrings.contains("") { throw arguments.failure("--stop needs a text") }
    let isGreedy = arguments.flag("greedy")
    if isGreedy || options.beams > 1 {
      let other = ["temperature", "top-k", "top-p", "min-p"].first { arguments.string($0) != nil }
      if let other {
        throw arguments.failure("--\(isGreedy ? "greedy" : "beams") draws nothing: --\(other) has no meaning beside it")
      }
    }
    options.sampling.temperature = isGreedy ? 0 : try arguments.number("temperature", in: 0...1e6) ?? 0.8
    options.sampling.topK = try arguments.integer("top-k", in: 1...Int(Int32.max))
    options.sampling.topP = try arguments.number("top-p", in: 0...1)
    options.sampling.minP = try arguments.number("min-p", in: 0...1)
    options.sampling.repetitionPenalty = try arguments.number("repetition-penalty", in: 1e-3...1e3) ?? 1
    return options
  }

  func run() throws(Failure) {
    try MatrixLibrary.require()
    let file = try StoredModel(at: path)
    for note in file.notes { Output.log.line("note: \(note)") }
    let generator = try TextGenerator(file)
    let tokens = try generator.tokens(ofPrompt: prompt)
    if echoes, !isJSON { Output.results.write(prompt) }
    let completion = try generator.complete(tokens, options: options) { text in
      if !isJSON { Output.results.write(text) }
    }
    if isJSON {
      Output.results.line(json(completion, step: file.step).serialized())
    } else {
      Output.results.line("")
    }
    if completion.stopReason == .contextLimit {
      Output.log.line(
        "note: the text ends because the model has no more than \(generator.model.maximumPositions) positions")
    }
    if isVerbose { report(completion) }
  }

  private func json(_ completion: Completion, step: Int) -> JSONValue {
    [
      "prompt": JSONValue(prompt), "text": JSONValue(completion.text),
      "tokens": JSONValue(completion.tokens.map { JSONValue(Int($0)) }),
      "logprobs": JSONValue(completion.logProbabilities.map { JSONValue($0) }),
      "stop_reason": JSONValue(completion.stopReason.rawValue), "prompt_tokens": JSONValue(completion.promptTokens),
      "tokens_per_second": completion.tokensPerSecond.map { JSONValue($0) } ?? .null,
      "prompt_tokens_per_second": JSONValue(completion.promptTokensPerSecond),
      "seed": JSONValue(Int(options.seed)), "step": JSONValue(step),
    ]
  }

  private func report(_ completion: Completion) {
    func rounded(_ number: Double) -> Double { (number * 10).rounded() / 10 }
    let prompt = "prompt: \(completion.promptTokens) tokens, \(rounded(completion.promptTokensPerSecond)) tokens/s"
    let speed = completion.tokensPerSecond.map { ", \(rounded($0)) tokens/s" } ?? ""
    Output.log.line("\(prompt); text: \(completion.tokens.count) tokens\(speed), \(completion.stopReason.rawValue)")
  }
}
