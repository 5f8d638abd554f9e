import Files
import Numerics

extension SafetensorsFile {
  /// Writes float arrays as a safetensors file, durably and whole, as `type`: F32, F16 or BF16 (rounded to nearest, ties
  /// to even). The header is padded so that the tensors begin at a multiple of eight bytes.
  package static func write(
    _ arrays: [NamedArray], as type: SafetensorsType = .float32, metadata: [(String, String)] = [("format", "pt")],
    to path: String
  ) throws(Failure) {
    precondition([.float32, .float16, .bfloat16].contains(type), "\(type) is not written")
    precondition(arrays.allSatisfy { $0.element == .float32 }, "only arrays of float32 are written")
    let sorted = arrays.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    let header = header(of: sorted, as: type, metadata: metadata)
    guard header.count <= headerLimit else {
      throw Failure(.model, "the safetensors header would be too large", at: path, notes: ["\(header.count) bytes"])
    }
    var file = try DurableFile(at: path)
    try file.write((0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) })
    try file.write(header)
    for array in sorted {
      try StopRequest.check()
      try write(array, as: type, to: &file)
    }
    try file.commit()
  }

  private static func header(
    of arrays: [NamedArray], as type: SafetensorsType, metadata: [(String, String)]
  ) -> [UInt8] {
    var members: [JSONMember] = []
    if !metadata.isEmpty {
      members.append(JSONMember("__metadata__", JSONValue(metadata.map { JSONMember($0.0, JSONValue($0.1)) })))
    }
    var offset = 0
    for array in arrays {
      let end = offset + array.shape.reduce(type.size, *)
      let entry: JSONValue = [
        "dtype": JSONValue(type.rawValue), "shape": JSONValue(array.shape.map { JSONValue($0) }),
        "data_offsets": [JSONValue(offset), JSONValue(end)],
      ]
      members.append(JSONMember(array.name, entry))
      offset = end
    }
    let text = JSONValue(members).serializedBytes()
    return text + repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
  }

  private static func write(
    _ array: NamedArray, as type: SafetensorsType, to file: inout DurableFile
  ) throws(Failure) {
    try array.withBytes { (bytes) throws(Failure) in
      guard type != .float32 else { return try file.write(bytes) }
      try file.write(bytes.bindMemory(to: Float.self), as: type == .float16 ? .float16 : .bfloat16)
    }
  }
}
