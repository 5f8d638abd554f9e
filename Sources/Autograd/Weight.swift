import Kernels

/// A weight as operations take it: floats, which may be recorded, or a matrix of few bits, which never is.
enum Weight {
  case floats(Tensor)
  case packed(PackedWeight)

  init(_ parameter: Parameter) {
    self = parameter.packed.map { .packed($0) } ?? .floats(parameter.tensor)
  }

  var shape: Shape {
    switch self {
    case .floats(let tensor): tensor.shape
    case .packed(let weight): [weight.rows, weight.columns]
    }
  }

  /// What a product multiplies by.
  var matrix: WeightMatrix {
    switch self {
    case .floats(let tensor): .floats(tensor.matrix)
    case .packed(let weight): .packed(weight)
    }
  }

  /// The floats, as an input of a node; nil if it has none.
  var tensor: Tensor? { if case .floats(let tensor) = self { tensor } else { nil } }

  var node: Node? { tensor?.node }

  /// Whether gradients flow to it.
  var isRecorded: Bool { node != nil }

  /// The same elements with no memory of how they were made.
  func detached() -> Weight { tensor.map { .floats($0.detached()) } ?? self }
}
