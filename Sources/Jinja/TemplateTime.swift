import Glibc

/// The time that a template is told.
package struct TemplateTime: Sendable, Equatable {
  /// Seconds since 1970.
  package let seconds: Int

  package init(seconds: Int) { self.seconds = seconds }

  package static var now: TemplateTime { TemplateTime(seconds: time(nil)) }

  /// The local time in the form of C's `strftime`, which is Python's.
  func formatted(_ format: String) -> String {
    if format.isEmpty { return "" }
    var seconds = time_t(seconds)
    var parts = tm()
    guard localtime_r(&seconds, &parts) != nil else { return "" }
    var buffer = [CChar](repeating: 0, count: 256 + 16 * format.utf8.count)
    let length = strftime(&buffer, buffer.count, format, &parts)
    return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
