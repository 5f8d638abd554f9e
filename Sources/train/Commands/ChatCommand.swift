import Files
import Inference
import Kernels
import ModelFiles
import Runs
import Tokenizers

struct ChatCommand: Command {
  static let name = "chat"
  static let summary = "Converses with a model in the terminal"
  static let examples = [
    "train chat checkpoints/stories-sft",
    "train chat model.gguf --system \"Answer briefly.\" --temperature 0.7",
  ]
  static let operands = "CHECKPOINT"
  static let options =
    [Option.value("system", "TEXT", "what the conversation begins with")] + TemplateArguments.options
    + SamplingArguments.options + [PrecisionArgument.option]
  static let details = [
    StoredModel.kinds,
    "Reads a line, writes the answer, and so on; /help lists what else can be typed, Ctrl-C ends an answer.",
    "The oldest turns are forgotten when the model has no positions left for them.",
  ]

  private let path: String
  private let system: String?
  private let template: TemplateArguments
  private let options: GenerationOptions
  private let precision: ProductPrecision

  init(_ arguments: inout Arguments) throws(Failure) {
    path = try arguments.operand("CHECKPOINT")
    system = arguments.string("system")
    template = try TemplateArguments(arguments)
    options = try SamplingArguments.read(arguments)
    precision = PrecisionArgument.read(arguments)
  }

  func run() throws(Failure) {
    try MatrixLibrary.require()
    let (model, format, generator) = try Waiting.during("opening \(path)") { () throws(Failure) in
      let model = try StoredModel(at: path)
      return (
        model, try model.chatFormat(template: template.template, variables: template.variables),
        try TextGenerator(model)
      )
    }
    generator.model.setPrecision(precision)
    for note in model.notes { Output.log.line("note: \(note)") }
    var session = ChatSession(generator, format, system: system, options: options)
    if LineEditor.isInteractive {
      StopRequest.installInterrupts()
      session.showBanner(path, model)
    }
    try session.run()
  }
}
