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

  /// What tells this start of this machine from every other machine: processes with the same one share its processors.
  package static let bootIdentity =
    SystemText.lines(of: "/proc/sys/kernel/random/boot_id").first.map(String.init) ?? description
}
