import Autograd
import Files
import Kernels
import Models
import Numerics

/// How the weights of a model that training leaves as they are are kept in memory. Vectors stay floats; tables and the head, which
/// suffer most from few bits, are rounded to bfloat16 at most.
package struct Packing {
  /// What the matrices are stored in: a format that floats can be stored in, or nil for what the file has.
  package let format: WeightFormat?
  /// Whether training leaves the parameter of a name as it is. Of a parameter that stacks several matrices it says the same of all.
  package let isFrozen: (_ name: String) -> Bool

  package init(_ format: WeightFormat?, isFrozen: @escaping (_ name: String) -> Bool = { _ in true }) {
    precondition(format?.isWritten ?? true, "\(format!.rawValue) is only read")
    (self.format, self.isFrozen) = (format, isFrozen)
  }

  /// What a matrix is stored in, whose rows have `columns` numbers; in its file they have the format `own`.
  func format(own: WeightFormat?, columns: Int, isTable: Bool) -> WeightFormat {
    guard let format else { return own ?? .float32 }
    guard isTable else { return format }
    if let own, own.size(of: columns) <= WeightFormat.bfloat16.size(of: columns) { return own }
    return format == .float32 ? .float32 : .bfloat16
  }
}

extension LanguageModel {
  /// Fills every parameter with the tensor of its name, as `readWeights(from:)` does, the frozen matrices in few bits: blocks that
  /// the file has in the format are taken as they are, floats are rounded some rows at a time.
  ///
  /// - Throws: `.model` for a matrix whose rows do not fit the format, and for a number that it cannot hold.
  package func readWeights(from source: some WeightSource, packing: Packing) throws(Failure) {
    try checkShapes(in: source)
    let (named, tables) = (namedParameters, tables + [head.weight])
    for parameter in parameters {
      let parts = named.filter { $0.parameter === parameter }
      if parameter.shape.rank == 2, parts.allSatisfy({ packing.isFrozen($0.name) }) {
        try parameter.read(parts, from: source, packing, isTable: tables.contains { $0 === parameter })
      } else {
        for part in parts { try part.read(from: source) }
      }
    }
  }
}

extension Parameter {
  /// Fills a matrix, which the tensors of `parts` make up in order.
  fileprivate func read(
    _ parts: [NamedParameter], from source: some WeightSource, _ packing: Packing, isTable: Bool
  ) throws(Failure) {
    let columns = shape[1]
    var formats: [(rows: Int, format: WeightFormat)] = []
    for part in parts {
      let format = packing.format(own: source.format(of: part.name), columns: columns, isTable: isTable)
      guard format.fits(columns) else {
        throw Failure(
          .model, "tensor \(part.name) cannot be stored as \(format.rawValue)", at: source.path,
          notes: [
            "its rows have \(columns) numbers, no multiple of \(format.blockCount)",
            "bfloat16 takes rows of any length",
          ])
      }
      formats.append((part.rows.count, format))
    }
    guard formats.contains(where: { $0.format != .float32 }) else {
      for part in parts { try part.read(from: source) }
      return
    }
    let weight = PackedWeight(columns: columns, formats)
    for (part, (_, format)) in zip(parts, formats) { try weight.read(part, as: format, from: source) }
    pack(weight)
  }
}

extension PackedWeight {
  /// Fills the rows of one tensor, which are stored as `format`.
  fileprivate func read(
    _ part: NamedParameter, as format: WeightFormat, from source: some WeightSource
  ) throws(Failure) {
    try StopRequest.check()
    let first = part.rows.lowerBound
    if source.format(of: part.name) == format {
      return try withUnsafeMutableBytes(of: part.rows) { (bytes) throws(Failure) in
        try source.read(part.name, rows: 0..<part.rows.count, blocks: bytes)
      }
    }
    // 16 MiB of floats at a time; a tensor whose rows do not lie in one piece each is read as a whole.
    let rows = source.format(of: part.name) == nil ? part.rows.count : max(1, (4 << 20) / columns)
    for start in stride(from: 0, to: part.rows.count, by: rows) {
      let some = start..<min(part.rows.count, start + rows)
      let floats = Storage(count: some.count * columns)
      try source.read(part.name, rows: some, columns: columns, into: floats.mutableBuffer)
      if let bad = assign(first + some.lowerBound..<first + some.upperBound, floats.buffer) {
        throw Failure(
          .model, "tensor \(part.name) cannot be stored as \(format.rawValue)", at: source.path,
          notes: ["row \(bad - first) has a number that is infinite, no number, or too large"])
      }
    }
  }
}

extension WeightSource {
  /// Reads some rows of a matrix as floats; all of them if the matrix has no `format(of:)`.
  fileprivate func read(
    _ name: String, rows: Range<Int>, columns: Int, into floats: MutableBuffer
  ) throws(Failure) {
    guard let format = format(of: name) else {
      return try floats.withUnsafeMutableBufferPointer { (floats) throws(Failure) in try read(name, into: floats) }
    }
    let blocks = PackedWeight(rows: rows.count, columns: columns, format)
    try blocks.withUnsafeMutableBytes(of: 0..<rows.count) { (bytes) throws(Failure) in
      try read(name, rows: rows, blocks: bytes)
    }
    blocks.dequantize(0..<rows.count, to: floats)
  }
}
