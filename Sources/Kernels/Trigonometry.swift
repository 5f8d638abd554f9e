import Glibc

/// cos x.
package func cosine(_ x: Double) -> Double { cos(x) }
/// sin x.
package func sine(_ x: Double) -> Double { sin(x) }
