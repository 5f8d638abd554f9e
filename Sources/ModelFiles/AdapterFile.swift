import Autograd
import Checkpoints
import Files
import Foundation
import Models

/// The checkpoint of a run that trains adapters: `adapter.h5`, which refers to its base model. README.md beside this file
/// describes its attributes and datasets.
package enum AdapterFile {
  package static let name = CheckpointLocation.adapterName
  static let format = "train-adapter"
  private static let group = "adapter"
  /// What the updates began as, where the base is the model without that.
  private static let originalGroup = "original"
  /// Whether an HDF5 file is one.
  static func recognizes(_ attributes: Attributes) -> Bool { attributes["format"]?.string == format }

  /// Opens the adapter in a file.
  ///
  /// - Parameter base: where the base model is now; nil for where it was.
  /// - Throws: `.model` for a base that is gone or has adapters of its own.
  static func open(_ file: ArrayFile, base: String? = nil, notes: [String] = []) throws(Failure) -> StoredModel {
    let (attributes, path) = (file.attributes, file.path)
    guard attributes["format_version"]?.integer == 1, let text = attributes["adapter"]?.string,
      let digest = attributes["base_sha256"]?.string, let source = base ?? attributes["base"]?.string
    else { throw Failure(.checkpoint, "the adapter lacks an attribute, or is of another version", at: path) }
    let decoder = SettingsDecoder(source: "\(path):adapter", area: .model)
    let json = try JSONValue.parse(Array(text.utf8), source: "\(path):adapter", area: .model)
    let configuration = decoder.read(json) { AdaptedBase(from: &$0) }
    if let failure = decoder.failure { throw failure }
    let stored = try openBase(source, of: path)
    let parts = try ModelFile.Parts(attributes, path)
    if let key = parts.configuration.firstDifference(from: stored.configuration) {
      throw Failure(
        .model, "the base model is not the one that the adapter was trained on", at: source,
        notes: ["its configuration has another \(key)", "put it back as it was"])
    }
    return try StoredModel(
      stored.configuration, tokenizer: parts.tokenizer, chatTemplate: parts.chatTemplate, endTokens: parts.endTokens,
      beginningToken: parts.beginningToken, step: parts.step, notes: notes + stored.notes, weights: stored.weights,
      adapter: StoredAdapter(
        settings: configuration, base: source, baseDigest: digest,
        weights: ArrayFileWeights(file: file, group: group),
        original: ArrayFileWeights(file: file, group: originalGroup)))
  }

  private static func openBase(_ source: String, of path: String) throws(Failure) -> StoredModel {
    let stored: StoredModel
    do {
      stored = try StoredModel(baseAt: source)
    } catch {
      if error.what == Failure.baseHasAdapter(at: source).what { throw error }
      throw Failure(
        .model, "the base model of the adapter is not to be had", at: source,
        notes: [
          error.what, "the adapter is \(path)", "put it back, or a link to it; a run is resumed with model.from=PATH",
        ])
    }
    return stored
  }

  /// The contents of adapter.h5 for an adapted model; they refer to its weights. `base` is where its base model is.
  package static func contents(
    _ model: any LanguageModel, _ stored: ModelFile.Parts, _ settings: AdaptedBase, base: String, digest: String
  ) -> ArrayFileContents {
    var attributes = stored.attributes(format: format)
    attributes["adapter"] = .string(settings.json(base: base).serialized(pretty: true))
    attributes["base"] = .string(base)
    attributes["base_sha256"] = .string(digest)
    let original = model.originalUpdates.map(\.adapterArray)
    return ArrayFileContents(
      attributes: attributes,
      groups: [ArrayGroup(group, model.adapterArrays)] + (original.isEmpty ? [] : [ArrayGroup(originalGroup, original)])
    )
  }
}

/// The adapter of a stored model.
package struct StoredAdapter {
  package var settings: AdaptedBase
  /// Where the base model is.
  package let base: String
  /// What identifies the base; nil where its file does not say.
  package let baseDigest: String?
  let weights: any WeightSource
  /// What the updates began as; nil where that is to be computed from the base, as PEFT does.
  let original: (any WeightSource)?
  /// What PEFT puts before the names of a model's parts.
  static let prefix = "base_model.model."

  /// Gives the base `model` its adapter.
  ///
  /// - Throws: `.model` for weights that are missing, unknown or of another shape.
  func attach(to model: any LanguageModel) throws(Failure) {
    let count = try model.adapterSizes(with: settings.adapter).trained
    let stored = weights.shapes.reduce(0) { $0 + ($1.shape?.reduce(1, *) ?? 0) }
    guard count / 2 <= stored else {
      throw Failure(
        .model, "the adapter does not fit its configuration", at: weights.path,
        notes: ["it describes \(count) numbers, the file holds \(stored)"])
    }
    try model.attach(settings.adapter, seed: nil)
    let copies = model.headCopies.filter { copy in weights.shapes.contains { $0.name == Self.prefix + copy.name } }
    let shape = model.head.weight.shape.dimensions
    try Self.read(model.trainedParameters, from: weights, beside: copies.map { (Self.prefix + $0.name, shape) })
    if settings.adapter.start.isPrincipal {
      if let original {
        try Self.read(model.originalUpdates, from: original)
      } else {
        try model.computePrincipalParts(alsoUpdates: false)
      }
    }
    for copy in copies { try check(copy.value(), of: Self.prefix + copy.name, model) }
  }

  /// Refuses a tensor of the file that is the model's head and differs from it.
  private func check(_ own: Tensor, of name: String, _ model: any LanguageModel) throws(Failure) {
    var values = [Float](repeating: 0, count: own.shape.count)
    try values.withUnsafeMutableBufferPointer { (values) throws(Failure) in try weights.read(name, into: values) }
    // A base in few bits has rounded it, and a part that was taken out was computed.
    let isExact = model.head.weight.packed == nil && !settings.adapter.start.isPrincipal
    let (difference, size) = zip(own.elements, values).reduce(into: (0.0, 0.0)) { sums, pair in
      sums.0 += pow(Double(pair.0) - Double(pair.1), 2)
      sums.1 += pow(Double(pair.1), 2)
    }
    guard difference <= (isExact ? 0 : 0x1p-14) * size else {
      throw Failure(
        .model, "the adapter's file has another head than its base", at: weights.path,
        notes: [
          "tensor \(name) differs",
          "name the base that it was trained on; of one that was loaded as bfloat16 for that, `train export BASE FOLDER --to hf --dtype "
            + "bf16` writes what it was then",
        ])
    }
  }

  private static func read(
    _ parameters: [NamedParameter], from weights: any WeightSource, beside others: [(name: String, shape: [Int])] = []
  ) throws(Failure) {
    let problems = BaseModel.mismatches(
      expected: parameters.map { (prefix + $0.name, $0.shape.dimensions) } + others, found: weights.shapes)
    guard problems.isEmpty else {
      throw Failure(.model, "the adapter does not fit its base model", at: weights.path, notes: problems)
    }
    for named in parameters {
      try named.mutableBuffer.withUnsafeMutableBufferPointer { (values) throws(Failure) in
        try weights.read(prefix + named.name, into: values)
        guard values.allSatisfy(\.isFinite) else {
          throw Failure(
            .model, "the adapter has a number that is infinite or no number", at: weights.path,
            notes: ["in \(prefix)\(named.name)"])
        }
      }
    }
  }
}

extension LanguageModel {
  /// The trained parameters of an adapted model, named as in PEFT's files.
  var adapterArrays: [NamedArray] {
    trainedParameters.map(\.adapterArray)
  }

  /// The same as PEFT writes them, which repeats a trained embedding as the head that it is.
  var arraysOfPEFT: [NamedArray] {
    adapterArrays + (tiedHead.flatMap { $0.parameter.isTrained ? [$0.adapterArray] : nil } ?? [])
  }
}

extension NamedParameter {
  /// The parameter as an array that refers to it, named as in PEFT's files.
  fileprivate var adapterArray: NamedArray {
    NamedArray(StoredAdapter.prefix + name, shape: shape) { value }
  }
}

extension Failure {
  /// Says that a model that has adapters cannot be a base.
  package static func baseHasAdapter(at path: String) -> Failure {
    Failure(
      .model, "the base model has adapters of its own", at: path, notes: ["`train export` merges them into a model"])
  }
}

extension StoredModel {
  /// Opens the base of an adapter. One with adapters of its own is refused before its own base is opened, which may be itself.
  ///
  /// - Throws: what `init(at:)` throws.
  init(baseAt path: String) throws(Failure) {
    switch try ModelFormat(of: path) {
    case .peft: throw .baseHasAdapter(at: path)
    case .checkpoint: self = try ModelFile.open(path, isBase: true)
    case .huggingFace, .gguf, .llama2C: self = try StoredModel(at: path)
    }
  }

  /// What identifies the weights of a model without adapters, whatever format they are in: a digest over their names and values.
  package func weightsDigest() throws(Failure) -> String {
    var digest = Digest()
    for named in configuration.makeModel(seed: nil).namedParameters {
      try StopRequest.check()
      let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: named.shape.count)
      defer { values.deallocate() }
      try weights.read(named.name, into: values)
      digest.update(named.name)
      digest.update(UnsafeRawBufferPointer(values))
    }
    return digest.hexadecimal
  }
}
