import Glibc

/// What can be asked about a path without opening it.
enum Path {
  /// Whether anything is there, be it a dangling link.
  static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }
}
