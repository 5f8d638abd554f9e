import Files
import Glibc

extension ChatTemplate {
  /// The template that a user names, a built-in one or a file with a Jinja text; without a name the model's own, and where
  /// it has none, `other`.
  ///
  /// - Parameter area: whose mistake a name is that stands for no template.
  package init(
    named name: String?, modelsOwn jinja: String, otherwise other: ChatTemplate, area: Failure.Area = .recipe
  ) throws(Failure) {
    if let name {
      self = try Self.named(name, area)
    } else if let known = Self.builtIn.first(where: { jinja.hasSameBytes(as: $0.jinja) }) {
      self = known
    } else if !jinja.isEmpty {
      self = try ChatTemplate("the model's own template", jinja: jinja, area: .model)
    } else {
      self = other
    }
  }

  private static func named(_ name: String, _ area: Failure.Area) throws(Failure) -> ChatTemplate {
    if let template = ChatTemplate(named: name) { return template }
    if access(name, F_OK) == 0 {
      let text = try ReadableFile.contents(of: name, area: area, limit: 1 << 20)
      if let invalid = text.withUnsafeBytes({ UTF8Bytes.firstInvalid(in: $0) }) {
        throw Failure(area, "the chat template is not UTF-8", at: "\(name), byte \(invalid)")
      }
      return try ChatTemplate(name, jinja: String(decoding: text, as: UTF8.self), area: area)
    }
    let near = suggestion(for: name, among: builtIn.map(\.name))
    throw Failure(
      area, "no chat template \"\(name)\": neither a built-in one nor a file",
      notes: (near.map { ["did you mean \"\($0)\"?"] } ?? []) + ["built in: \(names)"])
  }
}
