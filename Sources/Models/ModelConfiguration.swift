import Files

/// The shape of a model of one architecture, as Hugging Face's config.json describes it; the keys are those besides
/// `vocab_size`.
package protocol ModelConfiguration: KeyedConfiguration {
  /// What it is a configuration of.
  static var architecture: Architecture { get }
  /// Conditions on several keys, and keys that are accepted only as far as they change nothing.
  func check(_ section: inout SettingsSection)

  /// V, the number of tokens.
  var vocabularySize: Int { get set }
  /// The longest sequence the model takes.
  var maximumPositions: Int { get }
  /// Whether the head is the embedding, which checkpoints then hold once.
  var tiesEmbeddings: Bool { get set }
  /// The number of parameters, or nil when it overflows.
  var parameterCount: Int? { get }
  /// The sizes that a model's cost follows from.
  var dimensions: ModelDimensions { get }
  /// Hugging Face's `model_type`, and the class that loads the model there.
  var huggingFaceModel: (type: String, className: String) { get }
  /// How many times longer each rotary wavelength is than the base alone makes it; nil where none is.
  var ropeFactors: [Double]? { get }
  /// Whether all texts of at most `length` tokens are rotated by the same angles, however long they are.
  func rotatesAlike(upTo length: Int) -> Bool
  /// A model with first weights drawn from `seed`; without one they are undefined, to be read from a file.
  func makeModel(seed: UInt64?) -> any LanguageModel
}

extension ModelConfiguration {
  package var ropeFactors: [Double]? { nil }
  package func rotatesAlike(upTo length: Int) -> Bool { true }

  /// What it is a configuration of.
  package var architecture: Architecture { Self.architecture }

  /// The defaults with the changes that `change` makes.
  package init(_ change: (inout Self) -> Void) {
    self.init()
    change(&self)
  }

  /// Reads the keys of a config.json besides `vocab_size`.
  init(from section: inout SettingsSection, vocabularySize: Int) {
    self.init()
    self.vocabularySize = vocabularySize
    read(from: &section)
    check(&section)
  }

  /// The config.json.
  package var json: JSONValue {
    let model = huggingFaceModel
    let common: [JSONMember] = [
      JSONMember("architectures", [JSONValue(model.className)]), JSONMember("model_type", JSONValue(model.type)),
      JSONMember("vocab_size", JSONValue(vocabularySize)),
    ]
    return JSONValue(common + members)
  }
}
