import Foundation

/// A folder for one test, removed with it.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("corpus-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var cache: String { "\(path)/cache" }

  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    return "\(path)/\(name)"
  }

  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }

  /// Everything below the folder, hidden names too.
  func names(below name: String = "") throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: "\(path)/\(name)").sorted()
  }
}

/// The bytes of llm.c's shard, written independently of the code under test.
func shardBytes(_ tokens: [Int], magic: Int32, version: Int32, count: Int32? = nil) -> [UInt8] {
  var header = [Int32](repeating: 0, count: 256)
  header[0] = magic
  header[1] = version
  header[2] = count ?? Int32(tokens.count)
  let body = version == 7 ? tokens.flatMap { littleEndian(UInt32($0)) } : tokens.flatMap { littleEndian(UInt16($0)) }
  return header.flatMap(littleEndian) + body
}

func version1(_ tokens: [Int]) -> [UInt8] { shardBytes(tokens, magic: 20_240_520, version: 1) }
func version7(_ tokens: [Int]) -> [UInt8] { shardBytes(tokens, magic: 20_240_801, version: 7) }

func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian, Array.init)
}
