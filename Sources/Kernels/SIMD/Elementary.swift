// Elementary functions on one number, written without branches so that the loops that call them vectorise. Each is
// within 4 units in the last place of the exact value; results below the smallest normal number are zero.

/// e^x: 2^n e^r with n the nearest integer to x / ln 2 and a polynomial for |r| <= ln 2 / 2 (Cephes `expf`).
@inline(__always)
func exponential(_ x: Float) -> Float {
  // At these bounds the result is zero and infinity.
  let low: Float = -87.3
  let high: Float = 89
  let t = x < low ? low : (x > high ? high : x)
  // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits.
  let shifted = Float(12_582_912).addingProduct(t, 1.44269504)
  let n = shifted - 12_582_912
  var r = t.addingProduct(n, -0.693359375)
  r = r.addingProduct(n, 2.12194440e-4)
  var p: Float = 1.9875691500e-4
  p = Float(1.3981999507e-3).addingProduct(p, r)
  p = Float(8.3334519073e-3).addingProduct(p, r)
  p = Float(4.1665795894e-2).addingProduct(p, r)
  p = Float(1.6666665459e-1).addingProduct(p, r)
  p = Float(5.0000001201e-1).addingProduct(p, r)
  p = r.addingProduct(p, r * r) + 1
  // Half the scale first: 2^128 alone would overflow. For the smallest n it is zero.
  let half = Float(bitPattern: (shifted.bitPattern &+ (126 &- 0x4B40_0000)) &<< 23)
  return (p * half) * 2
}

/// ln x, for normal numbers; minus infinity at zero and not a number below (Cephes `logf`).
@inline(__always)
func logarithm(_ x: Float) -> Float {
  let tiny = Float.leastNormalMagnitude
  let isTiny = x < tiny
  let scaled = isTiny ? x * 8_388_608 : x
  var bits = scaled.bitPattern &- 0x3F35_04F3
  let n = Float(Int32(bitPattern: bits) &>> 23) - (isTiny ? 23 : 0)
  bits = (bits & 0x007F_FFFF) &+ 0x3F35_04F3
  let m = Float(bitPattern: bits) - 1
  let square = m * m
  var p: Float = 7.0376836292e-2
  p = Float(-1.1514610310e-1).addingProduct(p, m)
  p = Float(1.1676998740e-1).addingProduct(p, m)
  p = Float(-1.2420140846e-1).addingProduct(p, m)
  p = Float(1.4249322787e-1).addingProduct(p, m)
  p = Float(-1.6668057665e-1).addingProduct(p, m)
  p = Float(2.0000714765e-1).addingProduct(p, m)
  p = Float(-2.4999993993e-1).addingProduct(p, m)
  p = Float(3.3333331174e-1).addingProduct(p, m)
  var y = p * m * square
  y = y.addingProduct(n, -2.12194440e-4)
  y = y.addingProduct(square, -0.5)
  let result = (m + y).addingProduct(n, 0.693359375)
  let bounded = x == .infinity ? x : result
  return x > 0 ? bounded : (x == 0 ? -.infinity : .nan)
}

/// ln(1 + z) for z in [0, 1]; the second term restores what rounding 1 + z lost.
@inline(__always)
func logarithmOfOnePlus(_ z: Float) -> Float {
  let u = 1 + z
  return logarithm(u) - ((u - 1) - z) / u
}

/// 1 / (1 + e^-x).
@inline(__always)
func logistic(_ x: Float) -> Float {
  1 / (1 + exponential(-x))
}

/// tanh x: an odd polynomial near zero, 1 - 2 / (e^2x + 1) elsewhere (Cephes `tanhf`).
@inline(__always)
func hyperbolicTangent(_ x: Float) -> Float {
  let square = x * x
  var p: Float = -5.70498872745e-3
  p = Float(2.06390887954e-2).addingProduct(p, square)
  p = Float(-5.37397155531e-2).addingProduct(p, square)
  p = Float(1.33314422036e-1).addingProduct(p, square)
  p = Float(-3.33332819422e-1).addingProduct(p, square)
  let near = x.addingProduct(p * square, x)
  let far = 1 - 2 / (exponential(2 * abs(x)) + 1)
  let signed = x < 0 ? -far : far
  return abs(x) < 0.625 ? near : signed
}

/// ln(1 / (1 + e^-x)) = min(x, 0) - ln(1 + e^-|x|).
@inline(__always)
func logLogistic(_ x: Float) -> Float {
  (x < 0 ? x : 0) - logarithmOfOnePlus(exponential(-abs(x)))
}

/// erf x: an odd polynomial near zero, 1 - e^p with a polynomial p of |x| elsewhere (both minimax; the tail's is that of ln erfc).
@inline(__always)
func errorFunction(_ x: Float) -> Float {
  let size = abs(x)
  let square = x * x
  var p: Float = -5.96761703e-4
  p = Float(4.99119423e-3).addingProduct(p, square)
  p = Float(-2.67681349e-2).addingProduct(p, square)
  p = Float(1.12819925e-1).addingProduct(p, square)
  p = Float(-3.76125336e-1).addingProduct(p, square)
  p = Float(1.28379166e-1).addingProduct(p, square)
  let near = x.addingProduct(p, x)
  var q: Float = -1.72853470e-5
  q = Float(3.83197126e-4).addingProduct(q, size)
  let r = Float(2.42546219e-2).addingProduct(-3.88396438e-3, size)
  q = r.addingProduct(q, square)
  q = Float(-1.06777877e-1).addingProduct(q, size)
  q = Float(-6.34846687e-1).addingProduct(q, size)
  q = Float(-1.28717512e-1).addingProduct(q, size)
  q = (-size).addingProduct(q, size)
  let tail = 1 - exponential(q)
  return size > 0.927734375 ? (x < 0 ? -tail : tail) : near
}
