import CHDF5
import Files
import Glibc

/// What the first bytes of an HDF5 file say, read without libhdf5.
enum Superblock {
  /// Checks that the file at `path` is an HDF5 file in the 1.10 format whose writing was finished; its size in bytes.
  static func check(_ path: String, area: Failure.Area) throws(Failure) -> Int {
    let file = try ReadableFile(path, area: area)
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    let start = try file.read(min(file.count, 8), at: 0)
    if start.starts(with: [0x50, 0x4B, 3, 4]) || start.starts(with: [0x80, 2]) {
      throw Failure(
        area, "a PyTorch pickle, not a checkpoint", at: path,
        notes: ["a pickle can run code; convert it to safetensors"])
    }
    guard file.count >= 48, start == signature else {
      throw Failure(
        area, "not an HDF5 file, or cut off at its beginning", at: path, notes: ["it has \(file.count) bytes"])
    }
    let fields = try file.read(4, at: 8)
    guard fields[0] == 3 else {
      throw Failure(
        area, "an HDF5 file in an older format, which has no checksums", at: path,
        notes: ["expected superblock version 3 (HDF5 1.10 and later), found \(fields[0])"])
    }
    guard fields[3] == 0 else {
      throw Failure(
        area, "this file was never finished", at: path, notes: ["the program that wrote it was stopped in the middle"])
    }
    return file.count
  }
}

/// Lists what is in an open file and refuses everything this program would not have written. Used under the library's
/// lock.
struct ArrayFileListing {
  static let attributeLimit = 64
  static let chunkLimit = 64 << 20

  let place: HDF5Place
  let fileSize: Int
  /// Whether a child process has read the whole file and survived.
  let isProbed: Bool

  private func refusal(_ what: String, _ notes: String...) -> Failure {
    Failure(place.area, what, at: place.path, notes: notes)
  }

  // MARK: Attributes

  func attributes(of root: hid_t) throws(Failure) -> Attributes {
    let count = H5Aget_num_attrs(root)
    try place.check(count, "cannot count the attributes")
    if count > Self.attributeLimit {
      throw refusal("too many attributes", "at most \(Self.attributeLimit) expected, found \(count)")
    }
    var attributes = Attributes()
    for index in 0..<hsize_t(count) {
      let id = H5Aopen_by_idx(
        root, ".", H5_INDEX_NAME, H5_ITER_NATIVE, index, hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT))
      let attribute = try place.handle(id, "cannot open an attribute", close: H5Aclose)
      let name = try name(of: attribute.id)
      attributes[name] = try value(of: attribute.id, name)
    }
    let recorded = attributes[ArrayFileContents.digestName]
    attributes[ArrayFileContents.digestName] = nil
    if let recorded, recorded.string != attributes.digest {
      throw refusal("the attributes are damaged or were edited", "their digest is not the one recorded with them")
    }
    return attributes
  }

  private func name(of attribute: hid_t) throws(Failure) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    let length = H5Aget_name(attribute, buffer.count, &buffer)
    if length < 0 || length >= buffer.count { throw refusal("an attribute's name cannot be read") }
    return try text(buffer, "an attribute's name")
  }

  private func value(of attribute: hid_t, _ name: String) throws(Failure) -> AttributeValue {
    let what = "cannot read attribute \(name)"
    let type = try place.handle(H5Aget_type(attribute), what, close: H5Tclose)
    let space = try place.handle(H5Aget_space(attribute), what, close: H5Sclose)
    guard H5Sget_simple_extent_npoints(space.id) == 1 else { throw refusal("attribute \(name) is not one value") }
    switch H5Tget_class(type.id) {
    case H5T_STRING:
      return .string(try string(of: attribute, type.id, name))
    case H5T_INTEGER:
      var value: Int64 = 0
      try place.check(H5Aread(attribute, ch5_int64_type(), &value), what)
      return .integer(Int(value))
    case H5T_FLOAT:
      var value = 0.0
      try place.check(H5Aread(attribute, ch5_float64_type(), &value), what)
      return .double(value)
    default:
      throw refusal("attribute \(name) is no string, integer or float")
    }
  }

  private func string(of attribute: hid_t, _ type: hid_t, _ name: String) throws(Failure) -> String {
    let what = "cannot read attribute \(name)"
    if H5Tis_variable_str(type) > 0 {
      guard isProbed else {
        throw refusal("attribute \(name) is a string of variable length, which libhdf5 cannot read safely")
      }
      var characters: UnsafeMutablePointer<CChar>?
      try place.check(H5Aread(attribute, type, &characters), what)
      guard let characters else { return "" }
      defer { H5free_memory(characters) }
      return try text(UnsafeBufferPointer(start: characters, count: strlen(characters) + 1), "attribute \(name)")
    }
    let size = H5Tget_size(type)
    guard size > 0, size <= fileSize else { throw refusal("attribute \(name) has an impossible size") }
    var characters = [CChar](repeating: 0, count: size + 1)
    try place.check(H5Aread(attribute, type, &characters), what)
    return try text(characters, "attribute \(name)")
  }

  private func text(_ characters: some Collection<CChar>, _ what: String) throws(Failure) -> String {
    let bytes = characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    guard bytes.withUnsafeBytes({ UTF8Bytes.firstInvalid(in: $0) }) == nil else {
      throw refusal("\(what) is not UTF-8")
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  // MARK: Arrays

  func arrays(of root: hid_t) throws(Failure) -> [(array: StoredArray, chunks: StoredChunks)] {
    var arrays: [(array: StoredArray, chunks: StoredChunks)] = []
    var remaining = fileSize
    for group in try links(of: root, limit: 64) {
      let handle = try open(group, in: root, as: H5I_GROUP, "a group")
      for name in try links(of: handle.id, limit: fileSize / 16) {
        let dataset = try open(name, in: handle.id, as: H5I_DATASET, "an array")
        let (array, grid) = try describe(dataset.id, name, group)
        // Two names for the same bytes would let a small file ask for much memory.
        let size = array.count * array.element.size
        if size > remaining { throw refusal("the arrays up to \(name) are larger than the file") }
        remaining -= size
        arrays.append((array, StoredChunks(grid: grid, offsets: try offsets(of: grid, in: dataset.id, name))))
      }
    }
    return arrays
  }

  /// The names of a group's links, which are all plain ones, in order.
  ///
  /// They are listed in the order of the file and sorted here: to sort them the library reads them into a table first, and
  /// when a read fails it frees the part of the table that it has not filled.
  private func links(of group: hid_t, limit: Int) throws(Failure) -> [String] {
    var info = H5G_info_t()
    try place.check(H5Gget_info(group, &info), "cannot list the file")
    if info.nlinks > limit {
      throw refusal("too many objects in a group", "at most \(limit) expected, found \(info.nlinks)")
    }
    var links: [(bytes: [CChar], isPlain: Bool)] = []
    let status = withUnsafeMutablePointer(to: &links) { links in
      ch5_visit_links(
        group,
        { name, type, links in
          guard let name, let links else { return -1 }
          let bytes = Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1))
          let isPlain = type == H5L_TYPE_HARD.rawValue
          links.assumingMemoryBound(to: [(bytes: [CChar], isPlain: Bool)].self).pointee.append((bytes, isPlain))
          return 0
        }, links)
    }
    try place.check(status, "cannot list the file")
    var names: [String] = []
    links.sort { $0.bytes.lexicographicallyPrecedes($1.bytes) { UInt8(bitPattern: $0) < UInt8(bitPattern: $1) } }
    for link in links {
      let name = try text(link.bytes, "the name of an object")
      if !link.isPlain {
        throw refusal("\(name) is a link to somewhere else", "only objects in the file itself are read")
      }
      names.append(name)
    }
    return names
  }

  private func open(_ name: String, in group: hid_t, as type: H5I_type_t, _ kind: String) throws(Failure) -> HDF5Handle
  {
    let id = H5Oopen(group, name, hid_t(H5P_DEFAULT))
    let object = try place.handle(id, "cannot open \(name)", close: H5Oclose)
    if H5Iget_type(object.id) != type { throw refusal("\(name) is not \(kind)") }
    return object
  }

  private func describe(
    _ dataset: hid_t, _ name: String, _ group: String
  ) throws(Failure) -> (array: StoredArray, grid: ChunkGrid) {
    let element = try element(of: dataset, name)
    let shape = try shape(of: dataset, name)
    var size = element.size
    for length in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: length)
      if overflow || product > fileSize {
        throw refusal("array \(name) is larger than the file", "its shape is \(shape)")
      }
      size = product
    }
    let grid = try grid(of: dataset, name, shape: shape, element: element)
    return (StoredArray(group: group, name: name, shape: shape, element: element), grid)
  }

  private func element(of dataset: hid_t, _ name: String) throws(Failure) -> ArrayElement {
    let type = try place.handle(H5Dget_type(dataset), "cannot read the type of \(name)", close: H5Tclose)
    guard let element = ArrayElement.allCases.first(where: { H5Tequal(type.id, $0.type) > 0 }) else {
      throw refusal(
        "array \(name) has a type that is not read",
        "expected one of \(ArrayElement.allCases.map(\.rawValue).joined(separator: ", ")), little-endian")
    }
    return element
  }

  private func shape(of dataset: hid_t, _ name: String) throws(Failure) -> [Int] {
    let space = try place.handle(H5Dget_space(dataset), "cannot read the shape of \(name)", close: H5Sclose)
    let rank = H5Sget_simple_extent_ndims(space.id)
    guard H5Sget_simple_extent_type(space.id) == H5S_SIMPLE, (1...8).contains(rank) else {
      throw refusal("array \(name) does not have 1 to 8 axes")
    }
    var lengths = [hsize_t](repeating: 0, count: Int(rank))
    var limits = lengths
    try place.check(H5Sget_simple_extent_dims(space.id, &lengths, &limits), "cannot read the shape of \(name)")
    let shape = lengths.compactMap { Int(exactly: $0) }
    guard shape.count == lengths.count, shape.allSatisfy({ $0 > 0 }), lengths == limits else {
      throw refusal("array \(name) has an impossible shape", "its shape is \(lengths)")
    }
    return shape
  }

  private func grid(
    of dataset: hid_t, _ name: String, shape: [Int], element: ArrayElement
  ) throws(Failure) -> ChunkGrid {
    let what = "cannot read the layout of \(name)"
    let creation = try place.handle(H5Dget_create_plist(dataset), what, close: H5Pclose)
    guard H5Pget_layout(creation.id) == H5D_CHUNKED else {
      throw refusal("array \(name) is not stored in chunks, so it has no checksums")
    }
    var chunk = [hsize_t](repeating: 0, count: shape.count)
    try place.check(H5Pget_chunk(creation.id, Int32(shape.count), &chunk), what)
    let isInside = zip(chunk, shape).allSatisfy { $0 > 0 && $0 <= $1 }
    let chunkSize = chunk.reduce(hsize_t(element.size), *)
    guard isInside, chunkSize <= Self.chunkLimit else {
      throw refusal("array \(name) has impossible chunks", "its chunks are \(chunk)")
    }
    guard H5Pget_nfilters(creation.id) == 1, filter(of: creation.id) == H5Z_FILTER_FLETCHER32 else {
      throw refusal("array \(name) is not stored with the Fletcher-32 checksum alone")
    }
    let grid = ChunkGrid(shape: shape, chunk: chunk.map { Int($0) }, elementSize: element.size)
    // A chunk that was never written reads as zeros and has no checksum to fail. Each existing one takes its bytes and a
    // checksum of four; H5Dget_space_status ignores the checksums and never reports such an array as complete.
    let stored = grid.chunkSize + ChunkReader.checksumSize
    guard H5Dget_storage_size(dataset) == hsize_t(grid.count) * hsize_t(stored) else {
      throw refusal("array \(name) has holes", "parts of it were never written")
    }
    return grid
  }

  /// Where the chunks of an array begin in the file, in the order of its grid.
  private func offsets(of grid: ChunkGrid, in dataset: hid_t, _ name: String) throws(Failure) -> [Int] {
    let what = "cannot find the parts of \(name)"
    let space = try place.handle(H5Dget_space(dataset), what, close: H5Sclose)
    var number: hsize_t = 0
    try place.check(H5Dget_num_chunks(dataset, space.id, &number), what)
    var offsets = [Int?](repeating: nil, count: grid.count)
    guard number == offsets.count else {
      throw refusal("array \(name) has holes", "parts of it were never written")
    }
    let size = grid.chunkSize + ChunkReader.checksumSize
    var corner = [hsize_t](repeating: 0, count: grid.shape.count)
    for index in 0..<number {
      var (skipped, address, stored): (UInt32, haddr_t, hsize_t) = (0, 0, 0)
      try place.check(H5Dget_chunk_info(dataset, space.id, index, &corner, &skipped, &address, &stored), what)
      guard skipped == 0, stored == size, let start = Int(exactly: address), start <= fileSize - size,
        let place = grid.index(of: corner.map { Int(clamping: $0) }), offsets[place] == nil
      else { throw refusal("array \(name) has impossible chunks", "found one at byte \(address), of \(stored) bytes") }
      offsets[place] = start
    }
    return offsets.compactMap(\.self)
  }

  private func filter(of creation: hid_t) -> H5Z_filter_t {
    var flags: UInt32 = 0
    var valueCount = 0
    var configuration: UInt32 = 0
    return H5Pget_filter2(creation, 0, &flags, &valueCount, nil, 0, nil, &configuration)
  }
}
