import Autograd
import Checkpoints
import Files
import Models
import Tokenizers

/// The checkpoint that inference reads: `model.h5`, complete on its own. README.md beside this file describes every
/// attribute and dataset of it.
package enum ModelFile {
  package static let name = CheckpointLocation.modelName
  private static let format = "train-model"
  private static let formatVersion = 1
  private static let group = "model"

  /// Opens the model at `path`: a file, a step folder or a run folder, whose newest valid checkpoint it then is.
  ///
  /// - Parameters:
  ///   - base: where the base model of an adapter is now; nil for where it was.
  ///   - isBase: whether it is to be the base of an adapter and so cannot have one.
  /// - Throws: `.checkpoint` for a file that is damaged or no model, `.model` or `.tokenizer` for contents that do not fit.
  package static func open(_ path: String, base: String? = nil, isBase: Bool = false) throws(Failure) -> StoredModel {
    let (location, file) = try CheckpointLocation.opened(path)
    let path = location.model
    let notes = location.skipped.map { "passed over: \($0)" }
    if isBase, AdapterFile.recognizes(file.attributes) { throw .baseHasAdapter(at: path) }
    if AdapterFile.recognizes(file.attributes) { return try AdapterFile.open(file, base: base, notes: notes) }
    guard file.attributes["format"]?.string == format, let version = file.attributes["format_version"]?.integer else {
      throw Failure(
        .checkpoint, "this HDF5 file is not a model of train", at: path,
        notes: ["expected the root attribute format = \"\(format)\""])
    }
    guard version == formatVersion else {
      throw Failure(
        .checkpoint, "the model is of another format version", at: path,
        notes: ["expected \(formatVersion), found \(version)", "use the version of train that wrote it"])
    }
    let parts = try Parts(file.attributes, path)
    return try StoredModel(
      parts.configuration, tokenizer: parts.tokenizer, chatTemplate: parts.chatTemplate, endTokens: parts.endTokens,
      beginningToken: parts.beginningToken, step: parts.step, notes: notes,
      weights: ArrayFileWeights(file: file, group: group))
  }

  /// What a checkpoint says besides its weights.
  package struct Parts {
    let configuration: any ModelConfiguration
    let tokenizer: Tokenizer?
    let chatTemplate: String
    let endTokens: [Int32]?
    let beginningToken: Int32?
    let step: Int

    package init(
      _ configuration: any ModelConfiguration, tokenizer: Tokenizer?, chatTemplate: String, endTokens: [Int32]? = nil,
      beginningToken: Int32? = nil, step: Int
    ) {
      (self.configuration, self.tokenizer, self.chatTemplate) = (configuration, tokenizer, chatTemplate)
      (self.endTokens, self.beginningToken, self.step) = (endTokens, beginningToken, step)
    }

    /// Reads the attributes of the file at `path`.
    init(_ attributes: Attributes, _ path: String) throws(Failure) {
      guard let text = attributes["config"]?.string, let step = attributes["step"]?.integer, step >= 0 else {
        throw Failure(.checkpoint, "the model lacks its attribute \"config\" or \"step\"", at: path)
      }
      var config = try JSONValue.parse(Array(text.utf8), source: "\(path):config", area: .model)
      // All rows of models in files of earlier versions learnt from every text.
      if config.object != nil, config["pad_token_id"] == nil { config["pad_token_id"] = .null }
      let description = try ModelDescription(configuration: config.serialized(), source: "\(path):config")
      self.init(
        description.configuration(vocabularySize: description.vocabularySize!),
        tokenizer: try ModelFile.tokenizer(attributes, path), chatTemplate: attributes["chat_template"]?.string ?? "",
        endTokens: try config.tokens("eos_token_id", source: "\(path):config"),
        beginningToken: try config.tokens("bos_token_id", source: "\(path):config")?.first, step: step)
    }

    /// The attributes of a file of a format.
    func attributes(format: String) -> Attributes {
      [
        "format": .string(format), "format_version": .integer(formatVersion),
        "config": .string(
          configuration.json(tokenizer, endTokens: endTokens, beginningToken: beginningToken).serialized(pretty: true)),
        "tokenizer": .string(tokenizer?.json() ?? ""),
        "tokenizer_config": .string(tokenizer?.namedTokens.json.serialized() ?? ""),
        "chat_template": .string(chatTemplate), "step": .integer(step),
      ]
    }
  }

  /// The tokenizer in a file's attributes, nil when the model has none. Files of earlier versions lack the tokens by name.
  private static func tokenizer(_ attributes: Attributes, _ path: String) throws(Failure) -> Tokenizer? {
    guard let text = attributes["tokenizer"]?.string, !text.isEmpty else { return nil }
    let tokenizer = try Tokenizer(json: Array(text.utf8), source: "\(path):tokenizer")
    guard let names = attributes["tokenizer_config"]?.string, !names.isEmpty else { return tokenizer }
    let source = "\(path):tokenizer_config"
    let json = try JSONValue.parse(Array(names.utf8), source: source, area: .tokenizer)
    return try tokenizer.naming(NamedTokens(json, source: source))
  }

  /// The contents of model.h5 for a model; they refer to its weights. The tokens that begin and end a text default to the
  /// tokenizer's.
  package static func contents(_ model: any LanguageModel, _ parts: Parts) -> ArrayFileContents {
    ArrayFileContents(attributes: parts.attributes(format: format), groups: [ArrayGroup(group, model.namedArrays)])
  }

  /// The same for a model that was not trained here.
  package static func contents(
    _ model: any LanguageModel, _ configuration: any ModelConfiguration, tokenizer: Tokenizer?, chatTemplate: String,
    endTokens: [Int32]? = nil, beginningToken: Int32? = nil, step: Int
  ) -> ArrayFileContents {
    contents(
      model,
      Parts(
        configuration, tokenizer: tokenizer, chatTemplate: chatTemplate, endTokens: endTokens,
        beginningToken: beginningToken, step: step))
  }
}

extension ModelConfiguration {
  /// The config.json with the tokens that begin and end a text, which default to the tokenizer's.
  package func json(_ tokenizer: Tokenizer?, endTokens: [Int32]?, beginningToken: Int32?) -> JSONValue {
    var config = json
    if let beginning = beginningToken ?? tokenizer?.beginningOfText {
      config["bos_token_id"] = JSONValue(Int(beginning))
    }
    let ends = (endTokens ?? tokenizer?.endOfText.map { [$0] } ?? []).map { JSONValue(Int($0)) }
    if !ends.isEmpty { config["eos_token_id"] = ends.count == 1 ? ends[0] : JSONValue(ends) }
    return config
  }
}
