import Files

/// The shape of a model of one architecture, as Hugging Face's config.json describes it.
package protocol ModelConfiguration: Sendable {
  /// The word that a recipe's `architecture` chooses it by.
  static var name: String { get }
  /// The values of Hugging Face's `model_type` that mean this architecture.
  static var modelTypes: [String] { get }
  /// What the names of all tensors but the head's begin with.
  static var tensorPrefix: String { get }
  /// Reads the keys of a config.json besides `vocab_size`.
  init(from section: inout SettingsSection, vocabularySize: Int)
  var vocabularySize: Int { get set }
  /// The longest sequence the model takes.
  var maximumPositions: Int { get }
  /// Whether the head is the embedding, which checkpoints then hold once.
  var tiesEmbeddings: Bool { get }
  /// The number of parameters, or nil when it overflows.
  var parameterCount: Int? { get }
  /// The config.json.
  var json: JSONValue { get }
  /// A model with first weights drawn from `seed`; without one they are undefined, to be read from a file.
  func makeModel(seed: UInt64?) -> any LanguageModel
}

/// What models there are. To add one: its file, and its line here.
package enum Architectures {
  package static let all: [any ModelConfiguration.Type] = [
    Llama.Configuration.self,
    GPT2.Configuration.self,
  ]
}
