import Glibc

// Rotary position embedding (Su et al. 2021) in the rotate-half convention of Hugging Face's Llama: channel i of a head
// is paired with channel i + d / 2 and the pair is rotated by the angle position * frequency[i].

/// The angles of the first positions: their cosines and sines, [positions, pairs] each.
package struct RotaryAngles {
  package let cosines: Buffer
  package let sines: Buffer
  package let pairs: Int

  package init(cosines: Buffer, sines: Buffer, pairs: Int) {
    (self.cosines, self.sines, self.pairs) = (cosines, sines, pairs)
  }
}

/// cos and sin of position * frequency for the positions 0..<`positions`, [positions, frequencies] each, times `amplitude`.
package func rotaryAngles(
  cosines: MutableBuffer, sines: MutableBuffer, frequencies: [Double], amplitude: Double = 1, positions: Int
) {
  let (cosines, sines, pairs) = (cosines.pointer, sines.pointer, frequencies.count)
  Parallel.forRanges(positions, grain: 256) { range in
    for position in range {
      for pair in 0..<pairs {
        let angle = Double(position) * frequencies[pair]
        cosines[position * pairs + pair] = Float(cos(angle) * amplitude)
        sines[position * pairs + pair] = Float(sin(angle) * amplitude)
      }
    }
  }
}

/// Rotates the first channels of the first `heads` heads of every row of x in place, two for each pair of angles, by the
/// angles of its position. A head has `dimension` channels. `direction` -1 rotates back, which is the gradient.
package func rotate(
  _ x: MutableMatrix, heads: Int, dimension: Int, positions: [Int32], _ angles: RotaryAngles, direction: Float
) {
  let half = angles.pairs
  Profile.begin("rotary embedding", floats: 2 * x.rows * heads * dimension)
  defer { Profile.end() }
  let (x, cosines, sines) = (x.raw, angles.cosines.pointer, angles.sines.pointer)
  positions.withUnsafeBufferPointer { positions in
    Parallel.forRanges(x.rows, grain: Parallel.rowGrain(columns: heads * dimension)) { range in
      for row in range {
        let cosine = cosines + Int(positions[row]) * half
        let sine = sines + Int(positions[row]) * half
        prefetch(x.at(row + 1, 0), heads * dimension)
        for head in 0..<heads {
          let first = x.at(row, head * dimension)
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
}
