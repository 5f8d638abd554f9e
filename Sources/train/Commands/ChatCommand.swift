import Files
import Inference
import ModelFiles
import Runs
import Tokenizers

struct ChatCommand: Command {
  static let name = "chat"
  static let summary = "Converses with a model in the terminal"
  static let operands = "CHECKPOINT"
  static let options =
    [Option.value("system", "TEXT", "what the conversation begins with")] + TemplateArguments.options
    + SamplingArguments.options
  static let details = [
    StoredModel.kinds,
    "Reads a line, writes the answer, and so on; /reset begins anew, /exit or the end of input ends it.",
    "The oldest turns are forgotten when the model has no positions left for them.",
  ]

  private let path: String
  private let system: String?
  private let template: TemplateArguments
  private let options: GenerationOptions

  init(_ arguments: inout Arguments) throws(Failure) {
    path = try arguments.operand("CHECKPOINT")
    system = arguments.string("system")
    template = try TemplateArguments(arguments)
    options = try SamplingArguments.read(arguments)
  }

  func run() throws(Failure) {
    try MatrixLibrary.require()
    let model = try StoredModel(at: path)
    for note in model.notes { Output.log.line("note: \(note)") }
    let format = try model.chatFormat(template: template.template, variables: template.variables)
    let beginning = system.map { [Message(role: "system", content: $0)] } ?? []
    let generator = try TextGenerator(model)
    var conversation = Conversation(generator, format, messages: beginning)
    var options = options
    while let line = nextLine() {
      switch line {
      case "": continue
      case "/exit", "/quit": return
      case "/reset": conversation = Conversation(generator, format, messages: beginning)
      default:
        do throws(Failure) {
          _ = try conversation.reply(to: line, options: options) { Output.results.write($0) }
          Output.results.line("")
        } catch {
          guard error.area == .usage else { throw error }
          Output.log.line("\(error)")
        }
        options.seed &+= 1
      }
    }
  }

  private func nextLine() -> String? {
    if Output.log.isTerminal { Output.log.write("> ") }
    return readLine()
  }
}
