import Files

/// A model as the members of a Hugging Face config.json describe it, read strictly.
package struct ModelDescription: Sendable {
  /// The size of the vocabulary when the description has one; otherwise it is the tokenizer's.
  package let vocabularySize: Int?
  /// Keys that have no effect here, a line each.
  package private(set) var notes: [String] = []
  private let template: any ModelConfiguration

  /// Keys of any Hugging Face configuration that say nothing about the mathematics.
  private static let foreignKeys = [
    "_name_or_path", "architectures", "auto_map", "bos_token_id", "chunk_size_feed_forward", "dtype", "eos_token_id",
    "finetuning_task", "gradient_checkpointing", "id2label", "is_decoder", "label2id", "num_labels",
    "output_attentions", "output_hidden_states", "output_past", "problem_type", "return_dict",
    "torch_dtype", "torchscript", "transformers.js_config", "transformers_version", "unk_token_id", "use_cache",
  ]

  /// Keys that change a model of any type in transformers, and the values that leave it as it is.
  private static let consequentialKeys: [(key: String, values: [JSONValue], reason: String)] = [
    ("quantization_config", [.null], "only weights that are floats are read: save the model dequantized"),
    ("compression_config", [.null], "only weights that are floats are read: save the model decompressed"),
    ("is_encoder_decoder", [false], "the model is a decoder alone"),
    ("pruned_heads", [[:]], "all heads are there"), ("per_layer_config", [.null, [:]], "all blocks are alike"),
  ]

  /// Reads all keys of a config.json, and `architecture`, by which recipes choose the architecture.
  package init(from section: inout SettingsSection) {
    let all = Architectures.all
    let type = section.optional(
      "model_type", .word(all.flatMap(\.modelTypes)), "Names the architecture in a pasted config.json")
    section.stop(atFaulty: "model_type")
    let implied = type.flatMap { type in all.first { $0.modelTypes.contains(type) } }
    let architecture = section.choice(
      "architecture", among: all, named: { $0.name }, default: implied?.name,
      "The family; or \"from\": a run, a checkpoint or a Hugging Face folder to start from")
    section.rule(
      "architecture", "model_type", holds: implied.map { $0.name == architecture.name } ?? true,
      "architecture \"\(architecture.name)\" contradicts model_type \"\(type ?? "")\"")
    section.ignore(Self.foreignKeys)
    for (key, values, reason) in Self.consequentialKeys { section.accept(key, only: values, because: reason) }
    vocabularySize = section.optional("vocab_size", .integer(), "Default: the tokenizer's")
    template = architecture.configuration.init(from: &section, vocabularySize: vocabularySize ?? 1)
  }

  /// Reads the text of a config.json, which must fix the size of the vocabulary. Failures are of the area `.model`.
  ///
  /// - Parameter isForeign: whether the file is another program's. Keys that transformers' class of the model type does not
  ///   know change nothing there either: they are noted in one line, not refused.
  package init(configuration text: String, source: String, isForeign: Bool = false) throws(Failure) {
    let document = try JSONValue.parse(Array(text.utf8), source: source, area: .model)
    guard document.object != nil else {
      throw Failure(.model, "a model's configuration is an object", at: source, notes: ["found \(document.found)"])
    }
    let decoder = SettingsDecoder(source: source, area: .model)
    self = decoder.read(document) { section in
      let description = ModelDescription(from: &section)
      section.rule("vocab_size", holds: description.vocabularySize != nil, "missing key \"vocab_size\"")
      return description
    }
    let ignored = isForeign ? decoder.forgiveUnknownKeys() : []
    if let failure = decoder.failure { throw failure }
    notes = decoder.remarks
    if !ignored.isEmpty { notes.append("keys of \(source) without effect: \(ignored.joined(separator: ", "))") }
  }

  /// The longest sequence the model takes.
  package var maximumPositions: Int { template.maximumPositions }

  /// The number of parameters, or nil when it overflows.
  package func parameterCount(vocabularySize: Int) -> Int? {
    configuration(vocabularySize: vocabularySize).parameterCount
  }

  /// The configuration with a vocabulary of the given size.
  package func configuration(vocabularySize: Int) -> any ModelConfiguration {
    var configuration = template
    configuration.vocabularySize = vocabularySize
    return configuration
  }
}
