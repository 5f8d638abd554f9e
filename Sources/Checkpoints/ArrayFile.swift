import CHDF5
import Files
import Glibc

/// An array in a file: where it is and how it is shaped.
package struct StoredArray: Sendable, Equatable {
  package let group: String
  package let name: String
  package let shape: [Int]
  package let element: ArrayElement

  package var count: Int { shape.reduce(1, *) }
}

/// An HDF5 file open for reading: its attributes, the names and shapes of its arrays, and each array on demand.
///
/// Everything is checked before it is read: the file was finished, every link is a plain one, every array is chunked
/// without holes, has the Fletcher-32 checksum and no other filter, and is one of the element types. libhdf5 reads the
/// structures of the file, and `ChunkReader` the arrays. libhdf5 itself may crash on a malicious file: open untrusted files
/// only after `ForeignFileProbe`.
package final class ArrayFile: Sendable {
  package let path: String
  package let attributes: Attributes
  package let arrays: [StoredArray]
  private let chunks: [StoredChunks]
  private let reader: ChunkReader
  private let indices: [String: Int]

  /// Opens the file at `path`; failures are of `area`. `isProbed` says that `ForeignFileProbe` accepted the file, which
  /// allows the variable-length strings that other programs write.
  package init(_ path: String, area: Failure.Area = .checkpoint, isProbed: Bool = false) throws(Failure) {
    let size = try Superblock.check(path, area: area)
    self.path = path
    let place = HDF5Place(path: path, area: area)
    let readOnly: UInt32 = 0
    let listing = ArrayFileListing(place: place, fileSize: size, isProbed: isProbed)
    let file = try HDF5.retryingInterrupted { () throws(Failure) in
      try HDF5.exclusively { () throws(Failure) in
        let access = try place.fileAccess()
        return try place.handle(H5Fopen(path, readOnly, access.id), "cannot open the file", close: H5Fclose)
      }
    }
    let root = try HDF5.exclusively { () throws(Failure) in
      try place.handle(H5Gopen2(file.id, "/", hid_t(H5P_DEFAULT)), "cannot open the file's root", close: H5Gclose)
    }
    attributes = try HDF5.exclusively { () throws(Failure) in try listing.attributes(of: root.id) }
    let listed = try HDF5.exclusively { () throws(Failure) in try listing.arrays(of: root.id) }
    arrays = listed.map(\.array)
    chunks = listed.map(\.chunks)
    reader = try ChunkReader(path, area: area)
    indices = Dictionary(arrays.enumerated().map { ("\($1.group)/\($1.name)", $0) }) { first, _ in first }
  }

  /// The version of the HDF5 library, `1.10.8`.
  package static func libraryVersion() throws(Failure) -> String { try HDF5.version() }

  /// The arrays of a group, ordered by name.
  package func arrays(in group: String) -> [StoredArray] { arrays.filter { $0.group == group } }

  package func array(_ name: String, in group: String) -> StoredArray? {
    indices["\(group)/\(name)"].map { arrays[$0] }
  }

  /// Reads a whole array into `values`, which has room for exactly its elements.
  package func read<Scalar: ArrayScalar>(
    _ array: StoredArray, into values: UnsafeMutableBufferPointer<Scalar>
  ) throws(Failure) {
    precondition(
      values.count == array.count && Scalar.element == array.element,
      "\(values.count) values of \(Scalar.element) for \(array.name), \(array.shape) of \(array.element)")
    try read(rows: 0..<array.shape[0], of: array, into: UnsafeMutableRawBufferPointer(values))
  }

  /// Reads some rows of an array into `bytes`, which has room for exactly them.
  package func read(
    rows: Range<Int>, of array: StoredArray, into bytes: UnsafeMutableRawBufferPointer
  ) throws(Failure) {
    precondition(
      rows.upperBound <= array.shape[0]
        && bytes.count == array.count / array.shape[0] * rows.count * array.element.size,
      "\(bytes.count) bytes for rows \(rows) of \(array.name), \(array.shape)")
    guard !rows.isEmpty else { return }
    try reader.read(array, chunks(of: array), rows: rows, into: bytes)
  }

  private func chunks(of array: StoredArray) -> StoredChunks {
    guard let index = indices["\(array.group)/\(array.name)"] else { preconditionFailure("no array \(array.name)") }
    return chunks[index]
  }

  /// A whole array.
  package func read<Scalar: ArrayScalar>(_ array: StoredArray, as: Scalar.Type = Scalar.self) throws(Failure)
    -> [Scalar]
  {
    var failure: Failure?
    let values = [Scalar](unsafeUninitializedCapacity: array.count) { buffer, initialized in
      do throws(Failure) {
        try read(array, into: UnsafeMutableBufferPointer(rebasing: buffer[..<array.count]))
        initialized = array.count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return values
  }

  /// Compares every part of every array with its checksum, keeping nothing.
  package func verify() throws(Failure) {
    for (array, chunks) in zip(arrays, chunks) { try reader.verify(array, chunks) }
  }

  /// Whether the stored array has the same bits as `array`.
  func holds(_ array: NamedArray, as stored: StoredArray) throws(Failure) -> Bool {
    let grid = chunks(of: stored).grid
    let rows = max(grid.chunk[0], (8 << 20) / grid.rowSize / grid.chunk[0] * grid.chunk[0])
    let size = min(rows, stored.shape[0]) * grid.rowSize
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
    defer { buffer.deallocate() }
    return try array.withBytes { (expected) throws(Failure) in
      for start in stride(from: 0, to: stored.shape[0], by: rows) {
        let end = min(start + rows, stored.shape[0])
        let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<((end - start) * grid.rowSize)])
        try read(rows: start..<end, of: stored, into: piece)
        let place = expected.baseAddress! + start * grid.rowSize
        if memcmp(piece.baseAddress!, place, piece.count) != 0 { return false }
      }
      return true
    }
  }
}
