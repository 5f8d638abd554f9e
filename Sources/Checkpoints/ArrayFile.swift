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
/// without holes, has the Fletcher-32 checksum and no other filter, and is one of the element types. libhdf5 itself may
/// crash on a malicious file: open untrusted files only after `ForeignFileProbe`.
package final class ArrayFile {
  package let path: String
  package let attributes: Attributes
  package let arrays: [StoredArray]
  private let file: HDF5Handle
  private let place: HDF5Place
  private let indices: [String: Int]

  /// Opens the file at `path`; failures are of `area`. `isProbed` says that `ForeignFileProbe` accepted the file, which
  /// allows the variable-length strings that other programs write.
  package init(_ path: String, area: Failure.Area = .checkpoint, isProbed: Bool = false) throws(Failure) {
    let size = try Superblock.check(path, area: area)
    self.path = path
    let place = HDF5Place(path: path, area: area)
    let readOnly: UInt32 = 0
    self.place = place
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
    arrays = try HDF5.exclusively { () throws(Failure) in try listing.arrays(of: root.id) }
    self.file = file
    let paths = arrays.enumerated().map { ("\($1.group)/\($1.name)", $0) }
    indices = Dictionary(paths) { first, _ in first }
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
    let rows = array.shape[0]
    try HDF5.exclusively { () throws(Failure) in
      try readExclusively(rows: 0..<rows, of: array, into: UnsafeMutableRawBufferPointer(values))
    }
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
    try HDF5.exclusively { () throws(Failure) in try readExclusively(rows: rows, of: array, into: bytes) }
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

  /// Calls `body` with an array's bytes, some rows at a time, in order.
  func forEachPiece(
    of array: StoredArray, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    let chunk = ChunkShape(of: array.shape, elementSize: array.element.size).dimensions[0]
    let rowSize = array.count / array.shape[0] * array.element.size
    let rows = max(chunk, (8 << 20) / rowSize / chunk * chunk)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(rows, array.shape[0]) * rowSize, alignment: 64)
    defer { buffer.deallocate() }
    for start in stride(from: 0, to: array.shape[0], by: rows) {
      let end = min(start + rows, array.shape[0])
      let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<((end - start) * rowSize)])
      try HDF5.exclusively { () throws(Failure) in
        try readExclusively(rows: start..<end, of: array, into: piece)
      }
      try body(UnsafeRawBufferPointer(piece))
    }
  }

  /// Whether the stored array has the same bits as `array`.
  func holds(_ array: NamedArray, as stored: StoredArray) throws(Failure) -> Bool {
    try array.withBytes { (expected) throws(Failure) in
      var offset = 0
      var isEqual = true
      try forEachPiece(of: stored) { (piece) throws(Failure) in
        isEqual = isEqual && memcmp(piece.baseAddress!, expected.baseAddress! + offset, piece.count) == 0
        offset += piece.count
      }
      return isEqual
    }
  }

  /// Reads rows of an array, which HDF5 verifies against their checksums. Called under the library's lock.
  private func readExclusively(
    rows: Range<Int>, of array: StoredArray, into bytes: UnsafeMutableRawBufferPointer
  ) throws(Failure) {
    let what = "cannot read array \(array.name)"
    let id = H5Dopen2(file.id, "\(array.group)/\(array.name)", hid_t(H5P_DEFAULT))
    let dataset = try place.handle(id, what, close: H5Dclose)
    let space = try place.handle(H5Dget_space(dataset.id), what, close: H5Sclose)
    let start = [hsize_t(rows.lowerBound)] + repeatElement(0, count: array.shape.count - 1)
    let count = [hsize_t(rows.count)] + array.shape.dropFirst().map { hsize_t($0) }
    let memory = try place.handle(H5Screate_simple(Int32(count.count), count, nil), what, close: H5Sclose)
    try place.check(H5Sselect_hyperslab(space.id, H5S_SELECT_SET, start, nil, count, nil), what)
    let type = array.element.type
    try place.check(
      H5Dread(dataset.id, type, memory.id, space.id, hid_t(H5P_DEFAULT), bytes.baseAddress), what)
  }
}
