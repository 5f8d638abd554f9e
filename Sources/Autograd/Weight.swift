import Kernels

/// A weight as operations take it: floats, which may be recorded, or a matrix of few bits, which never is.
package struct Weight {
  private enum Contents {
    case floats(Tensor)
    case packed(PackedWeight)
  }

  private let contents: Contents
  /// How the operands of products with it are rounded.
  let precision: ProductPrecision

  private init(_ contents: Contents, _ precision: ProductPrecision) {
    (self.contents, self.precision) = (contents, precision)
  }

  /// That of a layer, in the layer's precision unless another is given.
  package init(_ parameter: Parameter, precision: ProductPrecision? = nil) {
    self.init(
      parameter.packed.map { .packed($0) } ?? .floats(parameter.tensor), precision ?? parameter.precision)
  }

  /// Floats, however they were made.
  package init(_ tensor: Tensor, precision: ProductPrecision = .float32) { self.init(.floats(tensor), precision) }

  init(_ packed: PackedWeight) { self.init(.packed(packed), .float32) }

  var shape: Shape {
    switch contents {
    case .floats(let tensor): tensor.shape
    case .packed(let weight): [weight.rows, weight.columns]
    }
  }

  /// What a product multiplies by.
  var matrix: WeightMatrix {
    switch contents {
    case .floats(let tensor): .floats(tensor.matrix)
    case .packed(let weight): .packed(weight)
    }
  }

  /// The floats, as an input of a node; nil if it has none.
  var tensor: Tensor? { if case .floats(let tensor) = contents { tensor } else { nil } }

  var node: Node? { tensor?.node }

  /// Whether gradients flow to it.
  var isRecorded: Bool { node != nil }

  /// The same elements with no memory of how they were made.
  func detached() -> Weight { tensor.map { Weight(.floats($0.detached()), precision) } ?? self }
}
