import Kernels

/// The option that says how the operands of matrix products are rounded, shared by the commands that only read a model.
enum PrecisionArgument {
  static let option = Option.choice(
    "precision", "FORMAT",
    among: ProductPrecision.allCases.map { Option.Choice($0.rawValue, $0 == .float32 ? "the default" : "") },
    "how operands of matrix products are rounded")

  /// What the option says.
  static func read(_ arguments: Arguments) -> ProductPrecision { arguments.choice("precision") ?? .float32 }
}
