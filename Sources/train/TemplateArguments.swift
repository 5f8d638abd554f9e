import Files
import Tokenizers

/// The options about chat templates that several commands have.
struct TemplateArguments {
  static let options = [
    Option.choice(
      "template", "NAME", among: ChatTemplate.builtIn.map { Option.Choice($0.name) }, or: "a file",
      "a chat template instead of the model's own"),
    .value("chat-template-kwargs", "JSON", "what the template reads besides messages: {\"enable_thinking\": false}"),
  ]

  /// The template's name; nil for the model's own.
  let template: String?
  let variables: [JSONMember]

  init(_ arguments: Arguments) throws(Failure) {
    template = arguments.string("template")
    guard let text = arguments.string("chat-template-kwargs") else {
      variables = []
      return
    }
    guard let json = try? JSONValue.parse(Array(text.utf8), source: "", area: .usage), let members = json.object else {
      throw arguments.failure("--chat-template-kwargs is no JSON object", ["found \(text)"])
    }
    variables = members
  }

  /// The options that are given.
  static func given(_ arguments: Arguments) -> [String] {
    ["template", "chat-template-kwargs"].filter { arguments.string($0) != nil }
  }
}
