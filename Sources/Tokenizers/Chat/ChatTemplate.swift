import Files
import Jinja

/// How a conversation is written as one text: a Jinja template.
public struct ChatTemplate: Sendable {
  /// The name a recipe uses for it, or the file that it is from.
  public let name: String
  /// The template's text; it travels with a model.
  public let jinja: String
  /// The special tokens that it writes and a tokenizer may lack; they are added to one that does.
  package let tokens: [String]
  /// What stands between an instruction and its input where they make one turn.
  package let inputSeparator: String
  private let template: Template
  let readsTools: Bool
  let readsDocuments: Bool

  /// - Throws: `Failure` of area `area`, with line and column, when the text is no Jinja or has what is not supported.
  package init(
    _ name: String, jinja: String, tokens: [String] = [], inputSeparator: String = "\n\n",
    area: Failure.Area = .recipe, place: String? = nil
  ) throws(Failure) {
    self.name = name
    self.jinja = jinja
    self.tokens = tokens
    self.inputSeparator = inputSeparator
    do throws(TemplateError) {
      template = try Template(jinja)
      (readsTools, readsDocuments) = (template.mentions("tools"), template.mentions("documents"))
    } catch {
      throw Failure(
        area, "the chat template cannot be read: \(error.message)",
        at: "\(place ?? name), line \(error.line), column \(error.column)",
        notes: ["another data.template can take its place: \(Self.names)"])
    }
  }

  /// Whether the template reads or writes `word`.
  package func mentions(_ word: String) -> Bool { template.mentions(word) }

  /// This template with `{{ bos_token }}` before it, where it does not write that itself.
  func withBeginning() throws(Failure) -> ChatTemplate {
    if mentions("bos_token") { return self }
    return try ChatTemplate(name, jinja: "{{ bos_token }}" + jinja, tokens: tokens, inputSeparator: inputSeparator)
  }

  /// The text of a conversation; `named` are the variables of the tokens that files name.
  ///
  /// - Throws: `Failure` of area `.data`: the template refuses the conversation, or cannot work with it.
  func render(
    _ input: ChatInput, _ named: [(name: String, value: Value)], addingGenerationPrompt: Bool, now: TemplateTime
  ) throws(Failure) -> Text {
    var values = named + input.values(for: self)
    values.append(("add_generation_prompt", .bool(addingGenerationPrompt)))
    do throws(TemplateError) {
      return try template.render(values, now: now)
    } catch {
      let place = "\(name), line \(error.line), column \(error.column)"
      if error.kind == .raised {
        throw Failure(.data, "the chat template refuses the turns: \(error.message)", notes: ["it does so in \(place)"])
      }
      let reason = leavesOutCalls(of: input) ? ", which has no place for calls of tools," : ""
      throw Failure(
        .data, "the chat template\(reason) cannot write the turns: \(error.message)",
        notes: ["in \(place)"] + (reason.isEmpty ? [] : ["another data.template can take its place"]))
    }
  }

  private func leavesOutCalls(of input: ChatInput) -> Bool {
    !Message.callNames.contains(where: mentions) && input.messages.contains(where: \.callsTools)
  }
}

extension ChatTemplate {
  /// `tokenizer` with the special tokens that the template needs: those it lacks get the next ids, and the model's
  /// embedding has to grow by them.
  ///
  /// - Throws: `Failure` of area `.tokenizer` when one of them is an ordinary token already.
  public func extending(_ tokenizer: Tokenizer) throws(Failure) -> Tokenizer {
    var needed = tokens
    if !tokens.isEmpty || isBuiltIn {
      if mentions("bos_token"), tokenizer.beginningOfText == nil { needed.append("<|begin_of_text|>") }
      if mentions("eos_token"), tokenizer.endOfText == nil { needed.append("<|endoftext|>") }
    }
    return try tokenizer.adding(special: needed)
  }

  var isBuiltIn: Bool { Self.builtIn.contains { $0.name == name } }
}

extension ChatTemplate: Equatable {
  public static func == (left: ChatTemplate, right: ChatTemplate) -> Bool {
    left.name == right.name && left.jinja.hasSameBytes(as: right.jinja)
  }
}
