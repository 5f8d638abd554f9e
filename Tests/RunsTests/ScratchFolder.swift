import Foundation

/// A new empty folder that is gone when `body` ends.
func withScratchFolder<T>(_ body: (String) throws -> T) throws -> T {
  let folder = URL(filePath: NSTemporaryDirectory()).appending(path: "train-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}

func write(_ text: String, to path: String) throws { try Data(text.utf8).write(to: URL(filePath: path)) }

func text(of path: String) throws -> String { try String(contentsOf: URL(filePath: path), encoding: .utf8) }
