import Foundation
import Runs
import Support
import Testing

@Suite struct TensorBoardTests {
  @Test func checksums() {
    // RFC 3720, appendix B.4, and the usual check value.
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum([]) == 0)
  }

  /// The events of a file, each a list of (field number, bytes of the value).
  private func records(_ data: [UInt8]) throws -> [[UInt8]] {
    var records: [[UInt8]] = []
    var rest = data[...]
    while !rest.isEmpty {
      let head = Array(rest.prefix(8))
      let length = head.reversed().reduce(0) { $0 << 8 | Int($1) }
      let body = Array(rest.dropFirst(12).prefix(length))
      try #require(rest.count >= 16 + length)
      #expect(number(rest.dropFirst(8).prefix(4)) == masked(head))
      #expect(number(rest.dropFirst(12 + length).prefix(4)) == masked(body))
      records.append(body)
      rest = rest.dropFirst(16 + length)
    }
    return records
  }

  private func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) } }

  private func masked(_ bytes: [UInt8]) -> UInt32 {
    let crc = CRC32C.checksum(bytes)
    return UInt32(truncatingIfNeeded: UInt64(crc >> 15 | crc << 17) + 0xA282_EAD8)
  }

  @Test func theFileHoldsWhatWasAppended() throws {
    try withScratchFolder { folder in
      do {
        var board = try TensorBoard(folder: folder, after: 0)
        board.append(step: 300, ["loss": 1.5], time: Date(timeIntervalSince1970: 2))
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(names.count == 1 && names[0].hasPrefix("events.out.tfevents."))
      let events = try records([UInt8](Data(contentsOf: URL(filePath: "\(folder)/\(names[0])"))))
      #expect(events.count == 3)
      #expect(events[0].suffix(15) == [0x1A, 13] + Array("brain.Event:2".utf8))
      // wall_time = 2.0, step = 300, summary { value { tag: "loss" simple_value: 1.5 } }
      #expect(
        events[2] == [0x09, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x10, 0xAC, 0x02, 0x2A, 13, 0x0A, 11, 0x0A, 4]
          + Array("loss".utf8) + [0x15, 0, 0, 0xC0, 0x3F])
    }
  }

  /// A run that begins does so, too: TensorBoard discards nothing at the first start that it sees.
  @Test(arguments: [(0, 0), (7, 8)]) func everyFileStartsASession(_ step: Int, _ first: Int) throws {
    try withScratchFolder { folder in
      _ = try TensorBoard(folder: folder, after: step)
      let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).first)
      let events = try records([UInt8](Data(contentsOf: URL(filePath: "\(folder)/\(name)"))))
      // step = first, session_log { status: START }
      #expect(events[1].suffix(6) == [0x10, UInt8(first), 0x3A, 2, 0x08, 1])
    }
  }
}
