import Files
import Foundation

/// A new empty folder, gone with the value.
final class Scratch {
  let path: String

  init() throws {
    path = URL(filePath: NSTemporaryDirectory()).appending(path: "interchange-\(UUID().uuidString)").path
    try Folder.create(path)
  }

  deinit { try? Folder.remove(path) }

  /// The path of a file in the folder.
  func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file and gives its path.
  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    try DurableFile.write(text, to: self(name))
    return self(name)
  }
}

/// The failure that `body` ends with.
func refusal(_ body: () throws -> Void) -> Failure? {
  do {
    try body()
    return nil
  } catch {
    return error as? Failure
  }
}
