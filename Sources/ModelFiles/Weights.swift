import Autograd
import Checkpoints
import Files
import Kernels
import Models
import Numerics

/// The weights of a model on disk, by the names they have in Hugging Face's checkpoints of the architecture.
package protocol WeightSource {
  /// The file or folder, for messages.
  var path: String { get }
  /// Every tensor; the shape of one that is not made of floats is nil.
  var shapes: [(name: String, shape: [Int]?)] { get }
  /// Reads a tensor in the shape it is listed with, row-major, into `values`, which has room for exactly its elements.
  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws(Failure)
  /// How the rows of a matrix are stored, each in one piece; nil for one that is stored in another way.
  func format(of name: String) -> WeightFormat?
  /// Reads some rows of a matrix as they are stored, in `format(of:)`, into `bytes`, which has room for exactly them.
  func read(_ name: String, rows: Range<Int>, blocks bytes: UnsafeMutableRawBufferPointer) throws(Failure)
}

extension WeightSource {
  package func format(of name: String) -> WeightFormat? { nil }

  package func read(_ name: String, rows: Range<Int>, blocks bytes: UnsafeMutableRawBufferPointer) throws(Failure) {
    preconditionFailure("the rows of \(name) are not stored in one piece each")
  }
}

/// The weights in a group of an array file.
struct ArrayFileWeights: WeightSource {
  let file: ArrayFile
  let group: String

  var path: String { file.path }

  var shapes: [(name: String, shape: [Int]?)] {
    file.arrays(in: group).map { ($0.name, $0.element == .float32 ? $0.shape : nil) }
  }

  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws(Failure) {
    try file.read(file.array(name, in: group)!, into: values)
  }

  func format(of name: String) -> WeightFormat? { .float32 }

  func read(_ name: String, rows: Range<Int>, blocks bytes: UnsafeMutableRawBufferPointer) throws(Failure) {
    try file.read(rows: rows, of: file.array(name, in: group)!, into: bytes)
  }
}

extension NamedArray {
  /// An array over a tensor's elements.
  package init(_ name: String, _ tensor: Tensor) { self.init(name, shape: tensor.shape) { tensor } }

  /// An array over the elements of a tensor that is computed when it is needed.
  package init(_ name: String, shape: Shape, making tensor: @escaping () -> Tensor) {
    self.init(name, shape: shape.dimensions) { (body: (UnsafeBufferPointer<Float>) -> Void) in
      tensor().buffer.withUnsafeBufferPointer(body)
    }
  }
}

extension ArrayFile {
  /// Reads an array of a shape into a buffer.
  ///
  /// - Throws: the file's failure if the array is missing, of another shape, or unreadable.
  package func read(_ name: String, in group: String, shape: Shape, into values: MutableBuffer) throws(Failure) {
    guard let stored = array(name, in: group), stored.shape == shape.dimensions, stored.element == .float32
    else {
      throw Failure(
        .checkpoint, "\"\(name)\" is missing or of another shape", at: "\(path):/\(group)",
        notes: ["expected float32 \(shape)"])
    }
    try values.withUnsafeMutableBufferPointer { (values) throws(Failure) in try read(stored, into: values) }
  }
}

extension NamedParameter {
  /// Fills the part of the parameter that has this name.
  func read(from source: some WeightSource) throws(Failure) {
    try StopRequest.check()
    try mutableBuffer.withUnsafeMutableBufferPointer { (values) throws(Failure) in try source.read(name, into: values) }
  }
}

extension Module {
  /// Every parameter as an array that refers to it, under its checkpoint name.
  package var namedArrays: [NamedArray] {
    namedParameters.map { named in NamedArray(named.name, shape: named.shape) { named.value } }
  }

  /// Fills every parameter with the tensor of its name; the source must hold exactly the parameters. What is missing,
  /// unknown or of another shape is named in one failure, and nothing is read then.
  package func readWeights(from source: some WeightSource) throws(Failure) {
    try checkShapes(in: source)
    for parameter in namedParameters { try parameter.read(from: source) }
  }

  /// Throws a failure that names what is missing, unknown or of another shape in `source`.
  func checkShapes(in source: some WeightSource) throws(Failure) {
    let problems = Self.mismatches(
      expected: namedParameters.map { ($0.name, $0.shape.dimensions) }, found: source.shapes)
    guard !problems.isEmpty else { return }
    throw Failure(.model, "the weights do not fit the model's configuration", at: source.path, notes: problems)
  }

  /// What keeps arrays from being the parameters of a model, a line each: names that are missing, names that are unknown,
  /// shapes that differ. A shape of nil stands for numbers that are no floats.
  package static func mismatches(
    expected: [(name: String, shape: [Int])], found: [(name: String, shape: [Int]?)], limit: Int = 24
  ) -> [String] {
    let shapes = Dictionary(found.map { ($0.name, $0.shape) }) { first, _ in first }
    var problems: [String] = []
    for (name, shape) in expected {
      switch shapes[name] {
      case .none: problems.append("\(name) is missing: expected \(shape)")
      case .some(.none): problems.append("\(name) is not made of floats")
      case .some(.some(let other)) where other != shape:
        problems.append("\(name): expected \(shape), found \(other)")
      default: break
      }
    }
    let known = Set(expected.map(\.name))
    problems += found.filter { !known.contains($0.name) }.map { name, shape in
      "\(name) is unknown: found \(shape.map { "\($0)" } ?? "other numbers")"
    }
    if problems.count > limit {
      problems = problems.prefix(limit) + ["and \(problems.count - limit) more"]
    }
    return problems
  }
}
