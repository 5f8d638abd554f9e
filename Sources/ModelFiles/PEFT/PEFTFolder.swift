import Autograd
import Checkpoints
import Files
import Models
import Numerics
import Tokenizers

/// A folder in which PEFT keeps an adapter: `adapter_config.json` and `adapter_model.safetensors`, without the base model.
package enum PEFTFolder {
  static let configurationName = "adapter_config.json"
  static let weightsName = "adapter_model.safetensors"
  /// All files that an export may write.
  static let fileNames = [configurationName, weightsName] + HuggingFaceTokenizerFiles.names

  /// Opens the adapter in the folder at `path`.
  ///
  /// - Parameter base: the base model; nil for the one that the configuration names, if that is a path.
  /// - Throws: `.model` for keys that are not supported, for weights that do not fit, and for a base that is not to be had.
  package static func open(_ path: String, base: String? = nil) throws(Failure) -> StoredModel {
    let source = "\(path)/\(configurationName)"
    guard let json = try HuggingFaceFolder.json(configurationName, in: path, area: .model) else {
      throw Failure(
        .model, "the folder is no adapter: it has no \(configurationName)", at: path,
        notes: ["`train export RUN FOLDER --to peft` writes that of a run"])
    }
    let decoder = SettingsDecoder(source: source, area: .model)
    var settings = decoder.read(json) { AdaptedBase(from: &$0) }
    if let failure = decoder.failure { throw failure }
    if case .principal(let iterations?) = settings.adapter.start {
      throw Failure(
        .model, "the base of the adapter cannot be had again: it was drawn", at: source,
        notes: [
          "PEFT's \"pissa_niter_\(iterations)\" draws what it takes out of the base, and reads the adapter wrongly itself",
          "save it with path_initial_model_for_weight_conversion, which makes a plain adapter of it",
        ])
    }
    let names = try Folder.names(in: path, area: .model)
    try checkWeights(at: path, names)
    guard let base = base ?? json["base_model_name_or_path"]?.string, Path.exists(base) else {
      throw baseIsNotHere(json, at: path, names)
    }
    let stored = try StoredModel(baseAt: base)
    let note = try passOverNames(in: &settings.adapter, of: stored, source)
    let weights = try SafetensorsWeights("\(path)/\(weightsName)")
    try checkHead(settings.adapter, of: stored, weights)
    let adapter = StoredAdapter(settings: settings, base: base, baseDigest: nil, weights: weights, original: nil)
    let text = try Text(in: path, stored)
    return try StoredModel(
      stored.configuration, tokenizer: text.tokenizer, chatTemplate: text.template, endTokens: text.ends,
      beginningToken: stored.beginningToken, step: stored.step,
      notes: stored.notes + text.notes + (note.map { [$0] } ?? []),
      weights: stored.weights, adapter: adapter)
  }

  /// Takes names of what the model does not have out of `configuration`; a note about them, nil where there are none.
  private static func passOverNames(
    in configuration: inout AdapterConfiguration, of stored: StoredModel, _ source: String
  ) throws(Failure) -> String? {
    try stored.checkSize()
    let found = try stored.configuration.makeModel(seed: nil).passingOverNames(of: configuration)
    configuration = found.configuration
    if found.names.isEmpty { return nil }
    return "\(source) names what the model has not, and PEFT passes over: \(found.names.joined(separator: ", "))"
  }

  /// Refuses an embedding that was trained whole and is the head, too, where PEFT keeps the base's head: `ensure_weight_tying` knows
  /// the names `embed_tokens` and `lm_head` alone, and of another embedding only a file that repeats it puts it in the head's place.
  private static func checkHead(
    _ configuration: AdapterConfiguration, of stored: StoredModel, _ weights: SafetensorsWeights
  ) throws(Failure) {
    let tied = ["embed_tokens", "lm_head"]
    let names = configuration.savedModules.compactMap { $0.split(separator: ".").last.map { String($0) } }
    guard configuration.tiesSavedModules, !names.isEmpty, !names.contains(where: tied.contains) else { return }
    let model = stored.configuration.makeModel(seed: nil)
    guard let head = model.tiedHead,
      let embedding = model.namedParameters.first(where: { $0.parameter === head.parameter })
    else { return }
    let saved = try model.savedNames(with: configuration)
    let copy = StoredAdapter.prefix + head.name
    guard saved.contains(embedding.name), !weights.shapes.contains(where: { $0.name == copy }) else { return }
    throw Failure(
      .model, "the adapter has an embedding of its own, and PEFT leaves the head as it is in the base",
      at: weights.path,
      notes: [
        "\(embedding.name) is the head, too, and \"ensure_weight_tying\" ties none but \(tied.joined(separator: " and "))",
        "merge it with PEFT's merge_and_unload, and save the model with tie_word_embeddings false",
      ])
  }

  private static func checkWeights(at path: String, _ names: [String]) throws(Failure) {
    if names.contains(weightsName) { return }
    if names.contains("adapter_model.bin") {
      throw Failure(
        .model, "the adapter is pickled Python, which is not read", at: "\(path)/adapter_model.bin",
        notes: ["load it with PEFT and save_pretrained it with safe_serialization=True"])
    }
    throw Failure(
      .model, "the adapter has no weights", at: path,
      notes: ["there is \(configurationName), and no \(weightsName) beside it"] + wholeModel(names))
  }

  /// What to do with a whole model among the files of an adapter; transformers does not read it either.
  private static func wholeModel(_ names: [String]) -> [String] {
    names.contains { $0.hasPrefix("model") && $0.hasSuffix(".safetensors") }
      ? ["the folder has a whole model, too, which is read once \(configurationName) is gone"] : []
  }

  /// The failure of the adapter in the folder `path`, with those files, whose base is not to be had.
  private static func baseIsNotHere(_ json: JSONValue, at path: String, _ names: [String]) -> Failure {
    Failure(
      .model, "the base model of the adapter is not here", at: "\(path)/\(configurationName)",
      notes: [
        "base_model_name_or_path names \(json["base_model_name_or_path"]?.found ?? "none")",
        "write its path there; or in a recipe: \"model\": { \"from\": BASE, \"adapter\": \"\(path)\" }",
      ] + wholeModel(names))
  }

  /// The tokenizer and the template that are beside an adapter, in the place of those of its base: what `AutoTokenizer` finds in
  /// the folder. Texts end where the base's files say, and where this tokenizer does.
  private struct Text {
    var tokenizer: Tokenizer?
    var template: String
    var ends: [Int32]?
    var notes: [String] = []

    /// - Throws: `.tokenizer` for one with tokens that the base has no rows for.
    init(in path: String, _ base: StoredModel) throws(Failure) {
      (tokenizer, template, ends) = (base.tokenizer, base.chatTemplate, base.endTokens)
      guard let own = try HuggingFaceTokenizer.read(path) else { return }
      let size = base.configuration.vocabularySize
      // The base's own files may name the same tokens, which are left out.
      guard own.vocabularySize <= size || own.limited(to: size)?.left.map(\.text) == base.tokensLeftOut else {
        throw Failure(
          .tokenizer, "the tokenizer of the adapter has tokens that its base has not", at: path,
          notes: [
            "\(own.vocabularySize) tokens, the base has rows for \(size)",
            "PEFT would add rows that nothing has trained: resize the base, save it, and name that one",
          ])
      }
      let found = try HuggingFaceFolder.chatTemplate(in: path)
      (tokenizer, template, notes) = (own, found.text, found.notes)
      if let known = ends, let end = own.namedToken("eos_token"), !known.contains(end) { ends = known + [end] }
    }
  }

  /// Writes the adapter of `model`, which is that of `stored`, to the folder `path`, and the tokenizer beside it.
  static func write(
    _ model: any LanguageModel, _ stored: StoredModel, to path: String, as type: SafetensorsType
  ) throws(Failure) {
    let adapter = stored.adapter!
    // transformers 5 calls the module lm_head, and its file's tensor as this one.
    let prefix = StoredAdapter.prefix
    if let head = model.arraysOfPEFT.first(where: { $0.name.hasPrefix(prefix + "embed_out.") }) {
      throw Failure(
        .model, "PEFT finds no head of this name to put in place", at: String(head.name.dropFirst(prefix.count)),
        notes: ["versions of transformers call it differently", "`train export --to hf` writes the merged model"])
    }
    // PEFT knows no base in few bits. One that lacks what the updates began as would have to be computed by whoever reads it.
    let json = try model.makeUpdatesPlain(adapter.settings.adapter).json(base: adapter.base)
    try DurableFile.write(json.serialized(pretty: true) + "\n", to: "\(path)/\(configurationName)")
    try SafetensorsFile.write(model.arraysOfPEFT, as: type, to: "\(path)/\(weightsName)")
    try HuggingFaceTokenizerFiles(stored)?.write(to: path)
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
