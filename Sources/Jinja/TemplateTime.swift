import Glibc

/// The time that a template is told.
package struct TemplateTime: Sendable, Equatable {
  /// Seconds since 1970.
  package let seconds: Int

  package init(seconds: Int) { self.seconds = seconds }

  /// Noon of a day, `YYYY-MM-DD`, in local time; nil for text that is no day.
  package init?(day: String) {
    var parts = tm()
    let numbers = day.split(separator: "-", omittingEmptySubsequences: false).map { Int32($0) }
    guard day.utf8.count == 10, numbers.count == 3, let year = numbers[0], let month = numbers[1], let date = numbers[2]
    else { return nil }
    (parts.tm_year, parts.tm_mon, parts.tm_mday, parts.tm_hour) = (year - 1900, month - 1, date, 12)
    parts.tm_isdst = -1
    let seconds = mktime(&parts)
    guard seconds != -1, TemplateTime(seconds: seconds).day == day else { return nil }
    self.seconds = seconds
  }

  /// The day, `YYYY-MM-DD`.
  package var day: String { formatted("%Y-%m-%d") }

  /// The local time as if it were Greenwich's, in seconds since 1970: where clocks show the same, templates say the same.
  package var localSeconds: Int {
    var (seconds, parts) = (time_t(seconds), tm())
    return localtime_r(&seconds, &parts) == nil ? seconds : timegm(&parts)
  }

  /// The day of all processes of a job, whatever their clocks and time zones say; nil for a process alone. Set once, before
  /// anything else runs.
  nonisolated(unsafe) package static var commonDay: String?

  /// Noon of this day: what a run is told, which its files name by the day.
  package static var today: TemplateTime { TemplateTime(day: commonDay ?? now.day) ?? now }

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
