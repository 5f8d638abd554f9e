import Kernels

/// Finds the first operation whose result is not finite. Switched on only to explain a loss that was not: looking at
/// every result would slow training down.
public enum FiniteCheck {
  /// The operation that first gave a result which is not finite, by name.
  nonisolated(unsafe) private static var culprit: String?
  nonisolated(unsafe) private static var isOn = false

  /// Runs `body` and returns the name of the first operation in it whose result was not finite, nil if all were.
  public static func firstCulprit(_ body: () throws -> Void) rethrows -> String? {
    culprit = nil
    isOn = true
    defer { isOn = false }
    try body()
    return culprit
  }

  static func inspect(_ name: StaticString, _ outputs: [Tensor]) {
    guard isOn, culprit == nil else { return }
    if outputs.contains(where: { !$0.isFinite }) { culprit = "\(name)" }
  }
}

extension Tensor {
  /// Whether no element is infinite or not a number.
  public var isFinite: Bool { Kernels.isFinite(buffer) }
}
