import Checkpoints
import Files

/// The weights in a GGUF file under Hugging Face's names, in Hugging Face's layout.
struct GGUFWeights: WeightSource {
  private let file: GGUFFile
  private let names: GGUFNames
  private let tensors: [String: GGUFTensor]

  init(_ file: GGUFFile, _ names: GGUFNames) {
    self.file = file
    self.names = names
    let found = file.tensors.filter { !([GGUFRopeFactors.name] + GGUFRopeFactors.longNames).contains($0.name) }
    tensors = Dictionary(found.map { (names.name(ofGGUF: $0.name) ?? $0.name, $0) }) { first, _ in first }
  }

  var path: String { file.path }

  var shapes: [(name: String, shape: [Int]?)] {
    tensors.sorted { $0.key < $1.key }.map { name, tensor in
      (name, tensor.type.isFloat ? names.layout(of: name).shape(of: tensor.shape) : nil)
    }
  }

  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws(Failure) {
    let tensor = tensors[name]!
    let layout = names.layout(of: name)
    guard layout != .same, tensor.shape.count <= 2, let rows = tensor.shape.first else {
      return try file.read(tensor, into: values)
    }
    layout.decode(
      try file.read(tensor), into: values.baseAddress!, rows: rows, columns: tensor.shape.dropFirst().first ?? 1)
  }
}
