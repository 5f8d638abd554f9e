import Checkpoints
import Files
import Numerics

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

  func format(of name: String) -> WeightFormat? {
    let tensor = tensors[name]!
    guard let format = tensor.type.format, tensor.shape.count == 2, format.fits(tensor.shape[1]) else { return nil }
    return names.layout(of: name) == .transposed ? nil : format
  }

  func read(_ name: String, rows: Range<Int>, blocks bytes: UnsafeMutableRawBufferPointer) throws(Failure) {
    let tensor = tensors[name]!
    let layout = names.layout(of: name)
    if layout == .same { return try file.read(tensor, rows: rows, blocks: bytes) }
    let (stored, size) = (layout.storedRows(rows: tensor.shape[0]), bytes.count / max(1, rows.count))
    for (index, row) in stored[rows].enumerated() {
      let place = UnsafeMutableRawBufferPointer(rebasing: bytes[index * size..<(index + 1) * size])
      try file.read(tensor, rows: row..<row + 1, blocks: place)
    }
  }
}
