import Files
import Foundation

/// Scalars for TensorBoard: an event file of TFRecords (length, masked CRC-32C of the length, event, masked CRC-32C of
/// the event), whose events are protocol buffers (tensorflow/core/util/event.proto) written by hand.
package struct TensorBoard: ~Copyable {
  private var file: AppendedFile

  /// Starts a new event file in `folder`. A run that resumes after `step` steps, or begins again, makes TensorBoard discard what
  /// an earlier file says about later ones: by the start of a session, the first of which it takes for that of the run.
  package init(folder: String, after step: Int) throws(Failure) {
    let time = Date().timeIntervalSince1970
    let host = ProcessInfo.processInfo.hostName
    let process = ProcessInfo.processInfo.processIdentifier
    file = try AppendedFile("\(folder)/events.out.tfevents.\(Int(time)).\(host).\(process).\(step)")
    file.append(Self.record(Self.event(time: time, step: 0) { $0.text(3, "brain.Event:2") }))
    let session = Self.event(time: time, step: step > 0 ? step + 1 : 0) { $0.message(7) { $0.integer(1, 1) } }
    file.append(Self.record(session))
  }

  /// Appends scalars of a step.
  package mutating func append(step: Int, _ scalars: KeyValuePairs<String, Double>, time: Date = Date()) {
    append(step: step, scalars.map { ($0.key, $0.value) }, time: time)
  }

  /// Appends scalars of a step.
  package mutating func append(step: Int, _ scalars: [(tag: String, scalar: Double)], time: Date = Date()) {
    let event = Self.event(time: time.timeIntervalSince1970, step: step) { event in
      event.message(5) { summary in
        for (tag, scalar) in scalars {
          summary.message(1) { value in
            value.text(1, tag)
            value.float(2, Float(scalar))
          }
        }
      }
    }
    file.append(Self.record(event))
  }

  private static func event(time: Double, step: Int, _ body: (inout ProtocolBuffer) -> Void) -> [UInt8] {
    var event = ProtocolBuffer()
    event.double(1, time)
    event.integer(2, step)
    body(&event)
    return event.bytes
  }

  static func record(_ event: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(event.count))
    return length + littleEndian(CRC32C.masked(length)) + event + littleEndian(CRC32C.masked(event))
  }
}

private func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// The few forms of protocol buffers that events need: a key (field number and wire type), then the value.
private struct ProtocolBuffer {
  private(set) var bytes: [UInt8] = []

  mutating func integer(_ field: Int, _ value: Int) {
    key(field, 0)
    variableLength(UInt64(bitPattern: Int64(value)))
  }

  mutating func double(_ field: Int, _ value: Double) {
    key(field, 1)
    bytes += littleEndian(value.bitPattern)
  }

  mutating func float(_ field: Int, _ value: Float) {
    key(field, 5)
    bytes += littleEndian(value.bitPattern)
  }

  mutating func text(_ field: Int, _ value: String) { lengthDelimited(field, Array(value.utf8)) }

  mutating func message(_ field: Int, _ body: (inout ProtocolBuffer) -> Void) {
    var inner = ProtocolBuffer()
    body(&inner)
    lengthDelimited(field, inner.bytes)
  }

  private mutating func lengthDelimited(_ field: Int, _ value: [UInt8]) {
    key(field, 2)
    variableLength(UInt64(value.count))
    bytes += value
  }

  private mutating func key(_ field: Int, _ wireType: Int) { variableLength(UInt64(field << 3 | wireType)) }

  /// Seven bits a byte, the lowest first; the high bit says that more follow.
  private mutating func variableLength(_ value: UInt64) {
    var value = value
    while value > 0x7F {
      bytes.append(UInt8(value & 0x7F) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }
}

/// CRC-32 with Castagnoli's polynomial.
package enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
  }

  package static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { $0 >> 8 ^ table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] }
  }

  /// The checksum rotated and shifted, as TFRecords store it.
  static func masked(_ bytes: [UInt8]) -> UInt32 {
    let checksum = checksum(bytes)
    return (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
  }
}
