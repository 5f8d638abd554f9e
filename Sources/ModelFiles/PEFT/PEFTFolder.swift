import Autograd
import Checkpoints
import Files
import Models
import Numerics

/// A folder in which PEFT keeps an adapter: `adapter_config.json` and `adapter_model.safetensors`, without the base model.
package enum PEFTFolder {
  static let configurationName = "adapter_config.json"
  static let weightsName = "adapter_model.safetensors"
  /// All files that an export may write.
  static let fileNames = [configurationName, weightsName]

  /// Opens the adapter in the folder at `path`.
  ///
  /// - Parameter base: the base model; nil for the one that the configuration names, if that is a path.
  /// - Throws: `.model` for keys that are not supported, for weights that do not fit, and for a base that is not to be had.
  package static func open(_ path: String, base: String? = nil) throws(Failure) -> StoredModel {
    let source = "\(path)/\(configurationName)"
    let json = try JSONValue.parse(
      ReadableFile.contents(of: source, area: .model, limit: 1 << 24), source: source, area: .model)
    let decoder = SettingsDecoder(source: source, area: .model)
    let settings = decoder.read(json) { AdaptedBase(from: &$0) }
    if let failure = decoder.failure { throw failure }
    if case .principal(let iterations?) = settings.adapter.start {
      throw Failure(
        .model, "the base of the adapter cannot be had again: it was drawn", at: source,
        notes: [
          "PEFT's \"pissa_niter_\(iterations)\" draws what it takes out of the base, and reads the adapter wrongly itself",
          "save it with path_initial_model_for_weight_conversion, which makes a plain adapter of it",
        ])
    }
    guard let base = base ?? json["base_model_name_or_path"]?.string, Path.exists(base) else {
      throw Failure(
        .model, "the base model of the adapter is not here", at: source,
        notes: [
          "it names \(json["base_model_name_or_path"]?.found ?? "none")",
          "in a recipe: \"model\": { \"from\": BASE, \"adapter\": \"\(path)\" }",
        ])
    }
    let stored = try StoredModel(at: base)
    guard stored.adapter == nil else { throw stored.hasAdapter }
    let adapter = StoredAdapter(
      settings: settings, base: base, baseDigest: nil, weights: try SafetensorsWeights("\(path)/\(weightsName)"),
      original: nil)
    return try StoredModel(
      stored.configuration, tokenizer: stored.tokenizer, chatTemplate: stored.chatTemplate,
      endTokens: stored.endTokens, beginningToken: stored.beginningToken, step: stored.step, notes: stored.notes,
      weights: stored.weights, adapter: adapter)
  }

  /// Writes the adapter of `model` to the folder `path`.
  static func write(
    _ model: any LanguageModel, _ adapter: StoredAdapter, to path: String, as type: SafetensorsType
  ) throws(Failure) {
    // PEFT knows no base in few bits. One that lacks what the updates began as would have to be computed by whoever reads it.
    let json = try model.makeUpdatesPlain(adapter.settings.adapter).json(base: adapter.base)
    try DurableFile.write(json.serialized(pretty: true) + "\n", to: "\(path)/\(configurationName)")
    try SafetensorsFile.write(model.adapterArrays, as: type, to: "\(path)/\(weightsName)")
  }
}

/// The tensors of one safetensors file by their own names.
private struct SafetensorsWeights: WeightSource {
  private let file: SafetensorsFile

  init(_ path: String) throws(Failure) { file = try SafetensorsFile(path) }

  var path: String { file.path }

  var shapes: [(name: String, shape: [Int]?)] {
    file.entries.map { ($0.name, $0.type.isFloat ? $0.shape : nil) }
  }

  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws(Failure) {
    try file.read(file.entries.first { $0.name == name }!, into: values)
  }
}
