import Checkpoints
import Files
import Models
import Numerics

/// The tensors of a Hugging Face folder: those of `model.safetensors`, else of the shards that an index lists.
struct HuggingFaceWeights: WeightSource {
  let path: String
  /// The configuration, which the head of its own that a file holds unties.
  private(set) var configuration: any ModelConfiguration
  /// What the user should know about the files, a line each.
  private(set) var notes: [String] = []
  private var tensors: [String: Tensor] = [:]
  /// The wrappers that were taken off names.
  private var wrappers: Set<String> = []

  private typealias Tensor = (file: SafetensorsFile, entry: SafetensorsEntry)
  private var naming: HuggingFaceNaming { configuration.architecture.huggingFace }

  private static let single = "model.safetensors"
  private static let index = "model.safetensors.index.json"

  init(_ path: String, _ configuration: any ModelConfiguration) throws(Failure) {
    self.path = path
    self.configuration = configuration
    let names = try Folder.names(in: path, area: .model)
    if names.contains(Self.single) {
      try readFile("\(path)/\(Self.single)")
      if names.contains(Self.index) { notes.append("\(Self.single) is read, as transformers does, not \(Self.index)") }
    } else if names.contains(Self.index) {
      try readShards()
    } else {
      let other = names.first { $0.hasSuffix(".bin") || $0.hasSuffix(".pt") || $0.hasSuffix(".pth") }
      throw Failure(
        .model, "the folder holds no \(Self.single)", at: path,
        notes: other.map { ["\($0) is not read: save the model again with safe_serialization=True"] } ?? [])
    }
    try finish()
  }

  /// The tensors of one safetensors file.
  init(file path: String, _ configuration: any ModelConfiguration) throws(Failure) {
    self.path = path
    self.configuration = configuration
    try readFile(path)
    try finish()
  }

  private mutating func readFile(_ path: String) throws(Failure) {
    let file = try SafetensorsFile(path)
    for entry in file.entries { try add(entry, of: file) }
  }

  /// Reads the index and the shards it names. Each shard must hold exactly the tensors that the index lists for it, but for
  /// those that are not needed: transformers' indices list a tied head that is not stored.
  private mutating func readShards() throws(Failure) {
    let source = "\(path)/\(Self.index)"
    var fileOfTensor = try Self.index(source)
    for name in Set(fileOfTensor.values).sorted() {
      let file = try SafetensorsFile("\(path)/\(name)")
      for entry in file.entries {
        let listed = fileOfTensor.removeValue(forKey: entry.name)
        guard listed == name || (listed == nil && isDispensable(entry.name)) else {
          throw Failure(.model, "tensor \(entry.name) is not where the index says", at: file.path)
        }
        try add(entry, of: file)
      }
    }
    if let missing = fileOfTensor.keys.filter({ !isDispensable($0) }).min() {
      throw Failure(.model, "tensor \(missing) is missing", at: "\(path)/\(fileOfTensor[missing]!)")
    }
  }

  /// The file of each tensor that an index lists.
  private static func index(_ source: String) throws(Failure) -> [String: String] {
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
    return fileOfTensor
  }

  // MARK: Names

  /// Components of names that wrappers leave behind: `torch.compile`, `DataParallel`, FSDP, activation checkpoints.
  private static let wrapperNames: Set<Substring> = [
    "_orig_mod", "module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module",
  ]

  private mutating func add(_ entry: SafetensorsEntry, of file: SafetensorsFile) throws(Failure) {
    let parts = entry.name.split(separator: ".", omittingEmptySubsequences: false)
    for part in parts where Self.wrapperNames.contains(part) { wrappers.insert("\(part).") }
    guard let name = name(of: entry.name) else { return }
    if tensors.updateValue((file, entry), forKey: name) != nil {
      throw Failure(.model, "tensor \(name) is there twice", at: path)
    }
  }

  /// The model's name for a tensor; nil for one that holds no weights. Models that were saved without a head lack the prefix.
  private func name(of tensor: String) -> String? {
    let parts = tensor.split(separator: ".", omittingEmptySubsequences: false)
    let name = parts.filter { !Self.wrapperNames.contains($0) }.joined(separator: ".")
    if naming.ignoredSuffixes.contains(where: name.hasSuffix) { return nil }
    if name == naming.otherHead { return naming.head }
    return name == naming.head || name.hasPrefix(naming.prefix) ? name : naming.prefix + name
  }

  /// Whether a model is complete without the tensor.
  private func isDispensable(_ tensor: String) -> Bool {
    guard let name = name(of: tensor) else { return true }
    return name == naming.head && configuration.tiesEmbeddings
  }

  // MARK: The head

  /// Settles the head and says what was done to names.
  private mutating func finish() throws(Failure) {
    if !wrappers.isEmpty {
      notes.append("wrappers were taken off the names of tensors: \(wrappers.sorted().joined(separator: ", "))")
    }
    guard configuration.tiesEmbeddings, let head = tensors[naming.head] else { return }
    guard let embedding = tensors[naming.embedding] else {
      tensors[naming.embedding] = tensors.removeValue(forKey: naming.head)
      notes.append("\(naming.head) is taken for \(naming.embedding), which is not stored: the two are tied")
      return
    }
    if try head.file.holds(head.entry, sameAs: embedding.entry, of: embedding.file) {
      tensors[naming.head] = nil
    } else {
      configuration.tiesEmbeddings = false
      notes.append(
        "\(naming.head) differs from \(naming.embedding) and is kept, as transformers does, although tie_word_embeddings is true"
      )
    }
  }

  var shapes: [(name: String, shape: [Int]?)] {
    tensors.sorted { $0.key < $1.key }.map { ($0.key, $0.value.entry.type.isFloat ? $0.value.entry.shape : nil) }
  }

  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws(Failure) {
    let (file, entry) = tensors[name]!
    try file.read(entry, into: values)
  }

  func format(of name: String) -> WeightFormat? { WeightFormat(rawValue: tensors[name]!.entry.type.rawValue) }

  func read(_ name: String, rows: Range<Int>, blocks bytes: UnsafeMutableRawBufferPointer) throws(Failure) {
    let (file, entry) = tensors[name]!
    try file.read(entry, rows: rows, into: bytes)
  }
}
