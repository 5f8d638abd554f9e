/// A class of a scalar in a byte: its general category, and whether it is white space or part of a word.
///
/// The categories are those of the Unicode version of Swift's standard library.
struct ScalarClass: Sendable {
  static let spaceBit: UInt8 = 1 << 5
  static let wordBit: UInt8 = 1 << 6
  private static let unassigned: UInt8 = 29

  /// The class of every scalar below U+40000; what lies above is asked for one by one.
  private static let table: [UInt8] = (0..<0x40000).map(computed)

  @inline(__always)
  static func of(_ scalar: UInt32) -> UInt8 { scalar < 0x40000 ? table[Int(scalar)] : computed(scalar) }

  /// A value that is no scalar, such as a byte that is no UTF-8, is unassigned.
  private static func computed(_ value: UInt32) -> UInt8 {
    guard let properties = Unicode.Scalar(value)?.properties else { return unassigned }
    let category = properties.generalCategory.number
    var result = category
    if properties.isWhitespace { result |= spaceBit }
    // \w of Oniguruma.
    let isWord = [5, 6, 7, 8, 18].contains(category) || properties.isAlphabetic
    return isWord ? result | wordBit : result
  }

  /// The numbers of the general categories that `name` stands for: one (`Lu`), or all that begin with a letter (`L`).
  static func categories(named name: String) -> [UInt8]? {
    let found = names.indices.filter { names[$0] == name || name.utf8.count == 1 && names[$0].hasPrefix(name) }
    return found.isEmpty ? nil : found.map { UInt8($0) }
  }

  /// The general categories by number.
  private static let names = [
    "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Pc",
    "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Cc", "Cf", "Cs", "Co", "Cn",
  ]
}

extension Unicode.GeneralCategory {
  /// The place in `ScalarClass.names`.
  fileprivate var number: UInt8 {
    switch self {
    case .uppercaseLetter: 0
    case .lowercaseLetter: 1
    case .titlecaseLetter: 2
    case .modifierLetter: 3
    case .otherLetter: 4
    case .nonspacingMark: 5
    case .spacingMark: 6
    case .enclosingMark: 7
    case .decimalNumber: 8
    case .letterNumber: 9
    case .otherNumber: 10
    case .mathSymbol: 11
    case .currencySymbol: 12
    case .modifierSymbol: 13
    case .otherSymbol: 14
    case .spaceSeparator: 15
    case .lineSeparator: 16
    case .paragraphSeparator: 17
    case .connectorPunctuation: 18
    case .dashPunctuation: 19
    case .openPunctuation: 20
    case .closePunctuation: 21
    case .initialPunctuation: 22
    case .finalPunctuation: 23
    case .otherPunctuation: 24
    case .control: 25
    case .format: 26
    case .surrogate: 27
    case .privateUse: 28
    case .unassigned: 29
    @unknown default: 29
    }
  }
}

/// A set of scalars: classes and ranges, or everything but these.
struct ScalarSet: Sendable {
  private var classes: (UInt64, UInt64) = (0, 0)
  private var ranges: [ClosedRange<UInt32>] = []
  private(set) var isComplement = false
  /// Which ASCII scalars are in the set.
  private var ascii: (UInt64, UInt64) = (0, 0)

  init() {}

  init(_ ranges: [ClosedRange<UInt32>]) {
    for range in ranges { insert(range) }
  }

  mutating func insert(_ range: ClosedRange<UInt32>) {
    ranges.append(range)
    update()
  }

  /// Adds all scalars whose class satisfies `condition`.
  mutating func insert(where condition: (_ category: UInt8, _ isSpace: Bool, _ isWord: Bool) -> Bool) {
    for value in UInt8(0)..<128
    where condition(value & 31, value & ScalarClass.spaceBit != 0, value & ScalarClass.wordBit != 0) {
      if value < 64 { classes.0 |= 1 << UInt64(value) } else { classes.1 |= 1 << UInt64(value - 64) }
    }
    update()
  }

  /// Adds the scalars of another set, which is no complement.
  mutating func formUnion(_ other: ScalarSet) {
    classes.0 |= other.classes.0
    classes.1 |= other.classes.1
    ranges += other.ranges
    update()
  }

  var inverted: ScalarSet {
    var result = self
    result.isComplement.toggle()
    result.update()
    return result
  }

  private mutating func update() {
    ascii = (0, 0)
    for value in UInt32(0)..<128 where looksUp(value) {
      if value < 64 { ascii.0 |= 1 << UInt64(value) } else { ascii.1 |= 1 << UInt64(value - 64) }
    }
  }

  private func looksUp(_ scalar: UInt32) -> Bool {
    let value = ScalarClass.of(scalar)
    let bits = value < 64 ? classes.0 : classes.1
    let isMember = bits >> UInt64(value & 63) & 1 == 1 || ranges.contains { $0.contains(scalar) }
    return isMember != isComplement
  }

  @inline(__always)
  func contains(_ scalar: UInt32) -> Bool {
    if scalar < 128 { return (scalar < 64 ? ascii.0 : ascii.1) >> UInt64(scalar & 63) & 1 == 1 }
    return looksUp(scalar)
  }
}
