import Glibc

/// What can be asked about a path without opening it.
package enum Path {
  /// Whether the path exists; a dangling link does.
  package static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// The path with the user's folder in the place of `~` at its beginning, which a shell replaces only where a word begins: not
  /// in `--out=~/page.html`.
  package static func withHome(_ path: String) -> String {
    guard path == "~" || path.hasPrefix("~/"), let home = getenv("HOME") else { return path }
    return String(cString: home) + path.dropFirst()
  }
}
