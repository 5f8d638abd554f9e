import Autograd
import Checkpoints
import Files
import Models

/// An adapter in a GGUF file, as llama.cpp takes it beside its base with `--lora` (github.com/ggml-org/llama.cpp,
/// convert_lora_to_gguf.py and src/llama-adapter.cpp): A and B of each matrix, of which alpha / r B A is added.
struct GGUFAdapter {
  private static let alphaKey = "adapter.lora.alpha"
  /// The configuration of what the file holds.
  private let configuration: AdapterConfiguration
  private let names: GGUFNames

  /// The adapter of `stored`.
  ///
  /// - Throws: `.model` for what llama.cpp's adapters do not have.
  init(_ stored: StoredModel, _ adapter: AdapterConfiguration) throws(Failure) {
    let lack =
      adapter.learnsMagnitudes
      ? "use_dora: magnitudes" : adapter.savedModules.isEmpty ? nil : "modules_to_save: modules trained whole"
    if let lack {
      throw Failure(
        .model, "llama.cpp's adapters are low-rank updates alone", at: stored.path,
        notes: ["the adapter has \(lack)", "--to gguf merges it into the model"])
    }
    names = try GGUFNames(stored.configuration, path: stored.path)
    configuration = adapter
  }

  /// The same scale as llama.cpp computes it, alpha / r.
  private var plain: AdapterConfiguration {
    var plain = configuration
    (plain.isRankStabilized, plain.alpha) = (false, configuration.scale * Double(configuration.rank))
    plain.alphas = []
    return plain
  }

  /// What B of a layer is multiplied by: llama.cpp has one alpha for all.
  private func factor(at path: String) -> Float {
    let (own, theirs) = (configuration.scale(at: path), plain.scale(at: path))
    return abs(own / theirs - 1) < 1e-12 ? 1 : Float(own / theirs)
  }

  /// Writes the updates of `model`, which are plain ones of the configuration.
  func write(_ model: any LanguageModel, to path: String, as encoding: GGUFEncoding) throws(Failure) {
    if model.cannotMerge {
      throw Failure(
        .model, "llama.cpp has no head to adapt where it is the embedding, too", at: path, notes: ["--to peft keeps it"]
      )
    }
    let architecture = names.naming.architecture
    let tensors = model.trainedParameters.map { named in
      (NamedArray(gguf(named.name), shape: named.shape) { rearranged(named) }, encoding)
    }
    try GGUFFile.write(
      metadata: [
        ("general.architecture", .string(architecture)), ("general.type", .string("adapter")),
        ("general.name", .string("train-\(architecture)-lora")), ("general.file_type", .integer(encoding.fileType)),
        ("general.quantization_version", .integer(2)), ("adapter.type", .string("lora")),
        (Self.alphaKey, .float(plain.alpha)),
      ], tensors, to: path)
  }

  /// The file's name for `....q_proj.lora_A.weight`.
  private func gguf(_ name: String) -> String {
    let (weight, isDown) = Self.parts(of: name)
    return names.gguf(of: weight) + (isDown ? ".lora_a" : ".lora_b")
  }

  /// The name of the weight that a matrix updates, and whether it is A.
  private static func parts(of name: String) -> (weight: String, isDown: Bool) {
    let parts = name.split(separator: ".")
    return (parts.dropLast(2).joined(separator: ".") + ".weight", parts[parts.count - 2] == "lora_A")
  }

  /// For each row of B the row that the file has it in: those of the weight.
  private func storedRows(_ name: String, rows: Int) -> [Int] {
    let (weight, isDown) = Self.parts(of: name)
    return isDown ? Array(0..<rows) : names.layout(of: weight).storedRows(rows: rows)
  }

  private func rearranged(_ named: NamedParameter) -> Tensor {
    let (value, columns) = (named.value.elements, named.shape[1])
    var result = value
    let (weight, isDown) = Self.parts(of: named.name)
    let factor = isDown ? 1 : factor(at: String(weight.dropLast(".weight".count)))
    for (row, place) in storedRows(named.name, rows: named.shape[0]).enumerated() {
      result.replaceSubrange(
        place * columns..<(place + 1) * columns, with: value[row * columns..<(row + 1) * columns].map { $0 * factor })
    }
    return Tensor(result, shape: named.shape)
  }

  /// Opens what has been written, as the adapter of the base at `base`.
  func open(_ path: String, base: String) throws(Failure) -> StoredAdapter {
    let file = try GGUFFile(path)
    guard file["general.type"]?.string == "adapter", case .float(let alpha)? = file[Self.alphaKey] else {
      throw Failure(.model, "the file is no adapter", at: path)
    }
    var settings = AdaptedBase(plain)
    settings.adapter.alpha = alpha
    return StoredAdapter(
      settings: settings, base: base, baseDigest: nil, weights: Weights(file: file, adapter: self), original: nil)
  }

  /// The tensors of a file by PEFT's names.
  private struct Weights: WeightSource {
    let file: GGUFFile
    let adapter: GGUFAdapter
    var path: String { file.path }

    var shapes: [(name: String, shape: [Int]?)] {
      file.tensors.map { tensor in
        let (weight, kind) = (tensor.name.dropLast(7), tensor.name.hasSuffix(".lora_a") ? "A" : "B")
        let name = adapter.names.name(ofGGUF: String(weight)).map { String($0.dropLast(".weight".count)) }
        return (name.map { "\(StoredAdapter.prefix)\($0).lora_\(kind).weight" } ?? tensor.name, tensor.shape)
      }
    }

    func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws(Failure) {
      let own = String(name.dropFirst(StoredAdapter.prefix.count))
      let tensor = file.tensors.first { $0.name == adapter.gguf(own) }!
      let (stored, columns) = (try file.read(tensor), tensor.shape[1])
      for (row, place) in adapter.storedRows(own, rows: tensor.shape[0]).enumerated() {
        for column in 0..<columns { values[row * columns + column] = stored[place * columns + column] }
      }
    }
  }
}
