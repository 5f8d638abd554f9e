import Files
import Glibc

extension ChatTemplate {
  /// The template that a user names, a built-in one or a file with a Jinja text; without a name the model's own, and where
  /// it has none, `other`.
  package init(named name: String?, modelsOwn jinja: String, otherwise other: ChatTemplate?) throws(Failure) {
    if let name {
      self = try Self.named(name)
    } else if !jinja.isEmpty {
      self = try Self.recognized(jinja, at: "the model's chat_template")
    } else if let other {
      self = other
    } else {
      throw Failure(.model, "the model has no chat template", notes: ["choose one: \(Self.names)"])
    }
  }

  private static func named(_ name: String) throws(Failure) -> ChatTemplate {
    if let template = ChatTemplate(named: name) { return template }
    if access(name, F_OK) == 0 {
      let text = try ReadableFile.contents(of: name, area: .recipe, limit: 1 << 20)
      return try recognized(String(decoding: text, as: UTF8.self), at: name)
    }
    let near = suggestion(for: name, among: builtIn.map(\.name))
    throw Failure(
      .recipe, "no chat template \"\(name)\": neither a built-in one nor a file",
      notes: (near.map { ["did you mean \"\($0)\"?"] } ?? []) + ["built in: \(names)"])
  }

  private static func recognized(_ jinja: String, at place: String) throws(Failure) -> ChatTemplate {
    if let template = ChatTemplate(recognizing: jinja) { return template }
    throw Failure(.recipe, "the chat template is none of those that are known", at: place, notes: ["choose \(names)"])
  }

  private static var names: String { builtIn.map(\.name).joined(separator: ", ") }
}
