import Kernels
import Numerics
import Support
import Testing

extension PackedWeight {
  /// Rows of weights, each part of them in a format of its own.
  init(_ weights: [Float], columns: Int, _ parts: [(rows: Int, format: WeightFormat)]) {
    self.init(columns: columns, parts)
    for run in runs {
      let part = Buffer(Array(weights[run.rows.lowerBound * columns..<run.rows.upperBound * columns]))
      if run.format.isWritten {
        precondition(assign(run.rows, part) == nil)
      } else {
        withUnsafeMutableBytes(of: run.rows) { bytes in
          var generator = SeededGenerator(seed: 3)
          for index in bytes.indices { bytes[index] = UInt8(generator.next() & 0xFF) }
          // The scales of each block, at its beginning or its end, are made ordinary numbers.
          for block in stride(from: 0, to: bytes.count, by: run.format.blockSize) {
            let places = run.format == .q6K ? [208] : run.format == .q50 ? [0] : [0, 2]
            for place in places { (bytes[block + place], bytes[block + place + 1]) = (UInt8(block & 0xFF), 0x1C) }
          }
        }
      }
    }
  }

  /// The stored rows as floats.
  var floats: [Float] {
    let rows = isTransposed ? columns : self.rows
    let storage = Storage(count: rows * (isTransposed ? self.rows : columns))
    dequantize(0..<rows, to: storage.mutableBuffer)
    return storage.elements
  }
}

@Suite struct PackedWeightTests {
  private static let written: [WeightFormat] = [.float32, .float16, .bfloat16, .q80, .q40]

  /// Rounding that has no more than a few lines: the number that each weight stands for, in Double.
  private static func rounded(_ weights: ArraySlice<Float>, _ format: WeightFormat) -> [Double] {
    let values = weights.map(Double.init)
    switch format {
    case .float32: return values
    case .float16: return values.map { Double(Float16($0)) }
    case .bfloat16:
      return values.map { value in
        // Neighbours of eight bits; the nearer, or the even one.
        let step = Double(Float(abs(value)).binade) / 128
        return step > 0 ? (value / step).rounded(.toNearestOrEven) * step : 0
      }
    case .q80:
      let scale = Float(values.map(abs).max()!) / 127
      return weights.map { weight in
        scale == 0 ? 0 : Double((weight * (1 / scale)).rounded()) * Double(Float(Float16(scale)))
      }
    case .q40:
      let largest = values.map(abs).max()!
      let scale = Float(values.first { abs($0) == largest }!) / -8
      return weights.map { weight in
        scale == 0 ? 0 : Double(min(15, Int(weight * (1 / scale) + 8.5)) - 8) * Double(Float(Float16(scale)))
      }
    default: fatalError("only read")
    }
  }

  @Test(arguments: written) func roundsAsGGMLDoes(_ format: WeightFormat) {
    var generator = SeededGenerator(seed: 2)
    var weights = generator.normals([6, 96]).floats
    // A block of zeros, one of equal magnitudes, tiny and huge ones.
    for index in 0..<32 { (weights[index], weights[32 + index]) = (0, index % 3 == 0 ? -1 : 1) }
    for index in 96..<192 { weights[index] *= index < 128 ? 1e-6 : 500 }
    let packed = PackedWeight(weights, columns: 96, [(6, format)])
    let expected = stride(from: 0, to: weights.count, by: 32).flatMap { start in
      Self.rounded(weights[start..<start + 32], format)
    }
    #expect(packed.floats.map(Double.init) == expected)
    #expect(packed.byteCount == 6 * format.size(of: 96))
  }

  /// Blocks by hand: the scale 0.5 and the offsets and bits that ggml's layout gives the first and the last weights.
  @Test func readsBlocksAsTheyAre() {
    let q40 = PackedWeight(rows: 1, columns: 32, .q40)
    q40.withUnsafeMutableBytes(of: 0..<1) { bytes in
      bytes.copyBytes(from: [0x00, 0x38] + [UInt8](repeating: 0x88, count: 16))
      (bytes[2], bytes[17]) = (0xF0, 0x1A)
    }
    var expected = [Float](repeating: 0, count: 32)
    (expected[0], expected[16], expected[15], expected[31]) = (-4, 3.5, 1, -3.5)
    #expect(q40.floats == expected)

    let q80 = PackedWeight(rows: 1, columns: 32, .q80)
    q80.withUnsafeMutableBytes(of: 0..<1) { bytes in
      bytes.copyBytes(from: [0x00, 0x38] + (0..<32).map { UInt8(bitPattern: Int8($0 - 16)) })
    }
    #expect(q80.floats == (0..<32).map { Float($0 - 16) / 2 })

    let q4K = PackedWeight(rows: 1, columns: 256, .q4K)
    q4K.withUnsafeMutableBytes(of: 0..<1) { bytes in
      bytes.copyBytes(from: [0x00, 0x38, 0x00, 0x34] + [UInt8](repeating: 0, count: 140))
      // The first group's scale 3 and minimum 2; its first weight is 5, the second group's 7.
      (bytes[4], bytes[8], bytes[16]) = (3, 2, 0x75)
    }
    var groups = [Float](repeating: -0.5, count: 32) + [Float](repeating: 0, count: 224)
    groups[0] = 1.5 * 5 - 0.5
    #expect(q4K.floats == groups)
  }

  @Test(arguments: written) func whatCannotBeStoredIsFound(_ format: WeightFormat) {
    for bad in [Float.nan, .infinity, -.infinity] {
      var weights = [Float](repeating: 1, count: 5 * 64)
      weights[3 * 64 + 40] = bad
      let packed = PackedWeight(rows: 7, columns: 64, format)
      #expect(packed.assign(1..<6, Buffer(weights)) == 4)
      weights[3 * 64 + 40] = 1
      #expect(packed.assign(1..<6, Buffer(weights)) == nil)
    }
    let far = PackedWeight(rows: 1, columns: 32, format)
    let huge = [Float](repeating: Float.greatestFiniteMagnitude, count: 32)
    #expect((far.assign(0..<1, Buffer(huge)) == nil) == (format == .float32))
  }

  /// Any columns of a row, not only whole blocks, through a lookup and through a product with unit vectors.
  @Test(arguments: WeightFormat.allCases) func anyColumnsOfARowAreDecoded(_ format: WeightFormat) {
    let (rows, columns) = (60, 1024)
    var generator = SeededGenerator(seed: 4)
    let packed = PackedWeight(generator.normals([rows, columns]).floats, columns: columns, [(rows, format)])
    let floats = packed.floats
    #expect(floats.allSatisfy { $0.isFinite })
    let ids: [Int32] = [59, 0, 17, 17]
    let found = Storage(count: ids.count * columns)
    gatherRows(found.mutableBuffer, .packed(packed), ids)
    #expect(found.elements == ids.flatMap { id in floats[Int(id) * columns..<(Int(id) + 1) * columns] })
  }
}

/// A product with a packed right operand.
struct PackedProductCase: Sendable, CustomTestStringConvertible {
  let m: Int
  /// The stored matrix.
  let (rows, columns): (Int, Int)
  let transposed: Bool
  let formats: [WeightFormat]
  var kernels = ProductKernels.chosen
  var precision = ProductPrecision.float32

  var testDescription: String {
    "\(precision == .float32 ? "\(kernels)" : precision.rawValue) \(m) rows times [\(rows), \(columns)]\(transposed ? "^T" : "") \(formats.map(\.rawValue).joined(separator: "+"))"
  }

  /// The product with the packed matrix and that with its floats.
  func products() -> (packed: [Float], floats: [Float]) {
    var generator = SeededGenerator(seed: UInt64(rows + m))
    let part = rows / formats.count
    let parts = formats.enumerated().map { index, format in
      (rows: index + 1 < formats.count ? part : rows - part * (formats.count - 1), format: format)
    }
    let weight = PackedWeight(
      generator.normals([rows, columns], deviation: 0.05).floats, columns: columns, parts)
    let floats = Matrix(weight.floats, rows: rows, columns: columns)
    let (right, b) = (transposed ? weight.transposed : weight, transposed ? floats.transposed : floats)
    let a = Matrix(generator.normals([m, right.rows]).floats, rows: m, columns: right.rows)
    let before = generator.normals([m, right.columns + 3]).floats
    let results = [true, false].map { isPacked in
      let storage = Storage(before)
      let c = MutableMatrix(storage.mutableBuffer, rows: m, columns: right.columns, stride: right.columns + 3)
      switch (kernels, isPacked) {
      case (.library, true): libraryProduct(c, a, right, accumulate: true)
      case (.library, false): libraryProduct(c, a, b, accumulate: true)
      case (_, true): matrixProduct(c, a, .packed(right), accumulate: true, precision: precision)
      case (_, false): matrixProduct(c, a, b, accumulate: true, precision: precision)
      }
      return storage.elements
    }
    return (results[0], results[1])
  }

  static let all: [PackedProductCase] = {
    let shapes = [(1, 1), (1, 577), (2, 5), (9, 130), (61, 400), (130, 49), (300, 2100)]
    let formats: [[WeightFormat]] = [
      [.q40], [.q80], [.bfloat16], [.float16], [.q4K], [.q6K], [.q41], [.q50], [.q51], [.q5K], [.q4K, .q6K, .float32],
    ]
    let some = shapes.flatMap { m, rows in
      formats.flatMap { formats in
        [false, true].map { transposed in
          PackedProductCase(
            m: m, rows: rows, columns: formats.contains(.q4K) || m % 2 == 0 ? 512 : 768, transposed: transposed,
            formats: rows < 3 ? [formats[0]] : formats)
        }
      }
    }
    // More columns than are worked on at a time, and a matrix of more than a block of the library's.
    let wide = [false, true].map {
      PackedProductCase(m: 33, rows: 4200, columns: 2144, transposed: $0, formats: [.q40])
    }
    let rounded = (some + wide).map {
      var other = $0
      other.precision = .bfloat16
      return other
    }
    return some + wide + rounded
      + (some + wide).filter { $0.m > 1 && $0.kernels != .library }.map {
        var other = $0
        other.kernels = .library
        return other
      }
  }()
}

@Suite struct PackedProductTests {
  @Test(arguments: PackedProductCase.all) func isTheProductWithTheFloats(_ sample: PackedProductCase) throws {
    let (packed, floats) = sample.products()
    let allowed: Double = try sample.kernels == .library && !BLAS.library.get().coreType.hasPrefix("S") ? 1e-5 : 0
    for (index, (one, other)) in zip(packed, floats).enumerated() {
      let isClose =
        one.bitPattern == other.bitPattern || abs(Double(one) - Double(other)) <= allowed * max(1, abs(Double(other)))
      if !isClose {
        Issue.record("\(one) at \(index), with floats \(other)")
        return
      }
    }
    #expect(packed.count == floats.count)
  }

  @Test(
    arguments: [
      PackedProductCase(m: 130, rows: 577, columns: 1536, transposed: true, formats: [.q40]),
      PackedProductCase(m: 130, rows: 577, columns: 1536, transposed: false, formats: [.q4K]),
      PackedProductCase(m: 1, rows: 577, columns: 1536, transposed: true, formats: [.q80]),
      PackedProductCase(m: 1, rows: 577, columns: 1536, transposed: false, formats: [.bfloat16]),
    ], [ProductKernels.panels, .library]) func doesNotDependOnTheThreads(
      _ sample: PackedProductCase, kernels: ProductKernels
    )
  {
    var sample = sample
    if kernels == .library { sample.kernels = .library }
    let results = [1, 2, 3, 8].map { threads in
      Parallel.withThreads(threads) { sample.products().packed.map(\.bitPattern) }
    }
    #expect(results.dropFirst().allSatisfy { $0 == results[0] })
  }

  @Test(arguments: [WeightFormat.q40, .bfloat16]) func aPackedHeadHasTheLossOfItsFloats(_ format: WeightFormat) {
    let sample = HeadLossCase(70, 64, 300)
    let weight = PackedWeight(sample.weight.floats, columns: 64, [(300, format)])
    let floats = Matrix(weight.floats, rows: 300, columns: 64)
    let results = [WeightMatrix.packed(weight), .floats(floats)].map { weight in
      let (losses, dx) = (Storage(count: 70), Storage(count: 70 * 64))
      headLoss(
        losses.mutableBuffer, isCorrect: nil, sample.x.matrix, weight, targets: sample.targets.int32s,
        gradient: HeadLossGradient(
          coefficients: sample.coefficients.buffer, dx: dx.mutableBuffer, dw: nil, accumulatesWeight: false))
      return losses.elements + dx.elements
    }
    #expect(results[0] == results[1])
  }
}
