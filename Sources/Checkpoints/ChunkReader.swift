import Files
import Machine
import Synchronization

/// An array's chunks in a file.
struct StoredChunks: Sendable {
  let grid: ChunkGrid
  /// The byte of the file where each chunk begins, in the order of the grid; its checksum follows it.
  let offsets: [Int]
}

/// Reads chunks straight from a file to where they belong, several at once, and compares each with its checksum.
///
/// Not libhdf5: its lock lets one thread read at a time, through buffers of its own, and it may crash on a malicious file.
final class ChunkReader: Sendable {
  static let checksumSize = 4
  private static let threadLimit = 8

  private let file: ReadableFile
  private let area: Failure.Area

  /// A reader of the file at `path`; failures are of `area`.
  init(_ path: String, area: Failure.Area) throws(Failure) {
    file = try ReadableFile(path, area: area)
    self.area = area
  }

  /// Reads some rows of an array into `target`, which has room for exactly them.
  func read(
    _ array: StoredArray, _ chunks: StoredChunks, rows: Range<Int>, into target: UnsafeMutableRawBufferPointer
  ) throws(Failure) {
    let grid = chunks.grid
    let wanted = rows.lowerBound * grid.rowSize..<rows.upperBound * grid.rowSize
    let destination = Destination(bytes: target)
    try forEach(grid.chunks(ofRows: rows), grid) { (index, buffer) throws(Failure) in
      let offset = chunks.offsets[index]
      // A checksum over bytes at both ends of which words are split would need them in one piece.
      if let piece = grid.piece(of: index), wanted.lowerBound <= piece.lowerBound,
        piece.upperBound <= wanted.upperBound,
        grid.elementSize.isMultiple(of: 2)
      {
        let place = piece.lowerBound - wanted.lowerBound
        let direct = UnsafeMutableRawBufferPointer(rebasing: destination.bytes[place..<place + piece.count])
        try file.read(into: direct, at: offset)
        try check(array, offset: offset, size: grid.chunkSize, begun: UnsafeRawBufferPointer(direct), buffer)
      } else {
        try check(
          array, offset: offset, size: grid.chunkSize, begun: UnsafeRawBufferPointer(start: nil, count: 0), buffer)
        grid.copy(index, UnsafeRawBufferPointer(buffer), rows: rows, to: destination.bytes)
      }
    }
  }

  /// Compares every chunk of an array with its checksum.
  func verify(_ array: StoredArray, _ chunks: StoredChunks) throws(Failure) {
    try forEach(0..<chunks.grid.count, chunks.grid) { (index, buffer) throws(Failure) in
      try check(
        array, offset: chunks.offsets[index], size: chunks.grid.chunkSize,
        begun: UnsafeRawBufferPointer(start: nil, count: 0), buffer)
    }
  }

  /// Reads what is left of a chunk after the bytes that were read, and its checksum, into `buffer`, and compares.
  private func check(
    _ array: StoredArray, offset: Int, size: Int, begun: UnsafeRawBufferPointer, _ buffer: UnsafeMutableRawBufferPointer
  ) throws(Failure) {
    let left = size - begun.count
    let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(left + Self.checksumSize)])
    try file.read(into: rest, at: offset + begun.count)
    var checksum = Fletcher32()
    checksum.update(begun)
    checksum.update(UnsafeRawBufferPointer(rebasing: rest[..<left]))
    let stored = UInt32(littleEndian: rest.loadUnaligned(fromByteOffset: left, as: UInt32.self))
    guard checksum.matches(stored) else {
      throw Failure(
        area, "the file is damaged: a part of \(array.name) does not have its checksum", at: file.path,
        notes: ["bytes \(offset) to \(offset + size)"])
    }
  }

  /// Calls `body` with every chunk and a buffer for one, on several threads where there are several. Of failures the first
  /// chunk's is thrown.
  private func forEach(
    _ chunks: Range<Int>, _ grid: ChunkGrid,
    _ body: @Sendable (Int, UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    let queue = ChunkQueue(chunks)
    let threads = min(Processor.usableCount, Self.threadLimit, chunks.count)
    withoutActuallyEscaping(body) { body in
      BackgroundThread.sideBySide(threads) { _ in
        let buffer = UnsafeMutableRawBufferPointer.allocate(
          byteCount: grid.chunkSize + Self.checksumSize, alignment: 64)
        defer { buffer.deallocate() }
        while let index = queue.next() {
          do throws(Failure) { try body(index, buffer) } catch { queue.fail(index, error) }
        }
      }
    }
    if let failure = queue.failure { throw failure }
  }

  /// Threads write to parts of their own.
  private struct Destination: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer
  }
}

/// Hands out chunks, until one has failed.
private final class ChunkQueue: Sendable {
  private struct State {
    var rest: Range<Int>
    var failed: (index: Int, failure: Failure)?
  }

  private let state: Mutex<State>

  init(_ chunks: Range<Int>) { state = Mutex(State(rest: chunks)) }

  func next() -> Int? {
    state.withLock { state in
      guard state.failed == nil, let index = state.rest.first else { return nil }
      state.rest = index + 1..<state.rest.upperBound
      return index
    }
  }

  func fail(_ index: Int, _ failure: Failure) {
    state.withLock { state in if index < state.failed?.index ?? .max { state.failed = (index, failure) } }
  }

  var failure: Failure? { state.withLock { $0.failed?.failure } }
}
