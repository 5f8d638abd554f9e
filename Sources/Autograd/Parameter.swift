import Kernels

/// A weight of a model. It has identity: a tied head and embedding are one parameter in two places.
public final class Parameter {
  /// A run of rows of a parameter that has a name of its own in checkpoints.
  public struct Section: Equatable, Sendable {
    /// The name that takes the place of the parameter's own, such as `q_proj`.
    public let name: String
    /// How many rows it has.
    public let rows: Int

    /// A section of `rows` rows.
    public init(_ name: String, rows: Int) {
      self.name = name
      self.rows = rows
    }
  }

  private enum Contents {
    /// Undefined: a model that is read from a file takes no memory before that.
    case none
    case floats(Tensor)
    case packed(PackedWeight)
  }

  private var contents: Contents
  /// The lengths of the axes.
  public let shape: Shape
  /// The named parts, in order, of a parameter that stacks several matrices of a checkpoint so that one product serves
  /// all of them; empty for an ordinary parameter.
  public let sections: [Section]
  /// Whether training changes the value. A frozen parameter is never recorded: it has no gradient and no optimizer state, and
  /// operations neither keep an input nor compute a product for its gradient. One of few bits is always frozen.
  public var isTrained = true {
    didSet { precondition(!isTrained || packed == nil, "a parameter of few bits cannot be trained: \(shape)") }
  }
  /// How the operands of products with this parameter, and of what follows from its result, are rounded; the value itself and its
  /// gradient are not.
  package var precision = ProductPrecision.float32
  /// Set while gradients of this parameter are being computed.
  var node: Node?

  /// A parameter with the given value, which it takes over.
  public convenience init(_ value: Tensor, sections: [Section] = []) {
    self.init(.floats(value.detached()), shape: value.shape, sections: sections)
  }

  /// A parameter of zeros.
  public convenience init(zeros shape: Shape, sections: [Section] = []) {
    self.init(Tensor(repeating: 0, shape: shape), sections: sections)
  }

  /// A parameter with an undefined value, which takes memory when it is first used.
  public convenience init(undefined shape: Shape, sections: [Section] = []) {
    self.init(.none, shape: shape, sections: sections)
  }

  private init(_ contents: Contents, shape: Shape, sections: [Section]) {
    precondition(
      sections.isEmpty || sections.reduce(0) { $0 + $1.rows } == shape[0],
      "sections \(sections) do not fill shape \(shape)")
    (self.contents, self.shape, self.sections) = (contents, shape, sections)
  }

  /// The current value. Its elements change in place; those of a parameter of few bits are a copy, dequantised for the caller.
  public var value: Tensor {
    switch contents {
    case .floats(let tensor): return tensor
    case .packed: return value(ofRows: 0..<shape[0])
    case .none:
      let tensor = Tensor(uninitialized: shape)
      contents = .floats(tensor)
      return tensor
    }
  }

  /// Some rows of the value; of a parameter of few bits a copy.
  package func value(ofRows rows: Range<Int>) -> Tensor {
    let (start, part) = shape.part(rows)
    guard let packed else {
      let value = value
      return Tensor(storage: value.storage, offset: value.offset + start, shape: part)
    }
    var floats = Tensor(uninitialized: part)
    packed.dequantize(rows, to: floats.mutableBuffer)
    return floats
  }

  /// The value as an operand: recorded while gradients of this parameter are being computed, unless it is frozen. Operations take
  /// a parameter of few bits itself.
  public var tensor: Tensor {
    precondition(packed == nil, "a parameter of few bits is no tensor: \(shape)")
    let value = value
    return Tensor(storage: value.storage, offset: value.offset, shape: shape, node: isTrained ? node : nil)
  }

  /// The elements, for a kernel to change in place: the change shows in `value` everywhere.
  package var mutableBuffer: MutableBuffer {
    precondition(packed == nil, "the bits of a parameter are not changed: \(shape)")
    let value = value
    return MutableBuffer(value.storage, offset: value.offset, count: shape.count)
  }

  /// The value in few bits; nil if it is floats.
  package var packed: PackedWeight? { if case .packed(let weight) = contents { weight } else { nil } }

  /// Lets floats take the place of few bits.
  package func unpack() {
    if packed != nil { contents = .floats(value) }
  }

  /// Lets `weight`, a matrix of this shape, take the place of the value, and freezes the parameter.
  package func pack(_ weight: PackedWeight) {
    precondition(
      shape == [weight.rows, weight.columns] && !weight.isTransposed && node == nil,
      "[\(weight.rows), \(weight.columns)] is no value for \(shape)")
    isTrained = false
    contents = .packed(weight)
  }
}
