import Files
import Inference
import Kernels
import ModelFiles
import Models
import Runs
import Tokenizers

struct GenerateCommand: Command {
  static let name = "generate"
  static let summary = "Writes text with a model"
  static let examples = [
    "train generate checkpoints/tiny --prompt \"Once upon a time\"",
    "train generate checkpoints/tiny --prompts prompts.txt --temperature 0.5",
  ]
  static let operands = "CHECKPOINT"
  static let options =
    [
      Option.value("prompt", "TEXT", "how the text begins; - reads it from standard input; default: a new text"),
      .flag("chat", "the prompt is a user's turn, and the text is the model's answer"),
      .value("system", "TEXT", "what the conversation begins with, with --chat"),
    ] + TemplateArguments.options + SamplingArguments.options + [
      .value(
        "prompts", "FILE", "continue every prompt in FILE, a line each as text or {\"prompt\"}; writes JSON lines"),
      .value("num-samples", "N", "write N texts for a prompt, side by side"),
      .value("beams", "N", "follow the N likeliest texts and write the best one"),
      .value("length-penalty", "A", "power of the length that a beam's log-probability is divided by; default 1"),
      .flag("no-slide", "end the text where the model has no positions left, instead of reading its end anew"),
      .flag("no-echo", "leave the prompt out of the output"),
      PrecisionArgument.option,
      .flag("verbose", "report the speed on standard error"),
      .json,
    ]
  static let details = [
    "\(StoredModel.kinds) The same seed gives the same text.",
    "Special tokens that the prompt spells out, such as <|endoftext|>, become those tokens.",
  ]

  private let path: String
  private let prompts: [String]
  /// Whether the prompts come from a file.
  private let isFile: Bool
  private let samples: Int
  private let options: GenerationOptions
  private let isChat: Bool
  private let system: String?
  private let template: TemplateArguments
  private let echoes: Bool
  private let precision: ProductPrecision
  private let isVerbose: Bool
  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) {
    path = try arguments.operand("CHECKPOINT")
    if let word = arguments.peek, !word.hasPrefix("-") {
      let text = arguments.rest().joined(separator: " ")
      throw arguments.failure("unexpected argument \"\(word)\"", ["the prompt is an option: --prompt \"\(text)\""])
    }
    isFile = arguments.string("prompts") != nil
    prompts = try Self.prompts(arguments)
    var options = try Self.options(arguments)
    options.slidesWindow = !arguments.flag("no-slide") && !arguments.flag("chat")
    options.dropsLeadingSpace = arguments.flag("chat")
    self.options = options
    samples = try arguments.integer("num-samples", in: 1...1_000_000) ?? 1
    if samples > 1, options.beams > 1 || options.sampling.temperature == 0 {
      throw arguments.failure(
        "--num-samples draws texts: it has no meaning beside --beams, --greedy or --temperature 0")
    }
    isChat = arguments.flag("chat")
    system = arguments.string("system")
    template = try TemplateArguments(arguments)
    echoes = !arguments.flag("no-echo") && !isChat
    precision = PrecisionArgument.read(arguments)
    isVerbose = arguments.flag("verbose")
    isJSON = arguments.flag("json")
    let ofChat = (system == nil ? [] : ["system"]) + TemplateArguments.given(arguments)
    if !isChat, let option = ofChat.first {
      throw arguments.failure("--\(option) has a meaning only with --chat")
    }
  }

  private static func prompts(_ arguments: Arguments) throws(Failure) -> [String] {
    if let path = arguments.string("prompts") {
      if arguments.string("prompt") != nil { throw arguments.failure("--prompt has no meaning beside --prompts") }
      return try PromptFile.read(path)
    }
    let text = arguments.string("prompt") ?? ""
    if text != "-" { return [text] }
    var bytes = try StandardInput.bytes()
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    if let invalid = bytes.withUnsafeBytes({ UTF8Bytes.firstInvalid(in: $0) }) {
      throw Failure(.usage, "the prompt is not UTF-8", at: "standard input, byte \(invalid)")
    }
    return [String(decoding: bytes, as: UTF8.self)]
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
    let (file, opened) = try Waiting.during("opening \(path)") { () throws(Failure) in
      let file = try StoredModel(at: path)
      return (file, try TextGenerator(file))
    }
    for note in file.notes { Output.log.line("note: \(note)") }
    var generator = opened
    generator.model.setPrecision(precision)
    var format: ChatFormat?
    if isChat {
      let own = try file.chatFormat(template: template.template, variables: template.variables)
      let ends = generator.endTokens.filter { !own.stopTokens.contains($0) }
      generator = TextGenerator(generator.model, generator.tokenizer, endTokens: own.stopTokens + ends)
      format = own
    }
    var prompts: [[Int32]] = []
    for (index, prompt) in self.prompts.enumerated() {
      let tokens = try tokens(of: prompt, generator, format)
      // Before anything is written: the prompt itself is.
      try generator.check(tokens, called: isFile ? "prompt \(index + 1)" : "the prompt")
      prompts.append(tokens)
    }
    if isFile || samples > 1 {
      try writeMany(prompts, generator, step: file.step)
    } else {
      try writeOne(prompts[0], generator, step: file.step)
    }
  }

  private func tokens(of prompt: String, _ generator: TextGenerator, _ format: ChatFormat?) throws(Failure) -> [Int32] {
    guard let format else { return try generator.tokens(ofPrompt: prompt) }
    let turns = (system.map { [Message(role: "system", content: $0)] } ?? []) + [Message(role: "user", content: prompt)]
    return try format.encode(turns, addingGenerationPrompt: true).tokens
  }

  /// One text, shown as it comes.
  private func writeOne(_ tokens: [Int32], _ generator: TextGenerator, step: Int) throws(Failure) {
    if echoes, !isJSON { Output.results.write(prompts[0]) }
    let completion = try generator.complete(tokens, options: options) { text in
      if !isJSON { Output.results.write(text) }
    }
    if isJSON {
      Output.results.line(json(completion, of: prompts[0], seed: options.seed, step: step).serialized())
    } else {
      Output.results.line("")
    }
    if completion.stopReason == .contextLimit { noteLimit("the text ends", generator) }
    if isVerbose { report(completion) }
  }

  /// Several texts, each shown when it is complete. The seeds of the random choices follow each other.
  private func writeMany(_ prompts: [[Int32]], _ generator: TextGenerator, step: Int) throws(Failure) {
    let requests = (0..<prompts.count * samples).map { index in
      GenerationRequest(prompt: prompts[index / samples], seed: options.seed &+ UInt64(index))
    }
    let start = ContinuousClock.now
    var (written, cut) = (0, 0)
    func write(_ index: Int, _ completion: Completion) {
      if completion.stopReason == .contextLimit { cut += 1 }
      let prompt = self.prompts[index / samples]
      written += completion.tokens.count
      if isJSON {
        Output.results.line(json(completion, of: prompt, seed: requests[index].seed, step: step).serialized())
      } else if isFile {
        let row: JSONValue = ["prompt": JSONValue(prompt), "text": JSONValue(completion.text)]
        Output.results.line(row.serialized())
      } else {
        Output.results.line("--- \(index + 1) of \(samples)")
        Output.results.line((echoes ? prompt : "") + completion.text)
      }
    }
    if options.beams > 1 {
      for (index, tokens) in prompts.enumerated() { write(index, try generator.complete(tokens, options: options)) }
    } else {
      try generator.complete(requests, options: options, onCompletion: write)
    }
    if cut > 0 { noteLimit("\(cut) of \(requests.count.counted("text")) end", generator) }
    guard isVerbose else { return }
    let speed = Double(written) / (ContinuousClock.now - start).inSeconds
    Output.log.line(
      """
      \(requests.count.counted("text")), \(written.counted("token")), \
      \((speed * 10).rounded() / 10) tokens/s with their prompts
      """)
  }

  private func noteLimit(_ what: String, _ generator: TextGenerator) {
    Output.log.line("note: \(what) because the model has no more than \(generator.model.maximumPositions) positions")
  }

  private func json(_ completion: Completion, of prompt: String, seed: UInt64, step: Int) -> JSONValue {
    [
      "prompt": JSONValue(prompt), "text": JSONValue(completion.text),
      "tokens": JSONValue(completion.tokens.map { JSONValue(Int($0)) }),
      "logprobs": JSONValue(completion.logProbabilities.map { JSONValue($0) }),
      "stop_reason": JSONValue(completion.stopReason.rawValue), "prompt_tokens": JSONValue(completion.promptTokens),
      "tokens_per_second": completion.tokensPerSecond.map { JSONValue($0) } ?? .null,
      "prompt_tokens_per_second": JSONValue(completion.promptTokensPerSecond),
      "seed": JSONValue(Int(truncatingIfNeeded: seed)), "step": JSONValue(step),
    ]
  }

  private func report(_ completion: Completion) {
    func rounded(_ number: Double) -> Double { (number * 10).rounded() / 10 }
    let (read, written) = (completion.promptTokens.counted("token"), completion.tokens.count.counted("token"))
    let prompt = "prompt: \(read), \(rounded(completion.promptTokensPerSecond)) tokens/s"
    let speed = completion.tokensPerSecond.map { ", \(rounded($0)) tokens/s" } ?? ""
    Output.log.line("\(prompt); text: \(written)\(speed), \(completion.stopReason.rawValue)")
  }
}
