// out = x op y, where the axes along which an operand has a stride of zero repeat it.

/// out = x + y.
package func add(_ out: MutableBuffer, _ x: Buffer, _ y: Buffer, layout: BroadcastLayout) {
  combine(out, x, y, layout) { $0 + $1 }
}

/// out = x - y.
package func subtract(_ out: MutableBuffer, _ x: Buffer, _ y: Buffer, layout: BroadcastLayout) {
  combine(out, x, y, layout) { $0 - $1 }
}

/// out = x y.
package func multiply(_ out: MutableBuffer, _ x: Buffer, _ y: Buffer, layout: BroadcastLayout) {
  combine(out, x, y, layout) { $0 * $1 }
}

/// out = x / y.
package func divide(_ out: MutableBuffer, _ x: Buffer, _ y: Buffer, layout: BroadcastLayout) {
  combine(out, x, y, layout) { $0 / $1 }
}

@inline(__always)
private func combine(
  _ out: MutableBuffer, _ x: Buffer, _ y: Buffer, _ layout: BroadcastLayout, _ f: (Float, Float) -> Float
) {
  let (out, x, y) = (out.pointer, x.pointer, y.pointer)
  let (xStep, yStep) = (layout.steps[0].last!, layout.steps[1].last!)
  layout.forEachRun { start, offsets, count in
    let out = out + start
    let x = x + offsets[0]
    let y = y + offsets[1]
    if xStep == 1, yStep == 1 {
      for i in 0..<count { out[i] = f(x[i], y[i]) }
    } else if xStep == 1 {
      let b = y[0]
      for i in 0..<count { out[i] = f(x[i], b) }
    } else {
      let a = x[0]
      for i in 0..<count { out[i] = f(a, y[i * yStep]) }
    }
  }
}
