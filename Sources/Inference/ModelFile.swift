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
  /// The training steps behind the weights.
  package let step: Int

  /// Opens the model at `path`: a file, a step folder or a run folder, whose newest valid checkpoint it then is.
  ///
  /// - Throws: `.checkpoint` for a file that is damaged or no model, `.model` or `.tokenizer` for contents that do not fit.
  package init(_ path: String) throws(Failure) {
    let path = try CheckpointLocation(path).model
    file = try ArrayFile(path)
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
    guard let text = attributes["config"]?.string, let step = attributes["step"]?.integer else {
      throw Failure(.checkpoint, "the model lacks its attribute \"config\" or \"step\"", at: path)
    }
    let description = try ModelDescription(configuration: text, source: "\(path):config")
    configuration = description.configuration(vocabularySize: description.vocabularySize!)
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
    let model = configuration.makeModel(seed: nil)
    let named = model.namedParameters
    try check(named)
    for parameter in named { try file.read(parameter.name, in: Self.group, into: parameter.value) }
    return model
  }

  private func check(_ named: [NamedParameter]) throws(Failure) {
    var problems: [String] = []
    for parameter in named {
      let expected = parameter.value.shape.dimensions
      switch file.array(parameter.name, in: Self.group) {
      case nil: problems.append("\"\(parameter.name)\" is missing")
      case let found? where found.shape != expected:
        problems.append("\"\(parameter.name)\" has shape \(found.shape), expected \(expected)")
      case let found? where found.element != .float32:
        problems.append("\"\(parameter.name)\" is \(found.element.rawValue), expected float32")
      default: break
      }
    }
    let known = Set(named.map(\.name))
    problems += file.arrays(in: Self.group).filter { !known.contains($0.name) }.map { "\"\($0.name)\" is unknown" }
    guard problems.isEmpty else {
      throw Failure(.model, "the weights do not fit the model's configuration", at: file.path, notes: problems)
    }
  }

  /// The contents of model.h5 for a model.
  package static func contents(
    _ model: any LanguageModel, _ configuration: any ModelConfiguration, tokenizer: Tokenizer?, chatTemplate: String,
    step: Int
  ) -> ArrayFileContents {
    ArrayFileContents(
      attributes: [
        "format": .string(format), "format_version": .integer(formatVersion),
        "config": .string(configuration.json.serialized(pretty: true)),
        "tokenizer": .string(tokenizer?.json() ?? ""), "chat_template": .string(chatTemplate), "step": .integer(step),
      ],
      groups: [ArrayGroup(group, model.namedParameters.map { NamedArray($0.name, $0.value) })])
  }
}

extension NamedArray {
  /// An array over a tensor's elements.
  package init(_ name: String, _ tensor: Tensor) {
    self.init(
      name, shape: tensor.shape.dimensions,
      values: UnsafeBufferPointer(start: UnsafePointer(tensor.pointer), count: tensor.shape.count),
      owner: tensor.storage)
  }
}

extension ArrayFile {
  /// Reads an array into a tensor's elements.
  ///
  /// - Throws: the file's failure if the array is missing, of another shape, or unreadable.
  package func read(_ name: String, in group: String, into tensor: Tensor) throws(Failure) {
    guard let stored = array(name, in: group), stored.shape == tensor.shape.dimensions, stored.element == .float32
    else {
      throw Failure(
        .checkpoint, "\"\(name)\" is missing or of another shape", at: "\(path):/\(group)",
        notes: ["expected float32 \(tensor.shape)"])
    }
    try read(stored, into: UnsafeMutableBufferPointer(start: tensor.pointer, count: tensor.shape.count))
  }
}
