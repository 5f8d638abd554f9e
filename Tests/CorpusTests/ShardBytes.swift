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
