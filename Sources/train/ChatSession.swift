import Files
import Inference
import ModelFiles
import Models
import Runs
import Tokenizers

/// A conversation in the terminal, or through pipes a line a turn.
struct ChatSession {
  private let generator: TextGenerator
  private let format: ChatFormat
  private var system: String?
  private var options: GenerationOptions
  private var conversation: Conversation
  private var editor = LineEditor(prompt: "> ")
  private let isInteractive = LineEditor.isInteractive

  init(_ generator: TextGenerator, _ format: ChatFormat, system: String?, options: GenerationOptions) {
    (self.generator, self.format, self.system, self.options) = (generator, format, system, options)
    conversation = Self.conversation(generator, format, system: system)
  }

  private static func conversation(_ generator: TextGenerator, _ format: ChatFormat, system: String?) -> Conversation {
    Conversation(generator, format, messages: system.map { [Message(role: "system", content: $0)] } ?? [])
  }

  /// Says which model it is and what can be typed.
  func showBanner(_ path: String, _ model: StoredModel) {
    let facts = [
      "\(generator.model.parameterCount.grouped) parameters",
      "\(generator.model.maximumPositions.grouped) positions",
    ]
    let step = model.step > 0 ? ["step \(model.step.grouped)"] : []
    Output.log.line("\(path): \((facts + step).joined(separator: ", "))")
    Output.log.line("/help lists what can be typed; Ctrl-C ends an answer, Ctrl-D the conversation.")
    Output.log.line("")
  }

  mutating func run() throws(Failure) {
    while true {
      switch try editor.next() {
      case .endOfInput: return
      case .interrupted: continue
      case .line(let line):
        if try !take(line) { return }
      }
      if StopRequest.signal != nil { return }
    }
  }

  // MARK: Lines

  /// Does what a line says; false for one that ends the conversation.
  private mutating func take(_ line: String) throws(Failure) -> Bool {
    if line.isEmpty { return true }
    guard line.hasPrefix("/") else {
      try answer(line)
      return true
    }
    let word = String(line.prefix { !$0.isWhitespace })
    let rest = line.dropFirst(word.count).drop(while: \.isWhitespace)
    let text = String(rest.reversed().drop(while: \.isWhitespace).reversed())
    let argument = text.isEmpty ? nil : text
    switch word {
    case "/exit", "/quit", "/bye": return false
    case "/reset": begin(system: system)
    case "/system": setSystem(argument)
    case "/save": save(argument)
    case "/help", "/?": Output.log.line(Self.help)
    default:
      Output.log.line(
        "\(word) is nothing that is known here; /help lists what is. A space before it makes it a message.")
    }
    return true
  }

  private static let help = """
    /reset        forget what was said and begin anew
    /system TEXT  begin anew with TEXT as the system turn; without TEXT show it; /system - removes it
    /save FILE    append the conversation to FILE, a line of JSON as train sft reads it
    /exit         end the conversation, as Ctrl-D does
    Ctrl-C        end the answer that is being written; in a line, drop it
    Up and Down   earlier lines
    """

  private mutating func begin(system: String?) {
    self.system = system
    conversation = Self.conversation(generator, format, system: system)
    Output.log.line("a new conversation")
  }

  private mutating func setSystem(_ text: String?) {
    guard let text else {
      return Output.log.line(system.map { "the system turn is: \($0)" } ?? "there is no system turn")
    }
    begin(system: text == "-" ? nil : text)
  }

  private func save(_ path: String?) {
    guard let path = path.map(Path.withHome) else { return Output.log.line("/save needs the name of a file") }
    let said = conversation.messages.filter { $0.role != "system" }
    if said.isEmpty { return Output.log.line("nothing has been said yet") }
    let messages = conversation.messages.map { message -> JSONValue in
      ["role": JSONValue(message.role), "content": JSONValue(message.content)]
    }
    let row: JSONValue = ["messages": JSONValue(messages)]
    do throws(Failure) {
      try DurableFile.write(try Self.rows(at: path) + Array((row.serialized() + "\n").utf8), to: path)
      Output.log.line("saved \(messages.count.counted("message")) to \(path)")
    } catch {
      Output.log.line("\(error)")
    }
  }

  /// The conversations that are in the file at `path` already, each with its end of line.
  ///
  /// - Throws: `.usage` for a file of another kind, which one more row would spoil: a model, for instance, or the log of a run.
  private static func rows(at path: String) throws(Failure) -> [UInt8] {
    guard Path.exists(path) else { return [] }
    let file = try ReadableFile(path, area: .usage)
    // A model is not read to find that it is none.
    let begins = try file.read(min(1, file.count), at: 0) == [UInt8(ascii: "{")]
    let bytes = begins ? try file.read(file.count, at: 0) : []
    guard let last = bytes.last else {
      if file.count > 0 { throw isNoConversation(path) }
      return []
    }
    let newline = UInt8(ascii: "\n")
    let first = try? JSONValue.parse(Array(bytes.prefix { $0 != newline }), source: path, area: .usage)
    guard first?["messages"]?.array != nil else { throw isNoConversation(path) }
    return last == newline ? bytes : bytes + [newline]
  }

  private static func isNoConversation(_ path: String) -> Failure {
    Failure(
      .usage, "what is there has no conversations, and gets none", at: path,
      notes: ["its first line is no row with \"messages\"", "give another name: /save FILE"])
  }

  // MARK: Answers

  private mutating func answer(_ line: String) throws(Failure) {
    let isInteractive = isInteractive
    if isInteractive { Output.log.line("") }
    var written = ""
    do throws(Failure) {
      let completion = try conversation.reply(
        to: line, options: options,
        onText: { text in
          Output.results.write(text)
          written = text
        },
        isInterrupted: { isInteractive && (StopRequest.takeInterrupt() || StopRequest.signal != nil) })
      if !isInteractive || !written.hasSuffix("\n") { Output.results.line("") }
      note(completion)
    } catch {
      // A template may refuse the turns, a system turn for instance; whoever types can take them back.
      guard error.area == .usage || isInteractive && error.area == .data else { throw error }
      Output.log.line("\(error)")
    }
    if isInteractive { Output.log.line("") }
    options.seed &+= 1
  }

  /// Says why an answer ends that the model did not end itself.
  private func note(_ completion: Completion) {
    guard isInteractive else { return }
    switch completion.stopReason {
    case .endOfText, .stopString: break
    case .interrupted: Output.log.line("(interrupted)")
    case .maximumTokens:
      Output.log.line("(ended after \(completion.tokens.count.counted("token")): --max-tokens sets how many)")
    case .contextLimit: Output.log.line("(ended: the model has no positions left for more)")
    }
  }
}
