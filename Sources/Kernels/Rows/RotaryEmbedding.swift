import Glibc

// Rotary position embedding (Su et al. 2021) in the rotate-half convention of Hugging Face's Llama: channel i of a head
// is paired with channel i + d / 2 and the pair is turned by the angle position * frequency[i].

/// cos and sin of position * frequency for the positions 0..<`positions`, [positions, frequencies] each.
package func rotaryAngles(
  cosines: UnsafeMutablePointer<Float>, sines: UnsafeMutablePointer<Float>, frequencies: [Double], positions: Int
) {
  let pairs = frequencies.count
  Parallel.forRanges(positions, grain: 256) { range in
    for position in range {
      for pair in 0..<pairs {
        let angle = Double(position) * frequencies[pair]
        cosines[position * pairs + pair] = Float(cos(angle))
        sines[position * pairs + pair] = Float(sin(angle))
      }
    }
  }
}

/// Turns the first `heads` heads of every row of x in place. x is [rows, stride], a head is `dimension` wide;
/// `cosines` and `sines` are [positions, dimension / 2]. `direction` -1 turns back, which is the gradient.
package func rotate(
  _ x: UnsafeMutablePointer<Float>, stride: Int, heads: Int, dimension: Int, positions: UnsafePointer<Int32>,
  cosines: UnsafePointer<Float>, sines: UnsafePointer<Float>, direction: Float, rows: Int
) {
  Profile.begin("rotary embedding", floats: 2 * rows * heads * dimension)
  defer { Profile.end() }
  let half = dimension / 2
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: heads * dimension)) { range in
    for row in range {
      let cosine = cosines + Int(positions[row]) * half
      let sine = sines + Int(positions[row]) * half
      fetch(x + (row + 1) * stride, heads * dimension)
      for head in 0..<heads {
        let first = x + row * stride + head * dimension
        let second = first + half
        for i in 0..<half {
          let a = first[i]
          let b = second[i]
          let s = sine[i] * direction
          first[i] = (a * cosine[i]).addingProduct(-b, s)
          second[i] = (b * cosine[i]).addingProduct(a, s)
        }
      }
    }
  }
}
