import Glibc

/// What can be asked about a path without opening it.
package enum Path {
  /// Whether the path exists; a dangling link does.
  package static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }
}
