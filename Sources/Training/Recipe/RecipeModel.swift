import Files

/// What a recipe says about an architecture, with the key names of Hugging Face's config.json.
package protocol ModelSettings: Sendable {
  /// The word that `model.architecture` chooses it by.
  static var name: String { get }
  /// The values of Hugging Face's `model_type` that mean this architecture.
  static var modelTypes: [String] { get }
  init(from section: inout RecipeSection)
  /// The size of the vocabulary when the recipe fixes it; otherwise it is the tokenizer's.
  var vocabularySize: Int? { get }
  /// The longest sequence the model takes.
  var maximumPositions: Int { get }
  /// The number of parameters, or nil when it overflows.
  func parameterCount(vocabularySize: Int) -> Int?
  /// Hugging Face's config.json for the model.
  func configuration(vocabularySize: Int) -> JSONValue
}

extension Recipe {
  /// `model`: a description, or where the model comes from.
  package enum Model: Sendable {
    case described(any ModelSettings)
    /// A run, a checkpoint folder or a Hugging Face folder.
    case from(String)

    package init(from section: inout RecipeSection) {
      if section.has("from") {
        self = .from(section.required("from", .string, "A run, a checkpoint or a Hugging Face folder to start from"))
        return
      }
      let kinds = Registry.architectures
      let type = section.optional(
        "model_type", .word(kinds.flatMap { $0.modelTypes }), "Names the architecture in a pasted config.json")
      let implied = type.flatMap { type in kinds.first { $0.modelTypes.contains(type) } }
      let kind = section.choice(
        "architecture", among: kinds, named: { $0.name }, default: implied?.name,
        "The family; or \"from\": a run, a checkpoint or a Hugging Face folder to start from")
      section.rule(
        "architecture", "model_type", holds: implied.map { $0.name == kind.name } ?? true,
        "architecture \"\(kind.name)\" contradicts model_type \"\(type ?? "")\"")
      section.ignore([
        "_name_or_path", "architectures", "bos_token_id", "eos_token_id", "pad_token_id", "dtype", "torch_dtype",
        "transformers_version", "use_cache", "output_attentions", "output_hidden_states", "return_dict",
      ])
      self = .described(kind.init(from: &section))
    }

    /// The model's description, nil when it comes from files.
    package var description: (any ModelSettings)? {
      if case .described(let settings) = self { settings } else { nil }
    }
  }
}
