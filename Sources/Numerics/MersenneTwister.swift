/// The generator behind Python's `random.Random`, with what the evaluation harness draws by it: the same numbers from the same
/// seed.
///
/// Source: Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform pseudorandom number
/// generator", 1998, with their `init_by_array` of 2002; CPython's `Lib/random.py` for the draws.
public struct MersenneTwister: Sendable {
  private var state = [UInt32](repeating: 0, count: Self.size)
  private var index = Self.size

  private static let (size, middle) = (624, 397)

  /// The generator of `random.Random(seed)`.
  public init(seed: UInt64) {
    let key = seed < 1 << 32 ? [UInt32(seed)] : [UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32)]
    fill(from: 19_650_218)
    var (i, j) = (1, 0)
    func previous() -> UInt32 { state[i - 1] ^ (state[i - 1] >> 30) }
    func advance() {
      i += 1
      if i == Self.size { (state[0], i) = (state[Self.size - 1], 1) }
    }
    for _ in 0..<Self.size {
      state[i] = (state[i] ^ (previous() &* 1_664_525)) &+ key[j] &+ UInt32(j)
      j = (j + 1) % key.count
      advance()
    }
    for _ in 1..<Self.size {
      state[i] = (state[i] ^ (previous() &* 1_566_083_941)) &- UInt32(i)
      advance()
    }
    state[0] = 0x8000_0000
  }

  private mutating func fill(from seed: UInt32) {
    state[0] = seed
    for i in 1..<Self.size {
      state[i] = 1_812_433_253 &* (state[i - 1] ^ (state[i - 1] >> 30)) &+ UInt32(i)
    }
  }

  /// The next 32 random bits.
  public mutating func next() -> UInt32 {
    if index == Self.size { regenerate() }
    var y = state[index]
    index += 1
    y ^= y >> 11
    y ^= (y << 7) & 0x9d2c_5680
    y ^= (y << 15) & 0xefc6_0000
    return y ^ (y >> 18)
  }

  private mutating func regenerate() {
    state.withUnsafeMutableBufferPointer { state in
      for i in 0..<Self.size {
        let y = (state[i] & 0x8000_0000) | (state[(i + 1) % Self.size] & 0x7fff_ffff)
        state[i] = state[(i + Self.middle) % Self.size] ^ (y >> 1) ^ (y & 1 == 0 ? 0 : 0x9908_b0df)
      }
    }
    index = 0
  }

  /// `random()`: a number from [0, 1) of 53 bits.
  public mutating func uniform() -> Double {
    let (high, low) = (next() >> 5, next() >> 6)
    return (Double(high) * 67_108_864 + Double(low)) / 9_007_199_254_740_992
  }

  /// `_randbelow`: a number from 0 up to `bound`, which is positive.
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0 && bound < 1 << 32, "no number below \(bound)")
    let bits = Int.bitWidth - bound.leadingZeroBitCount
    while true {
      let number = Int(next() >> UInt32(32 - bits))
      if number < bound { return number }
    }
  }

  /// `sample(range(population), count)`.
  public mutating func sample(_ count: Int, of population: Int) -> [Int] {
    precondition(count >= 0 && count <= population, "cannot draw \(count) of \(population)")
    // Python chooses between its two ways by the size of their tables; they draw different numbers.
    var threshold = 21
    if count > 5 {
      var table = 1
      while table < count * 3 { table *= 4 }
      threshold += table
    }
    if population > threshold { return distinct(count, below: population) }
    var pool = Array(0..<population)
    return (0..<count).map { drawn in
      let place = below(population - drawn)
      defer { pool[place] = pool[population - drawn - 1] }
      return pool[place]
    }
  }

  private mutating func distinct(_ count: Int, below population: Int) -> [Int] {
    var drawn: [Int] = []
    while drawn.count < count {
      let number = below(population)
      if !drawn.contains(number) { drawn.append(number) }
    }
    return drawn
  }
}
