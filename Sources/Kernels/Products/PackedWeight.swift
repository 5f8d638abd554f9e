import CProcessor
import Numerics

/// A matrix of weights in few bits, [rows, columns]: what a frozen weight is kept as. Its elements are shared between copies and
/// do not change once it has been filled.
///
/// Each row is stored as its format says, in ggml's own blocks, so that those of a GGUF file are taken as they are; runs of rows
/// may have formats of their own. A product dequantises what it is about to use. Rows and columns are as a kernel sees them: like
/// a `Matrix` it may be transposed, which costs nothing.
package struct PackedWeight {
  /// Neighbouring rows of one format.
  package struct Run: Equatable, Sendable {
    package let rows: Range<Int>
    package let format: WeightFormat
    /// Where the first row begins, in bytes.
    fileprivate let offset: Int
    /// The bytes of a row.
    fileprivate let size: Int

    fileprivate func offset(ofRow row: Int) -> Int { offset + (row - rows.lowerBound) * size }
  }

  private let contents: Contents
  package let isTransposed: Bool

  /// The lengths of the matrix as it is stored.
  fileprivate var stored: (rows: Int, columns: Int) { (contents.rows, contents.columns) }
  package var rows: Int { isTransposed ? contents.columns : contents.rows }
  package var columns: Int { isTransposed ? contents.rows : contents.columns }

  /// A matrix of undefined weights in one format, in which `columns` numbers fit.
  package init(rows: Int, columns: Int, _ format: WeightFormat) {
    self.init(columns: columns, [(rows, format)])
  }

  /// A matrix of undefined weights whose rows have several formats, in each of which `columns` numbers fit.
  package init(columns: Int, _ parts: [(rows: Int, format: WeightFormat)]) {
    var (runs, row, offset): ([Run], Int, Int) = ([], 0, 0)
    for (rows, format) in parts {
      require(format.fits(columns), "\(columns) numbers do not fit \(format.rawValue)")
      runs.append(Run(rows: row..<row + rows, format: format, offset: offset, size: format.size(of: columns)))
      row += rows
      offset += rows * format.size(of: columns)
    }
    self.init(Contents(rows: row, columns: columns, runs, byteCount: offset), isTransposed: false)
  }

  private init(_ contents: Contents, isTransposed: Bool) {
    (self.contents, self.isTransposed) = (contents, isTransposed)
  }

  /// The same elements with rows and columns exchanged.
  package var transposed: PackedWeight { PackedWeight(contents, isTransposed: !isTransposed) }

  /// The formats of the stored rows, in order.
  package var runs: [Run] { Array(contents.runs) }

  /// The bytes that it takes.
  package var byteCount: Int { contents.byteCount }

  /// The bytes of some stored rows of one format.
  private func bytes(of rows: Range<Int>) -> (format: WeightFormat, UnsafeMutableRawBufferPointer) {
    guard
      let run = contents.runs.first(where: {
        $0.rows.contains(rows.lowerBound) && rows.upperBound <= $0.rows.upperBound
      })
    else { fatalError("rows \(rows) of a packed weight are not of one format") }
    let start = UnsafeMutableRawPointer(contents.storage.pointer) + run.offset(ofRow: rows.lowerBound)
    return (run.format, UnsafeMutableRawBufferPointer(start: start, count: rows.count * run.size))
  }

  /// Lends the blocks of some stored rows of one format to `body`, as for reading them from a file.
  package func withUnsafeMutableBytes<Result, Problem: Error>(
    of rows: Range<Int>, _ body: (UnsafeMutableRawBufferPointer) throws(Problem) -> Result
  ) throws(Problem) -> Result {
    defer { withExtendedLifetime(contents) {} }
    return try body(bytes(of: rows).1)
  }

  /// Stores `weights` as some stored rows of one format, which floats can be stored in.
  ///
  /// - Returns: the first row that has a number which is not finite or which the format cannot reach; nil if there is none.
  package func assign(_ rows: Range<Int>, _ weights: Buffer) -> Int? {
    require(
      weights.count == rows.count * stored.columns, "\(weights.count) weights for rows \(rows) of \(stored.columns)")
    guard !rows.isEmpty else { return nil }
    let ((format, bytes), source, columns) = (bytes(of: rows), weights.pointer, stored.columns)
    require(format.isWritten, "\(format.rawValue) is only read")
    let start = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
    let bad = Storage(count: rows.count)
    let isBad = bad.pointer
    Parallel.forRanges(rows.count, grain: Parallel.rowGrain(columns: columns)) { range in
      for row in range {
        let isFinite = format.encode(
          source + row * columns, blocks: columns / format.blockCount, into: start + row * format.size(of: columns))
        isBad[row] = isFinite ? 0 : 1
      }
    }
    return (0..<rows.count).first { isBad[$0] > 0 }.map { rows.lowerBound + $0 }
  }

  /// out = some stored rows as floats.
  package func dequantize(_ rows: Range<Int>, to out: MutableBuffer) {
    require(out.count == rows.count * stored.columns, "\(out.count) floats for rows \(rows) of \(stored.columns)")
    let (raw, columns, out) = (raw, stored.columns, out.pointer)
    Parallel.forRanges(rows.count, grain: Parallel.rowGrain(columns: columns)) { range in
      for row in range { raw.decode(rows.lowerBound + row, 0..<columns, to: out + row * columns) }
    }
    withExtendedLifetime(contents) {}
  }

  /// A copy with further rows, floats, which are the mean of the stored rows.
  package func appendingMeans(_ count: Int) -> PackedWeight {
    let (rows, columns) = stored
    let result = PackedWeight(columns: columns, runs.map { ($0.rows.count, $0.format) } + [(count, .float32)])
    UnsafeMutableRawPointer(result.contents.storage.pointer).copyMemory(
      from: contents.storage.pointer, byteCount: byteCount)
    var sums = [Double](repeating: 0, count: columns)
    let row = Storage(count: columns)
    for index in 0..<rows {
      raw.decode(index, 0..<columns, to: row.pointer)
      for column in 0..<columns { sums[column] += Double(row.pointer[column]) }
    }
    for column in 0..<columns { row.pointer[column] = Float(sums[column] / Double(rows)) }
    for index in rows..<rows + count { _ = result.assign(index..<index + 1, row.buffer) }
    return result
  }

  /// It inside a kernel, whose caller holds this value until it returns.
  var raw: RawPackedWeight {
    RawPackedWeight(
      bytes: UnsafeRawPointer(contents.storage.pointer).assumingMemoryBound(to: UInt8.self),
      runs: UnsafeBufferPointer(contents.runs), stored: stored, isTransposed: isTransposed)
  }

  private final class Contents {
    let rows: Int
    let columns: Int
    let runs: UnsafeMutableBufferPointer<Run>
    let byteCount: Int
    let storage: Storage

    init(rows: Int, columns: Int, _ runs: [Run], byteCount: Int) {
      (self.rows, self.columns, self.byteCount) = (rows, columns, byteCount)
      self.runs = .allocate(capacity: runs.count)
      _ = self.runs.initialize(from: runs)
      storage = Storage(count: (byteCount + 3) / 4)
    }

    deinit { runs.deallocate() }
  }
}

/// A `PackedWeight` inside a kernel, which keeps nothing alive.
struct RawPackedWeight {
  fileprivate let bytes: UnsafePointer<UInt8>
  fileprivate let runs: UnsafeBufferPointer<PackedWeight.Run>
  /// The lengths of the matrix as it is stored.
  let stored: (rows: Int, columns: Int)
  let isTransposed: Bool

  var rows: Int { isTransposed ? stored.columns : stored.rows }
  var columns: Int { isTransposed ? stored.rows : stored.columns }
  var transposed: RawPackedWeight {
    RawPackedWeight(bytes: bytes, runs: runs, stored: stored, isTransposed: !isTransposed)
  }

  /// out = some columns of a stored row. Blocks that reach beyond them are decoded aside.
  func decode(_ row: Int, _ columns: Range<Int>, to out: UnsafeMutablePointer<Float>) {
    var run = runs[0]
    for other in runs where other.rows.contains(row) { run = other }
    let (format, count) = (run.format, run.format.blockCount)
    let source = bytes + run.offset(ofRow: row)
    // The next row is likely to be asked for next; the processor does not fetch what lies on another page.
    let next = source + run.size
    for offset in stride(
      from: format.size(of: columns.lowerBound), to: format.size(of: columns.upperBound), by: 64)
    { prefetch_for_reading_later(next + offset) }
    var (column, out) = (columns.lowerBound, out)
    func decodePart() {
      let end = min(columns.upperBound, (column / count + 1) * count)
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 256) { block in
        decodeBlocks(format, source + format.size(of: column), 1, block.baseAddress!)
        out.update(from: block.baseAddress! + column % count, count: end - column)
      }
      (column, out) = (end, out + (end - column))
    }
    if column % count > 0 { decodePart() }
    let blocks = (columns.upperBound - column) / count
    if blocks > 0 {
      decodeBlocks(format, source + format.size(of: column), blocks, out)
      (column, out) = (column + blocks * count, out + blocks * count)
    }
    if column < columns.upperBound { decodePart() }
  }
}

/// The one place that all the formats' loops are compiled into.
@inline(never)
private func decodeBlocks(
  _ format: WeightFormat, _ source: UnsafePointer<UInt8>, _ blocks: Int, _ out: UnsafeMutablePointer<Float>
) {
  format.decode(source, blocks: blocks, into: out)
}
