import Foundation

/// A new empty folder that is removed with the value.
package final class ScratchFolder: Sendable {
  /// The folder's path.
  package let path: String

  /// Creates the folder. One `inMemory` suits tests that write thousands of files, where the machine offers such a place.
  package init(inMemory: Bool = false) throws {
    let isInMemory = inMemory && FileManager.default.fileExists(atPath: "/dev/shm")
    let parent = isInMemory ? URL(filePath: "/dev/shm") : FileManager.default.temporaryDirectory
    path = parent.appending(path: "train-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file in the folder.
  package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  /// The URL of a file in the folder.
  package func url(_ name: String) -> URL { URL(filePath: self(name)) }

  /// Writes a file and returns its path.
  @discardableResult
  package func write(_ bytes: [UInt8], to name: String) throws -> String {
    try Data(bytes).write(to: url(name))
    return self(name)
  }

  /// Writes a file and returns its path.
  @discardableResult
  package func write(_ text: String, to name: String) throws -> String { try write(Array(text.utf8), to: name) }

  /// The contents of a file, as text.
  package func text(of name: String) throws -> String { try String(contentsOf: url(name), encoding: .utf8) }

  /// Everything below a folder in this one, hidden names too.
  package func names(below name: String = "") throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: self(name)).sorted()
  }
}

/// Runs `body` with the path of a new empty folder that is removed afterwards.
package func withScratchFolder<T>(inMemory: Bool = false, _ body: (String) throws -> T) throws -> T {
  let folder = try ScratchFolder(inMemory: inMemory)
  return try withExtendedLifetime(folder) { try body(folder.path) }
}
