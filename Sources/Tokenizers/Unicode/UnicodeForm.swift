/// A normalisation form of Unicode Standard Annex 15, by the tables of `NormalizationData`.
///
/// Foundation's composition is wrong beyond the basic plane (it sees U+20041 as U+0041), and it normalises by another
/// version of Unicode on every machine.
package enum UnicodeForm: String, Sendable, CaseIterable {
  case nfc = "NFC"
  case nfd = "NFD"
  case nfkc = "NFKC"
  case nfkd = "NFKD"

  private var isComposed: Bool { self == .nfc || self == .nfkc }
  private var tables: NormalizationTables { self == .nfc || self == .nfd ? .canonical : .compatible }

  /// The text in this form, nil when it is in it already. Bytes that are no UTF-8 stay as they are.
  ///
  /// Only stretches around scalars that are not inert are normalised; each begins with the inert scalar before them, which
  /// they may combine with.
  func applied(to text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    guard let first = text.firstIndex(where: { $0 >= 0x80 }) else { return nil }
    let tables = tables
    let inert = isComposed ? tables.inertWhenComposed : tables.inertWhenDecomposed
    var result: [UInt8]?
    var copied = 0
    var index = first
    var before = max(first - 1, 0)
    while index < text.count {
      guard let (scalar, length) = text.scalar(at: index) else {
        index += 1
        before = index
        continue
      }
      if inert[scalar] {
        before = index
        index += length
        continue
      }
      index += length
      while index < text.count, let (next, length) = text.scalar(at: index), !inert[next] { index += length }
      result = result ?? []
      result?.append(contentsOf: text[copied..<before])
      append(UnsafeBufferPointer(rebasing: text[before..<index]), tables, to: &result!)
      copied = index
      before = index
    }
    result?.append(contentsOf: text[copied...])
    return result
  }

  /// Appends a stretch of well-formed text in this form.
  private func append(_ stretch: UnsafeBufferPointer<UInt8>, _ tables: NormalizationTables, to result: inout [UInt8]) {
    var scalars: [NormalizationTables.Classified] = []
    var index = 0
    while index < stretch.count, let (scalar, length) = stretch.scalar(at: index) {
      tables.appendDecomposition(of: scalar, to: &scalars)
      index += length
    }
    tables.order(&scalars)
    if isComposed { tables.compose(&scalars) }
    for scalar in scalars { result.append(contentsOf: UTF8.encode(Unicode.Scalar(scalar.value)!)!) }
  }
}

/// Looks up what the forms need.
struct NormalizationTables: Sendable {
  struct Classified {
    var value: UInt32
    /// The canonical combining class.
    var combiningClass: UInt8
  }

  /// A set of scalars. Those above the tables are in it.
  struct ScalarFlags: Sendable {
    fileprivate var words = [UInt64](repeating: .max, count: 0x30000 / 64)

    subscript(scalar: UInt32) -> Bool { scalar >= 0x30000 || words[Int(scalar >> 6)] >> UInt64(scalar & 63) & 1 == 1 }

    fileprivate mutating func remove(_ scalar: UInt32) { words[Int(scalar >> 6)] &= ~(1 << UInt64(scalar & 63)) }
  }

  static let canonical = NormalizationTables(compatible: false)
  static let compatible = NormalizationTables(compatible: true)

  /// Scalars that neither change nor combine with what is before them in NFD and NFKD.
  private(set) var inertWhenDecomposed = ScalarFlags()
  /// The same for NFC and NFKC.
  private(set) var inertWhenComposed = ScalarFlags()
  private var decompositions: [UInt32: [UInt32]] = [:]
  private var compositions: [UInt64: UInt32] = [:]
  private var classes: [UInt32: UInt8] = [:]

  private init(compatible: Bool) {
    readClasses()
    readCompositions()
    if compatible { readDecompositions(NormalizationData.compatibilityDecompositions) }
    for scalar in classes.keys {
      inertWhenComposed.remove(scalar)
      inertWhenDecomposed.remove(scalar)
    }
    for scalar in decompositions.keys { inertWhenDecomposed.remove(scalar) }
    for scalar in Hangul.syllables { inertWhenDecomposed.remove(scalar) }
    for scalar in Array(Hangul.vowels) + Array(Hangul.finals) { inertWhenComposed.remove(scalar) }
    // What decomposes to something that is not composed again, at once or by its parts, changes.
    for scalar in decompositions.keys {
      var parts: [Classified] = []
      appendDecomposition(of: scalar, to: &parts)
      order(&parts)
      compose(&parts)
      if parts.count != 1 || parts[0].value != scalar { inertWhenComposed.remove(scalar) }
    }
  }

  private mutating func readClasses() {
    var end: UInt32 = 0
    for entry in NormalizationData.combiningClasses.split(whereSeparator: \.isWhitespace) {
      let numbers = entry.split { $0 == "+" || $0 == "." }.map { UInt32($0, radix: 16)! }
      let start = end + numbers[0]
      end = start + numbers[1]
      for scalar in start..<end { classes[scalar] = UInt8(numbers[2]) }
    }
  }

  private mutating func readCompositions() {
    for (scalar, parts, composes) in Self.entries(of: NormalizationData.decompositions) {
      decompositions[scalar] = parts
      guard composes else { continue }
      compositions[UInt64(parts[0]) << 32 | UInt64(parts[1])] = scalar
      inertWhenComposed.remove(parts[1])
    }
  }

  private mutating func readDecompositions(_ text: String) {
    for (scalar, parts, _) in Self.entries(of: text) { decompositions[scalar] = parts }
  }

  private static func entries(of text: String) -> [(scalar: UInt32, parts: [UInt32], composes: Bool)] {
    var scalar: UInt32 = 0
    return text.split(whereSeparator: \.isWhitespace).map { entry in
      let halves = entry.split(separator: "+")
      scalar += halves.count == 2 ? UInt32(halves[0], radix: 16)! : 1
      let isExcluded = entry.last == "!"
      let parts = (isExcluded ? halves.last!.dropLast() : halves.last!).split(separator: ".")
      return (scalar, parts.map { UInt32($0, radix: 16)! }, !isExcluded)
    }
  }

  // MARK: The algorithm

  private enum Hangul {
    static let syllables: ClosedRange<UInt32> = 0xAC00...0xD7A3
    static let leading: ClosedRange<UInt32> = 0x1100...0x1112
    static let vowels: ClosedRange<UInt32> = 0x1161...0x1175
    static let finals: ClosedRange<UInt32> = 0x11A8...0x11C2
  }

  /// Appends the full decomposition of a scalar.
  func appendDecomposition(of scalar: UInt32, to result: inout [Classified]) {
    if Hangul.syllables.contains(scalar) {
      let index = scalar - Hangul.syllables.lowerBound
      result.append(Classified(value: Hangul.leading.lowerBound + index / (21 * 28), combiningClass: 0))
      result.append(Classified(value: Hangul.vowels.lowerBound + index / 28 % 21, combiningClass: 0))
      let final = index % 28
      if final > 0 { result.append(Classified(value: Hangul.finals.lowerBound + final - 1, combiningClass: 0)) }
    } else if let parts = decompositions[scalar] {
      for part in parts { appendDecomposition(of: part, to: &result) }
    } else {
      result.append(Classified(value: scalar, combiningClass: classes[scalar] ?? 0))
    }
  }

  /// Orders each run of combining scalars by their classes.
  func order(_ scalars: inout [Classified]) {
    var start = 0
    while start < scalars.count {
      var end = start
      var isOrdered = true
      while end < scalars.count, scalars[end].combiningClass != 0 {
        if end > start, scalars[end - 1].combiningClass > scalars[end].combiningClass { isOrdered = false }
        end += 1
      }
      if !isOrdered {
        let sorted = scalars[start..<end].enumerated().sorted {
          ($0.element.combiningClass, $0.offset) < ($1.element.combiningClass, $1.offset)
        }
        scalars.replaceSubrange(start..<end, with: sorted.map(\.element))
      }
      start = end + 1
    }
  }

  /// Composes what is decomposed and ordered: each scalar with the last starter before it, unless one between them has its
  /// class or is a starter.
  func compose(_ scalars: inout [Classified]) {
    var count = 0
    var starter = -1
    var lastClass = -1
    for scalar in scalars {
      let isFree = starter >= 0 && lastClass < Int(scalar.combiningClass)
      if isFree, let composed = composition(scalars[starter].value, scalar.value) {
        scalars[starter].value = composed
        continue
      }
      if scalar.combiningClass == 0 { starter = count }
      lastClass = scalar.combiningClass == 0 ? -1 : Int(scalar.combiningClass)
      scalars[count] = scalar
      count += 1
    }
    scalars.removeLast(scalars.count - count)
  }

  private func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if Hangul.leading.contains(first), Hangul.vowels.contains(second) {
      let index = (first - Hangul.leading.lowerBound) * 21 + second - Hangul.vowels.lowerBound
      return Hangul.syllables.lowerBound + index * 28
    }
    if Hangul.syllables.contains(first), (first - Hangul.syllables.lowerBound) % 28 == 0,
      Hangul.finals.contains(second)
    {
      return first + second - Hangul.finals.lowerBound + 1
    }
    return compositions[UInt64(first) << 32 | UInt64(second)]
  }
}
