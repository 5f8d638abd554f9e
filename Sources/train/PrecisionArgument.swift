import Files
import Kernels

/// The option that says how the operands of matrix products are rounded, shared by the commands that only read a model.
enum PrecisionArgument {
  static let option = Option.value(
    "precision", "FORMAT", "how operands of matrix products are rounded: float32, the default, or bfloat16")

  /// What the option says.
  static func read(_ arguments: Arguments) throws(Failure) -> ProductPrecision {
    guard let text = arguments.string("precision") else { return .float32 }
    if let precision = ProductPrecision(rawValue: text) { return precision }
    let words = ProductPrecision.allCases.map(\.rawValue).joined(separator: " or ")
    throw arguments.failure("--precision must be \(words), found \"\(text)\"")
  }
}
