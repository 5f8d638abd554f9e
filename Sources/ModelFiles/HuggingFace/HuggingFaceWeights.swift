import Checkpoints
import Files
import Models

/// The tensors of a Hugging Face folder: those of `model.safetensors`, or of the shards that an index lists.
struct HuggingFaceWeights: WeightSource {
  let path: String
  private var tensors: [String: (file: SafetensorsFile, entry: SafetensorsEntry)] = [:]
  private let configuration: any ModelConfiguration

  private static let single = "model.safetensors"
  private static let index = "model.safetensors.index.json"

  init(_ path: String, _ configuration: any ModelConfiguration) throws(Failure) {
    self.path = path
    self.configuration = configuration
    let names = try Folder.names(in: path, area: .model)
    if names.contains(Self.index) {
      try readShards()
    } else if names.contains(Self.single) {
      let file = try SafetensorsFile("\(path)/\(Self.single)")
      for entry in file.entries { try add(entry, of: file) }
    } else {
      let other = names.first { $0.hasSuffix(".bin") || $0.hasSuffix(".pt") || $0.hasSuffix(".pth") }
      throw Failure(
        .model, "the folder holds no \(Self.single)", at: path,
        notes: other.map { ["\($0) is not read: save the model again with safe_serialization=True"] } ?? [])
    }
  }

  /// The tensors of one safetensors file.
  init(file path: String, _ configuration: any ModelConfiguration) throws(Failure) {
    self.path = path
    self.configuration = configuration
    let file = try SafetensorsFile(path)
    for entry in file.entries { try add(entry, of: file) }
  }

  /// Reads the index and the shards it names. Each shard must hold exactly the tensors that the index lists for it.
  private mutating func readShards() throws(Failure) {
    let source = "\(path)/\(Self.index)"
    let index = try JSONValue.parse(
      ReadableFile.contents(of: source, area: .model, limit: SafetensorsFile.headerLimit), source: source, area: .model)
    guard let members = index["weight_map"]?.object else {
      throw Failure(.model, "the index has no object \"weight_map\"", at: source)
    }
    var fileOfTensor: [String: String] = [:]
    for member in members {
      guard let file = member.value.string, !file.contains("/"), file.hasSuffix(".safetensors") else {
        throw Failure(
          .model, "tensor \(member.key) lies in no safetensors file of the folder", at: "\(source):\(member.line)",
          notes: ["found \(member.value.found)"])
      }
      fileOfTensor[member.key] = file
    }
    for name in Set(fileOfTensor.values).sorted() {
      let file = try SafetensorsFile("\(path)/\(name)")
      for entry in file.entries {
        guard fileOfTensor.removeValue(forKey: entry.name) == name else {
          throw Failure(.model, "tensor \(entry.name) is not where the index says", at: file.path)
        }
        try add(entry, of: file)
      }
    }
    if let missing = fileOfTensor.keys.min() {
      throw Failure(.model, "tensor \(missing) is missing", at: "\(path)/\(fileOfTensor[missing]!)")
    }
  }

  private mutating func add(_ entry: SafetensorsEntry, of file: SafetensorsFile) throws(Failure) {
    guard let name = name(of: entry.name) else { return }
    if tensors.updateValue((file, entry), forKey: name) != nil {
      throw Failure(.model, "tensor \(name) is there twice", at: path)
    }
  }

  /// The model's name for a tensor; nil for one that is not needed: one that holds no weights, or the head where it is the
  /// embedding. Models that were saved without a head lack the prefix.
  private func name(of tensor: String) -> String? {
    let naming = configuration.architecture.huggingFace
    if naming.ignoredSuffixes.contains(where: tensor.hasSuffix) { return nil }
    if tensor == naming.head { return configuration.tiesEmbeddings ? nil : tensor }
    return tensor.hasPrefix(naming.prefix) ? tensor : naming.prefix + tensor
  }

  var shapes: [(name: String, shape: [Int]?)] {
    tensors.sorted { $0.key < $1.key }.map { ($0.key, $0.value.entry.type.isFloat ? $0.value.entry.shape : nil) }
  }

  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws(Failure) {
    let (file, entry) = tensors[name]!
    try file.read(entry, into: values)
  }
}
