import CHDF5
import Files
import Glibc

/// What an array file holds: attributes of its root, and groups of arrays.
package struct ArrayFileContents {
  package var attributes: Attributes
  package var groups: [ArrayGroup]

  package init(attributes: Attributes, groups: [ArrayGroup]) {
    self.attributes = attributes
    self.groups = groups
  }

  /// The attribute that holds the digest of the others.
  static let digestName = "attributes_sha256"

  /// Writes a new HDF5 file at `path`, reads it back, compares, and synchronises it with the disk.
  ///
  /// The file is in the 1.10 format, whose files cannot be opened when their writing was cut off; every array is
  /// chunked and has the Fletcher-32 checksum. After a failure, which is `.resources` for whatever the machine lacks,
  /// there is no file at `path`.
  package func write(to path: String) throws(Failure) {
    do throws(Failure) {
      try HDF5.retryingInterrupted { () throws(Failure) in
        try HDF5.exclusively { () throws(Failure) in try ArrayFileWriter(path: path).write(self) }
      }
      try compare(with: path)
      try Self.synchronize(path)
    } catch {
      SystemCall.retrying { unlink(path) }
      throw error
    }
  }

  /// Compares the file at `path` with this, bit for bit. One write that failed unnoticed leaves a file that opens and
  /// holds wrong numbers.
  private func compare(with path: String) throws(Failure) {
    do throws(Failure) {
      let file = try ArrayFile(path)
      for group in groups {
        for array in group.arrays {
          guard let stored = file.array(array.name, in: group.name), stored.shape == array.shape,
            stored.element == array.element, try file.holds(array, as: stored)
          else { throw Failure(.resources, "\(array.name) reads back differently from what was written", at: path) }
        }
      }
      for (name, value) in attributes.entries where file.attributes[name] != value {
        throw Failure(.resources, "attribute \(name) reads back differently from what was written", at: path)
      }
    } catch {
      throw Failure(.resources, "the file just written cannot be used: \(error.what)", at: path, notes: error.notes)
    }
  }

  /// HDF5 never synchronises what it writes.
  private static func synchronize(_ path: String) throws(Failure) {
    let descriptor = SystemCall.retrying { open(path, O_RDONLY | O_CLOEXEC) }
    if descriptor < 0 { throw .system(.resources, "cannot open the file", at: path, errno) }
    defer { _ = SystemCall.close(descriptor) }
    let number = SystemCall.synchronize(descriptor)
    if number != 0 { throw .system(.resources, "cannot synchronise the file", at: path, number) }
  }
}

/// Writes one file; used under the library's lock.
private struct ArrayFileWriter {
  let place: HDF5Place

  init(path: String) { place = HDF5Place(path: path, area: .resources) }

  func write(_ contents: ArrayFileContents) throws(Failure) {
    let file = try create()
    for (name, value) in contents.attributes.entries { try write(value, as: name, to: file.id) }
    try write(.string(contents.attributes.digest), as: ArrayFileContents.digestName, to: file.id)
    for group in contents.groups { try write(group, to: file.id) }
    try place.close(file, "cannot finish the file")
  }

  private func create() throws(Failure) -> HDF5Handle {
    let access = try place.fileAccess()
    let latest = H5F_LIBVER_V110
    try place.check(H5Pset_libver_bounds(access.id, latest, latest), "cannot choose the file format")
    let creation = try properties(ch5_file_creation_class())
    let replacing: UInt32 = 2
    let file = H5Fcreate(place.path, replacing, creation.id, access.id)
    return try place.handle(file, "cannot create the file", close: H5Fclose)
  }

  /// Creation properties without time stamps, so that equal contents make equal files.
  private func properties(_ class: hid_t) throws(Failure) -> HDF5Handle {
    let properties = try place.handle(H5Pcreate(`class`), "cannot make properties", close: H5Pclose)
    try place.check(H5Pset_obj_track_times(properties.id, false), "cannot switch off time stamps")
    return properties
  }

  // MARK: Attributes

  private func write(_ value: AttributeValue, as name: String, to object: hid_t) throws(Failure) {
    switch value {
    case .integer(let integer):
      try write(as: name, type: ch5_int64_type(), to: object) { attribute in
        withUnsafePointer(to: Int64(integer)) { H5Awrite(attribute, ch5_int64_type(), $0) }
      }
    case .double(let double):
      try write(as: name, type: ch5_float64_type(), to: object) { attribute in
        withUnsafePointer(to: double) { H5Awrite(attribute, ch5_float64_type(), $0) }
      }
    case .string(let string):
      if string.utf8.contains(0) {
        throw Failure(.internal, "attribute \(name) holds a NUL character", at: place.path)
      }
      let bytes = string.isEmpty ? [0] : Array(string.utf8)
      let type = try stringType(size: bytes.count)
      try write(as: name, type: type.id, to: object) { attribute in H5Awrite(attribute, type.id, bytes) }
    }
  }

  /// A string of `size` bytes of UTF-8. Strings of variable length are stored in a part of the file without checksums,
  /// where one wrong bit makes libhdf5 write beyond the reader's buffer.
  private func stringType(size: Int) throws(Failure) -> HDF5Handle {
    let what = "cannot make a string type"
    let type = try place.handle(H5Tcopy(ch5_string_type()), what, close: H5Tclose)
    try place.check(H5Tset_size(type.id, size), what)
    try place.check(H5Tset_strpad(type.id, H5T_STR_NULLPAD), what)
    try place.check(H5Tset_cset(type.id, H5T_CSET_UTF8), what)
    return type
  }

  private func write(
    as name: String, type: hid_t, to object: hid_t, _ body: (hid_t) -> herr_t
  ) throws(Failure) {
    let what = "cannot write attribute \(name)"
    let space = try place.handle(H5Screate(H5S_SCALAR), what, close: H5Sclose)
    let id = H5Acreate2(object, name, type, space.id, hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT))
    let attribute = try place.handle(id, what, close: H5Aclose)
    try place.check(body(attribute.id), what)
    try place.close(attribute, what)
  }

  // MARK: Arrays

  private func write(_ group: ArrayGroup, to file: hid_t) throws(Failure) {
    let what = "cannot write group \(group.name)"
    let creation = try properties(ch5_group_creation_class())
    let id = H5Gcreate2(file, group.name, hid_t(H5P_DEFAULT), creation.id, hid_t(H5P_DEFAULT))
    let handle = try place.handle(id, what, close: H5Gclose)
    for array in group.arrays { try write(array, to: handle.id) }
    try place.close(handle, what)
  }

  private func write(_ array: NamedArray, to group: hid_t) throws(Failure) {
    let what = "cannot write array \(array.name)"
    let type = array.element.type
    let dimensions = array.shape.map { hsize_t($0) }
    let space = try place.handle(
      H5Screate_simple(Int32(dimensions.count), dimensions, nil), what, close: H5Sclose)
    let creation = try properties(ch5_dataset_creation_class())
    let chunk = ChunkShape(of: array.shape, elementSize: array.element.size).dimensions.map { hsize_t($0) }
    try place.check(H5Pset_chunk(creation.id, Int32(chunk.count), chunk), what)
    try place.check(H5Pset_fletcher32(creation.id), what)
    try place.check(H5Pset_fill_time(creation.id, H5D_FILL_TIME_NEVER), what)
    let id = H5Dcreate2(group, array.name, type, space.id, hid_t(H5P_DEFAULT), creation.id, hid_t(H5P_DEFAULT))
    let dataset = try place.handle(id, what, close: H5Dclose)
    try array.withBytes { (bytes) throws(Failure) in
      let status = H5Dwrite(
        dataset.id, type, hid_t(H5S_ALL), hid_t(H5S_ALL), hid_t(H5P_DEFAULT), bytes.baseAddress)
      try place.check(status, what)
    }
    try place.close(dataset, what)
  }
}

extension ArrayElement {
  /// The type on disk, which is the type in memory on the little-endian machines this runs on.
  var type: hid_t {
    switch self {
    case .float32: ch5_float32_type()
    case .float64: ch5_float64_type()
    case .int64: ch5_int64_type()
    case .uint8: ch5_uint8_type()
    }
  }
}

extension HDF5Place {
  /// How files are opened: closing the file closes everything in it, and nothing is locked.
  func fileAccess() throws(Failure) -> HDF5Handle {
    let access = try handle(H5Pcreate(ch5_file_access_class()), "cannot make properties", close: H5Pclose)
    try check(H5Pset_fclose_degree(access.id, H5F_CLOSE_STRONG), "cannot choose how the file closes")
    try check(ch5_set_no_locking(access.id), "cannot leave the file unlocked")
    return access
  }
}
