import Kernels

/// An n-dimensional array of 32-bit floats, contiguous and row-major, that may remember how it was made.
///
/// A tensor that depends on a parameter inside `valueAndGradients` carries the node that made it; all others are plain
/// values. Elements are shared between copies and never change once an operation has returned the tensor.
public struct Tensor {
  package var storage: Storage
  package let offset: Int
  /// The lengths of the axes.
  public let shape: Shape
  package var node: Node?
  package var slot: Int
  /// Who waits for the elements of an output that is made again in the backward pass; nil if they are kept.
  var readers: Readers?

  package init(storage: Storage, offset: Int = 0, shape: Shape, node: Node? = nil, slot: Int = 0) {
    precondition(offset + shape.count <= storage.count, "shape \(shape) at \(offset) exceeds \(storage.count) elements")
    self.storage = storage
    self.offset = offset
    self.shape = shape
    self.node = node
    self.slot = slot
  }

  /// A tensor with undefined elements, for an operation to fill.
  package init(uninitialized shape: Shape) {
    self.init(storage: Storage(count: shape.count), shape: shape)
  }

  /// A tensor with the given elements in row-major order.
  public init(_ elements: [Float], shape: Shape) {
    precondition(elements.count == shape.count, "\(elements.count) elements do not fill shape \(shape)")
    self.init(uninitialized: shape)
    pointer.update(from: elements, count: elements.count)
  }

  /// A scalar, of shape `[]`.
  public init(_ value: Float) { self.init([value], shape: []) }

  /// A tensor with every element equal to `value`.
  public init(repeating value: Float, shape: Shape) {
    self.init(uninitialized: shape)
    fill(pointer, value, shape.count)
  }

  package var pointer: UnsafeMutablePointer<Float> { storage.pointer + offset }

  /// The elements in row-major order.
  public var elements: [Float] {
    withExtendedLifetime(storage) { Array(UnsafeBufferPointer(start: pointer, count: shape.count)) }
  }

  /// The only element of a tensor that has one.
  public var scalar: Float {
    precondition(shape.count == 1, "a tensor of shape \(shape) is no scalar")
    return withExtendedLifetime(storage) { pointer[0] }
  }

  /// Whether gradients flow through this tensor.
  public var isRecorded: Bool { node != nil }

  /// The same elements with no memory of how they were made (PyTorch's `detach`): no gradient flows through it.
  public func detached() -> Tensor { Tensor(storage: storage, offset: offset, shape: shape) }

  /// The elements for a pullback: they are kept, or waited for where they are made again.
  var saved: SavedTensor { readers.map { .madeAgain($0) } ?? .kept(detached()) }

  /// The same elements seen in another shape, not recorded.
  package func viewed(as shape: Shape) -> Tensor {
    precondition(shape.count == self.shape.count, "\(self.shape) cannot be seen as \(shape)")
    return Tensor(storage: storage, offset: offset, shape: shape)
  }

  /// Takes a copy of the elements if somebody else holds them, so that they may be written over.
  mutating func makeUnique() {
    if !isKnownUniquelyReferenced(&storage) { self = copied() }
  }

  /// A copy in storage of its own, not recorded.
  package func copied() -> Tensor {
    let result = Tensor(uninitialized: shape)
    copy(result.pointer, pointer, shape.count)
    return result
  }
}
