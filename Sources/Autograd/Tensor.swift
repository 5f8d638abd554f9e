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
  /// Who waits for the elements of an output that is recomputed in the backward pass; nil if they are kept.
  var readers: PendingReaders?

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
    mutableBuffer.assign(elements)
  }

  /// A scalar, of shape `[]`.
  public init(_ value: Float) { self.init([value], shape: []) }

  /// A tensor with every element equal to `value`.
  public init(repeating value: Float, shape: Shape) {
    self.init(uninitialized: shape)
    fill(mutableBuffer, value)
  }

  /// The elements, for a kernel to read.
  package var buffer: Buffer { Buffer(storage, offset: offset, count: shape.count) }

  /// The elements, for a kernel to write: a copy of them if somebody else holds them.
  package var mutableBuffer: MutableBuffer {
    mutating get {
      makeUnique()
      return MutableBuffer(storage, offset: offset, count: shape.count)
    }
  }

  /// The elements as a matrix: all axes but the last are its rows.
  package var matrix: Matrix { Matrix(buffer, rows: shape.rows, columns: shape.columns) }

  /// The same for a kernel to write.
  package var mutableMatrix: MutableMatrix {
    mutating get { MutableMatrix(mutableBuffer, rows: shape.rows, columns: shape.columns) }
  }

  /// The elements in row-major order.
  public var elements: [Float] { buffer.elements }

  /// The only element of a tensor that has one.
  public var scalar: Float {
    precondition(shape.count == 1, "a tensor of shape \(shape) is no scalar")
    return buffer[0]
  }

  /// Whether gradients flow through this tensor.
  public var isRecorded: Bool { node != nil }

  /// The same elements with no memory of how they were made (PyTorch's `detach`): no gradient flows through it.
  public func detached() -> Tensor { Tensor(storage: storage, offset: offset, shape: shape) }

  /// The elements for a pullback: they are kept, or waited for where they are recomputed.
  var saved: SavedTensor { readers.map { .recomputed($0) } ?? .kept(detached()) }

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
    var result = Tensor(uninitialized: shape)
    copy(result.mutableBuffer, buffer)
    return result
  }
}
