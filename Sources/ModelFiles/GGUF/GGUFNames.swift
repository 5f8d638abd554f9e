import Files
import Models

/// How the tensors of a model are called and laid out in GGUF.
struct GGUFNames {
  /// What the architecture says.
  let naming: GGUFNaming
  private let config: JSONValue

  /// The names for a model that lies at `path`, to be written or, with `isRead`, in its file.
  ///
  /// - Throws: `.model` when GGUF has no name for the architecture.
  init(_ configuration: any ModelConfiguration, path: String, isRead: Bool = false) throws(Failure) {
    let type = configuration.huggingFaceModel.type
    guard let naming = configuration.architecture.gguf.first(where: { $0.modelType == type }) else {
      let known = Architectures.all.flatMap(\.gguf).map(\.architecture)
      throw Failure(
        .model, "GGUF has no name for the architecture \"\(type)\"", at: path,
        notes: ["expected \(known.joined(separator: ", "))"]
          + (type == "mistral"
            ? ["llama.cpp has no sliding window for it: with \"sliding_window\": null it is a llama"] : []))
    }
    self.naming = naming
    config = configuration.json
    if let lack = naming.lacks.first(where: { [config] in !(isRead && $0.isRead) && $0.isWanted(config) }) {
      throw Failure(
        .model, "GGUF cannot express this \(lack.key)", at: path,
        notes: [
          "llama.cpp's \"\(naming.architecture)\" does not have it", "found \(config[lack.key]?.found ?? "none")",
        ])
    }
  }

  /// Hugging Face's name for a tensor of a file, nil for one that the architecture does not have.
  func name(ofGGUF gguf: String) -> String? {
    if let known = naming.tensors.first(where: { $0.gguf == gguf }) { return known.name }
    guard let (number, rest) = Self.parts(of: gguf, after: "blk.") else { return nil }
    return naming.blockTensors.first { $0.gguf == rest }.map { "\(naming.blockPrefix)\(number).\($0.name)" }
  }

  /// The file's name for a tensor of the model.
  func gguf(of name: String) -> String {
    let (tensor, block) = entry(of: name)!
    return (block.map { "blk.\($0)." } ?? "") + tensor.gguf
  }

  /// The file's layout of a tensor of the model; that of an unknown one is `same`.
  func layout(of name: String) -> TensorLayout {
    switch entry(of: name)?.tensor.layout {
    case .same, nil: .same
    case .transposed: .transposed
    case .rotaryPairs(let headsKey): .rotaryPairs(heads: config[headsKey]!.integer!)
    case .separatedHeads(let headsKey): .separatedHeads(heads: config[headsKey]!.integer!)
    case .plusOne: .plusOne
    }
  }

  /// What the architecture says about a tensor of the model, and the number of its block.
  private func entry(of name: String) -> (tensor: GGUFNaming.Tensor, block: Int?)? {
    if let known = naming.tensors.first(where: { $0.name == name }) { return (known, nil) }
    guard let (number, rest) = Self.parts(of: name, after: naming.blockPrefix) else { return nil }
    return naming.blockTensors.first { $0.name == rest }.map { ($0, number) }
  }

  /// The number and the remainder of `blk.12.attn_q.weight`.
  private static func parts(of name: String, after prefix: String) -> (number: Int, rest: String)? {
    guard name.hasPrefix(prefix) else { return nil }
    let parts = name.dropFirst(prefix.count).split(separator: ".", maxSplits: 1)
    guard parts.count == 2, let number = Int(parts[0]), "\(number)" == parts[0] else { return nil }
    return (number, String(parts[1]))
  }
}
