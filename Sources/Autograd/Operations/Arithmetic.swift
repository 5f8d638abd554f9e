import Kernels

// Elementwise arithmetic. Operands of different shapes are broadcast (NumPy's rule), and the engine sums the gradient
// of an operand over what was repeated.

extension Tensor {
  /// x + y.
  public static func + (x: Tensor, y: Tensor) -> Tensor {
    .record("add", [x, y], output: combined(x, y, "+", Kernels.add)) { back in
      back.add(back.gradient, to: 0)
      back.add(back.gradient, to: 1)
    }
  }

  /// x - y.
  public static func - (x: Tensor, y: Tensor) -> Tensor {
    .record("subtract", [x, y], output: combined(x, y, "-", Kernels.subtract)) { back in
      back.add(back.gradient, to: 0)
      back.add(-back.gradient, to: 1)
    }
  }

  /// x y: dx = dy y and the other way round.
  public static func * (x: Tensor, y: Tensor) -> Tensor {
    let (x0, y0) = (x.detached(), y.detached())
    return .record("multiply", [x, y], output: combined(x, y, "*", Kernels.multiply)) { back in
      back.add(back.gradient * y0, to: 0)
      back.add(back.gradient * x0, to: 1)
    }
  }

  /// z = x / y: dx = dz / y, dy = -dz z / y.
  public static func / (x: Tensor, y: Tensor) -> Tensor {
    let z = combined(x, y, "/", Kernels.divide)
    let y0 = y.detached()
    return .record("divide", [x, y], output: z) { back in
      let dx = back.gradient / y0
      back.add(dx, to: 0)
      back.add(-(dx * z), to: 1)
    }
  }

  /// -x.
  public static prefix func - (x: Tensor) -> Tensor { x * -1 }

  /// x + y with a number.
  public static func + (x: Tensor, y: Float) -> Tensor { x + Tensor(y) }
  /// x + y with a number.
  public static func + (x: Float, y: Tensor) -> Tensor { Tensor(x) + y }
  /// x - y with a number.
  public static func - (x: Tensor, y: Float) -> Tensor { x - Tensor(y) }
  /// x - y with a number.
  public static func - (x: Float, y: Tensor) -> Tensor { Tensor(x) - y }
  /// x y with a number.
  public static func * (x: Tensor, y: Float) -> Tensor { x * Tensor(y) }
  /// x y with a number.
  public static func * (x: Float, y: Tensor) -> Tensor { Tensor(x) * y }
  /// x / y with a number.
  public static func / (x: Tensor, y: Float) -> Tensor { x / Tensor(y) }
  /// x / y with a number.
  public static func / (x: Float, y: Tensor) -> Tensor { Tensor(x) / y }

  private typealias Kernel = (MutableBuffer, Buffer, Buffer, BroadcastLayout) -> Void

  private static func combined(_ x: Tensor, _ y: Tensor, _ sign: String, _ kernel: Kernel) -> Tensor {
    guard let shape = x.shape.broadcast(with: y.shape) else {
      preconditionFailure("\(x.shape) \(sign) \(y.shape): the shapes do not broadcast")
    }
    var z = Tensor(uninitialized: shape)
    guard shape.count > 0 else { return z }
    let steps = [x.shape.strides(broadcastTo: shape), y.shape.strides(broadcastTo: shape)]
    kernel(z.mutableBuffer, x.buffer, y.buffer, BroadcastLayout(shape.dimensions, steps: steps))
    return z
  }
}
