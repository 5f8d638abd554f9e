import Files
import Inference
import ModelFiles
import Runs
import Tokenizers

struct GenerateCommand: Command {
  static let name = "generate"
  static let summary = "Writes text with a model"
  static let operands = "CHECKPOINT"
  static let options =
    [
      Option.value("prompt", "TEXT", "how the text begins; - reads it from standard input; default: a new text"),
      .flag("chat", "the prompt is a user's turn, and the text is the model's answer"),
      .value("system", "TEXT", "what the conversation begins with, with --chat"),
    ] + TemplateArguments.options + SamplingArguments.options + [
      .value("beams", "N", "follow the N likeliest texts and write the best one"),
      .value("length-penalty", "A", "power of the length that a beam's log-probability is divided by; default 1"),
      .flag("no-echo", "leave the prompt out of the output"),
      .flag("verbose", "report the speed on standard error"),
      .json,
    ]
  static let details = [
    "\(StoredModel.kinds) The same seed gives the same text.",
    "Special tokens that the prompt spells out, such as <|endoftext|>, become those tokens.",
  ]

  private let path: String
  private let prompt: String
  private let options: GenerationOptions
  private let isChat: Bool
  private let system: String?
  private let template: TemplateArguments
  private let echoes: Bool
  private let isVerbose: Bool
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    path = try arguments.operand("CHECKPOINT")
    prompt = try Self.prompt(arguments)
    options = try Self.options(arguments)
    isChat = arguments.flag("chat")
    system = arguments.string("system")
    template = try TemplateArguments(arguments)
    echoes = !arguments.flag("no-echo") && !isChat
    isVerbose = arguments.flag("verbose")
    isJSON = arguments.flag("json")
    let ofChat = (system == nil ? [] : ["system"]) + TemplateArguments.given(arguments)
    if !isChat, let option = ofChat.first {
      throw arguments.failure("--\(option) has a meaning only with --chat")
    }
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
    let beams = try arguments.integer("beams", in: 1...1024) ?? 1
    var options = try SamplingArguments.read(arguments, isBeamSearch: beams > 1)
    options.beams = beams
    options.lengthPenalty = try arguments.number("length-penalty", in: -100...100) ?? 1
    return options
  }

  func run() throws(Failure) {
    try MatrixLibrary.require()
    let file = try StoredModel(at: path)
    for note in file.notes { Output.log.line("note: \(note)") }
    var generator = try TextGenerator(file)
    let tokens: [Int32]
    if isChat {
      let format = try file.chatFormat(template: template.template, variables: template.variables)
      let turns =
        (system.map { [Message(role: "system", content: $0)] } ?? []) + [Message(role: "user", content: prompt)]
      tokens = try format.encode(turns, addingGenerationPrompt: true).tokens
      let ends = generator.endTokens.filter { !format.stopTokens.contains($0) }
      generator = TextGenerator(generator.model, generator.tokenizer, endTokens: format.stopTokens + ends)
    } else {
      tokens = try generator.tokens(ofPrompt: prompt)
    }
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
