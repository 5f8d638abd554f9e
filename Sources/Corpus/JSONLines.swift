import Files

/// What to do with a row that cannot be used.
public enum RowErrorPolicy: String, Sendable, CaseIterable {
  /// The first one ends the preparation.
  case stop
  /// It is dropped and counted.
  case skip
}

/// A file of JSON values, one a line. Lines may end in CR LF, empty ones are skipped, and a byte order mark is
/// allowed at the start.
enum JSONLines {
  /// Reads the file once; `body` gets each row. What it throws ends the reading. The result is the SHA-256 of the file.
  static func read(_ path: String, _ body: (JSONRow) throws(Failure) -> Void) throws(Failure) -> String {
    var rows = try Rows(path)
    while let row = try rows.next() { try body(row) }
    return try rows.finish()
  }

  /// Gives at most the first `limit` rows to `body`.
  static func first(_ limit: Int, of path: String, _ body: (JSONRow) -> Void) throws(Failure) {
    var rows = try Rows(path)
    for _ in 0..<limit {
      guard let row = try rows.next() else { return }
      body(row)
    }
  }

  /// The rows of a file, one after the other.
  private struct Rows: ~Copyable {
    private let path: String
    private var reader: SourceReader
    private var buffer: [UInt8] = []
    /// Where the next line starts in `buffer`, and up to where no end of it was found.
    private var (start, searched) = (0, 0)
    private var line = 0
    private var isAtEnd = false

    /// A row is in memory as a whole, and a small compressed file may unpack to a line without end.
    private static let longestLine = 1 << 30

    init(_ path: String) throws(Failure) {
      self.path = path
      reader = try SourceReader(path)
    }

    mutating func next() throws(Failure) -> JSONRow? {
      while let bytes = try nextLine() {
        line += 1
        let bytes = line == 1 ? bytes.withoutByteOrderMark : bytes
        if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }) { continue }
        return JSONRow(.line(Array(bytes), of: path, number: line), place: "\(path):\(line)")
      }
      return nil
    }

    /// The SHA-256 of the file.
    consuming func finish() throws(Failure) -> String { try reader.finish() }

    private mutating func nextLine() throws(Failure) -> ArraySlice<UInt8>? {
      while !isAtEnd {
        if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
          defer { (start, searched) = (end + 1, end + 1) }
          return buffer[start..<end]
        }
        buffer.removeFirst(start)
        (start, searched) = (0, buffer.count)
        guard buffer.count <= Self.longestLine else {
          throw Failure(
            .data, "a line is longer than 1 GiB", at: "\(path):\(line + 1)", notes: ["every line is one JSON value"])
        }
        isAtEnd = try !reader.read(into: &buffer)
        if isAtEnd { return buffer[...] }
      }
      return nil
    }
  }

}

/// A row of a file, which is parsed where it is used: on any thread.
struct JSONRow: Sendable {
  enum Source: Sendable {
    /// The text of a line, and where it stands.
    case line([UInt8], of: String, number: Int)
    /// A value of an array, or a record of delimited values.
    case value(JSONValue)
    /// What is wrong with a record.
    case fault(Failure)
  }

  private let source: Source
  /// Its position in the file, for error messages.
  let place: String

  /// Whether it is a line of JSON that is not read yet.
  var isLine: Bool { if case .line = source { true } else { false } }

  init(_ source: Source, place: String) {
    self.source = source
    self.place = place
  }

  /// Numbers that are none are null: rows that Python writes have NaN where a column lacks a value.
  ///
  /// - Parameter isSkippable: whether it is left out where it is no JSON, so that nobody has to ask for it.
  /// - Throws: `Failure` of area `.data` when the line is no JSON.
  func value(isSkippable: Bool = false) throws(Failure) -> JSONValue {
    switch source {
    case .value(let value): return value
    case .fault(let failure): throw failure
    case .line(let bytes, let path, let number):
      do throws(Failure) {
        return try JSONValue.parse(bytes, source: path, area: .data, line: number, takesNaN: true)
      } catch {
        let remedy = isSkippable ? "" : "; data.on_error = \"skip\" leaves out the bad ones"
        throw Failure(
          .data, error.what, at: error.place, notes: error.notes + ["every line is one JSON value\(remedy)"])
      }
    }
  }
}

/// The rows that were left out.
public struct SkippedRows: Sendable, Equatable {
  /// How many.
  public private(set) var count = 0
  /// The first few errors.
  public private(set) var examples: [Failure] = []

  mutating func add(_ error: Failure) {
    count += 1
    if examples.count < 3 { examples.append(error) }
  }

  mutating func add(_ other: SkippedRows) {
    count += other.count
    examples = Array((examples + other.examples).prefix(3))
  }
}
