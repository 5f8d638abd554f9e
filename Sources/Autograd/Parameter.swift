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

  /// The current value. Its elements change in place.
  public let value: Tensor
  /// The named parts, in order, of a parameter that stacks several matrices of a checkpoint so that one product serves
  /// all of them; empty for an ordinary parameter.
  public let sections: [Section]
  /// Whether training changes the value. A frozen parameter is never recorded: it has no gradient and no optimizer state, and
  /// operations neither keep an input nor compute a product for its gradient.
  public var isTrained = true
  /// Set while gradients of this parameter are being computed.
  var node: Node?

  /// A parameter with the given value, which it takes over.
  public init(_ value: Tensor, sections: [Section] = []) {
    precondition(
      sections.isEmpty || sections.reduce(0) { $0 + $1.rows } == value.shape[0],
      "sections \(sections) do not fill shape \(value.shape)")
    self.value = value.detached()
    self.sections = sections
  }

  /// A parameter of zeros.
  public convenience init(zeros shape: Shape, sections: [Section] = []) {
    self.init(Tensor(repeating: 0, shape: shape), sections: sections)
  }

  /// The value as an operand: recorded while gradients of this parameter are being computed, unless it is frozen.
  public var tensor: Tensor {
    Tensor(storage: value.storage, offset: value.offset, shape: value.shape, node: isTrained ? node : nil)
  }

  /// The elements, for a kernel to change in place: the change shows in `value` everywhere.
  package var mutableBuffer: MutableBuffer {
    MutableBuffer(value.storage, offset: value.offset, count: value.shape.count)
  }

  /// The lengths of the axes.
  public var shape: Shape { value.shape }
}
