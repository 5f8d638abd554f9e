/// A JSON number: the text it was written with, and what that text means.
///
/// Keeping the text makes writing what was read exact.
package struct JSONNumber: Sendable {
  package let text: String

  package init(_ value: Int) { text = String(value) }

  /// The shortest text that reads back as `value`, which must be finite.
  package init(_ value: Double) {
    precondition(value.isFinite, "JSON has no number \(value)")
    text = value.description
  }

  /// The shortest text that reads back as `value`, which must be finite.
  package init(_ value: Float) {
    precondition(value.isFinite, "JSON has no number \(value)")
    text = value.description
  }

  /// A text that the parser has checked.
  init(parsed text: String) { self.text = text }

  /// The number when it is written as an integer and fits `Int`. `4.0` and `4e0` are not integers, nor is `-0`, whose
  /// sign would be lost.
  package var integer: Int? {
    guard let value = Int(text), value != 0 || text == "0" else { return nil }
    return value
  }

  /// The number when it is an integer that fits `Int`, however it is written: `4`, `4.0`, `4e0`, and `-0`, which is 0.
  package var integral: Int? {
    let parts = text.lowercased().split(separator: "e")
    let mantissa = parts[0].drop { $0 == "-" }.split(separator: ".")
    var digits: String = mantissa.joined()
    if digits.allSatisfy({ $0 == "0" }) { return 0 }
    guard var exponent = parts.count > 1 ? Int(parts[1]) : 0 else { return nil }
    if mantissa.count > 1 { exponent -= mantissa[1].count }
    while exponent < 0, digits.last == "0" {
      digits.removeLast()
      exponent += 1
    }
    // Ten to the nineteenth does not fit.
    guard (0...18).contains(exponent) else { return nil }
    return Int("\(text.hasPrefix("-") ? "-" : "")\(digits)\(String(repeating: "0", count: exponent))")
  }

  /// The nearest double.
  package var double: Double {
    guard let value = Double(text) else { preconditionFailure("\(text) is not a number") }
    return value
  }
}

extension JSONNumber: Equatable {
  /// Integers equal integers, doubles equal doubles, however they are written; `1` is not `1.0`.
  package static func == (left: JSONNumber, right: JSONNumber) -> Bool {
    if left.text == right.text { return true }
    guard left.integer == nil, right.integer == nil else { return left.integer == right.integer }
    return left.double == right.double
  }
}
