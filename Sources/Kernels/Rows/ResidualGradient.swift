/// The gradient that reaches the input of a norm beside the norm itself, through the residual stream: added in the same pass.
package enum ResidualGradient {
  case zero
  /// What the gradient of the input already holds.
  case inPlace
  case carried(Buffer)

  var isZero: Bool { if case .zero = self { true } else { false } }
  var isInPlace: Bool { if case .inPlace = self { true } else { false } }
  var carry: Buffer? { if case .carried(let buffer) = self { buffer } else { nil } }
}
