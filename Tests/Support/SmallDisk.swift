import Foundation
import Testing

/// A file system of a few megabytes, to see what happens on a full disk.
package struct SmallDisk: Sendable {
  /// Where it is mounted.
  package let path: String

  /// Runs `body` with a new file system of `bytes` that is mounted on the folder `path` until it ends.
  package static func mounted<T>(on path: String, bytes: Int, _ body: (SmallDisk) throws -> T) throws -> T {
    try check(mount("none", path, "tmpfs", 0, "size=\(bytes)"))
    defer { umount(path) }
    return try body(SmallDisk(path: path))
  }

  /// Changes its size to `bytes`.
  package func resize(to bytes: Int) throws {
    try Self.check(mount("none", path, "tmpfs", UInt(MS_REMOUNT), "size=\(bytes)"))
  }

  /// Whether this process may mount a file system.
  package static let isPermitted =
    (try? withScratchFolder { folder in try mounted(on: folder, bytes: 1 << 20) { _ in } }) != nil

  private static func check(_ status: Int32) throws {
    if status != 0 { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EPERM) }
  }
}

extension Trait where Self == ConditionTrait {
  /// Skips where this process may not mount a file system.
  package static var needsSmallDisk: Self {
    .enabled(if: SmallDisk.isPermitted, "needs the right to mount a small disk, which root has")
  }
}
