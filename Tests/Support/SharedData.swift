import Foundation
import Testing

/// Real inputs beside the repository that are not part of it: texts, tokenizers, models.
///
/// The folder is `TRAIN_SHARED_DATA`, or `shared/data` beside the repository or beside a folder above it.
package enum SharedData {
  package static let root: URL? = {
    if let path = ProcessInfo.processInfo.environment["TRAIN_SHARED_DATA"] {
      return URL(fileURLWithPath: path, isDirectory: true)
    }
    var folder = URL(fileURLWithPath: #filePath)
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      let candidate = folder.appendingPathComponent("shared/data", isDirectory: true)
      if FileManager.default.fileExists(atPath: candidate.path) { return candidate }
    }
    return nil
  }()

  /// The file or folder at `path` below the shared folder, or nil when there is none (then skip the test).
  package static func url(_ path: String) -> URL? {
    guard let url = root?.appendingPathComponent(path) else { return nil }
    return FileManager.default.fileExists(atPath: url.path) ? url : nil
  }
}

extension Trait where Self == ConditionTrait {
  /// Skips where the real input at `path` is not on this machine.
  package static func needsSharedData(_ path: String) -> Self {
    .enabled(
      if: SharedData.url(path) != nil, "needs \(path) below TRAIN_SHARED_DATA, which is not on this machine")
  }
}
