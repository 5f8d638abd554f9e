import Autograd
import Checkpoints
import Files
import Models
import Tokenizers

/// The checkpoint that inference reads: `model.h5`, complete on its own.
///
/// Root attributes: `format` = `train-model`, `format_version` = 1, `config` (the text of a Hugging Face config.json),
/// `tokenizer` (the text of tokenizer.json, empty if there is none), `chat_template`, `step`. Weights: `/model/NAME`, named,
/// shaped and oriented as in Hugging Face's checkpoint of the architecture; a tied head is stored once.
package struct ModelFile {
  package static let name = "model.h5"
  private static let format = "train-model"
  private static let formatVersion = 1
  private static let group = "model"

  private let file: ArrayFile
  package let configuration: any ModelConfiguration
  package let tokenizer: Tokenizer?
  package let chatTemplate: String
  /// The tokens that end a text; nil leaves that to the tokenizer.
  package let endTokens: [Int32]?
  /// The training steps behind the weights.
  package let step: Int
  /// Why newer checkpoints of the run were passed over.
  package let skipped: [Failure]

  /// Opens the model at `path`: a file, a step folder or a run folder, whose newest valid checkpoint it then is.
  ///
  /// - Throws: `.checkpoint` for a file that is damaged or no model, `.model` or `.tokenizer` for contents that do not fit.
  package init(_ path: String) throws(Failure) {
    let location = try CheckpointLocation(path)
    let path = location.model
    skipped = location.skipped
    file = try location.open()
    let attributes = file.attributes
    guard attributes["format"]?.string == Self.format, let version = attributes["format_version"]?.integer else {
      throw Failure(
        .checkpoint, "this HDF5 file is not a model of train", at: path,
        notes: ["expected the root attribute format = \"\(Self.format)\""])
    }
    guard version == Self.formatVersion else {
      throw Failure(
        .checkpoint, "the model is of another format version", at: path,
        notes: ["expected \(Self.formatVersion), found \(version)", "use the version of train that wrote it"])
    }
    guard let text = attributes["config"]?.string, let step = attributes["step"]?.integer, step >= 0
    else {
      throw Failure(.checkpoint, "the model lacks its attribute \"config\" or \"step\"", at: path)
    }
    let description = try ModelDescription(configuration: text, source: "\(path):config")
    configuration = description.configuration(vocabularySize: description.vocabularySize!)
    endTokens = try Self.endTokens(
      of: text, source: "\(path):config", vocabularySize: configuration.vocabularySize)
    let tokenizerText = attributes["tokenizer"]?.string ?? ""
    tokenizer =
      tokenizerText.isEmpty ? nil : try Tokenizer(json: Array(tokenizerText.utf8), source: "\(path):tokenizer")
    chatTemplate = attributes["chat_template"]?.string ?? ""
    self.step = step
    if let tokenizer, tokenizer.vocabularySize > configuration.vocabularySize {
      throw Failure(
        .tokenizer, "the tokenizer has more tokens than the model", at: path,
        notes: ["tokenizer \(tokenizer.vocabularySize), model \(configuration.vocabularySize)"])
    }
  }

  /// The model with its weights. Every tensor must be there, in its shape, and no other.
  package func model() throws(Failure) -> any LanguageModel {
    try checkSize()
    let model = configuration.makeModel(seed: nil)
    try model.readWeights(from: file, group: Self.group)
    return model
  }

  /// Refuses a configuration that asks for much more memory than the file's weights fill, before any is taken.
  private func checkSize() throws(Failure) {
    let stored = file.arrays(in: Self.group).reduce(0) { $0 + $1.count }
    let count = configuration.parameterCount
    if let count, count / 2 <= stored { return }
    throw Failure(
      .model, "the configuration is that of another model", at: file.path,
      notes: ["it describes \(count.map { "\($0)" } ?? "more than 2^63") parameters, the file holds \(stored)"])
  }

  /// Hugging Face's `eos_token_id`: an id, several, or nothing.
  private static func endTokens(
    of config: String, source: String, vocabularySize: Int
  ) throws(Failure) -> [Int32]? {
    let document = try JSONValue.parse(Array(config.utf8), source: source, area: .model)
    guard let value = document["eos_token_id"], !value.isNull else { return nil }
    let ids = (value.array ?? [value]).map { $0.integer.flatMap { 0..<vocabularySize ~= $0 ? Int32($0) : nil } }
    guard !ids.contains(nil) else {
      throw Failure(.model, "eos_token_id is no token of the model", at: source, notes: ["found \(value.found)"])
    }
    return ids.compactMap(\.self)
  }

  /// The contents of model.h5 for a model; they refer to its weights. `endTokens` defaults to the tokenizer's.
  package static func contents(
    _ model: any LanguageModel, _ configuration: any ModelConfiguration, tokenizer: Tokenizer?, chatTemplate: String,
    endTokens: [Int32]? = nil, step: Int
  ) -> ArrayFileContents {
    var config = configuration.json
    if let beginning = tokenizer?.beginningOfText { config["bos_token_id"] = JSONValue(Int(beginning)) }
    let ends = (endTokens ?? tokenizer?.endOfText.map { [$0] } ?? []).map { JSONValue(Int($0)) }
    if !ends.isEmpty { config["eos_token_id"] = ends.count == 1 ? ends[0] : JSONValue(ends) }
    return ArrayFileContents(
      attributes: [
        "format": .string(format), "format_version": .integer(formatVersion),
        "config": .string(config.serialized(pretty: true)),
        "tokenizer": .string(tokenizer?.json() ?? ""), "chat_template": .string(chatTemplate), "step": .integer(step),
      ],
      groups: [ArrayGroup(group, model.namedArrays)])
  }
}
