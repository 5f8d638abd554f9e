import Glibc

/// The kernel that the process runs on.
package enum OperatingSystem {
  /// Its name, version and processor architecture.
  package static let description: String = {
    var names = utsname()
    uname(&names)
    func string<T>(_ field: T) -> String {
      withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    return "\(string(names.sysname)) \(string(names.release)) \(string(names.machine))"
  }()
}
