/// A regular expression that cuts text into pieces, as Oniguruma matches it: the leftmost match, and of those that begin
/// there the first that backtracking finds.
///
/// Only sets are repeated, so that a match is found in time that grows with the text's length, whatever the text is; see
/// `PatternMatcher`.
struct Pattern: Sendable {
  enum Instruction: Sendable {
    /// Takes one scalar of the set.
    case set(Int)
    /// Goes on behind this, and with the other instruction if that leads nowhere.
    case split(other: Int)
    case jump(Int)
    /// Takes scalars of a set. `run` numbers the runs.
    case run(Run)
    /// Goes on if the instructions up to `end` match here, or do not.
    case lookahead(end: Int, isNegative: Bool)
    case lineEnd
    case match
  }

  struct Run: Sendable {
    var number: Int
    var set: Int
    var minimum: Int
    var maximum: Int
    var isPossessive: Bool
  }

  /// The text it was read from; empty for what is no regular expression in files.
  let source: String
  private(set) var instructions: [Instruction] = []
  private(set) var sets: [ScalarSet] = []
  private(set) var runCount = 0

  init(_ source: String) throws(PatternError) {
    self.source = source
    append(try PatternParser.parse(source))
    instructions.append(.match)
  }

  /// A single scalar of a set.
  init(_ set: ScalarSet) {
    source = ""
    append(.set(set))
    instructions.append(.match)
  }

  /// A given text.
  init(text: some StringProtocol) {
    source = ""
    append(.sequence(text.unicodeScalars.map { .set(ScalarSet([$0.value...$0.value])) }))
    instructions.append(.match)
  }

  private mutating func append(_ node: PatternNode) {
    switch node {
    case .set(let set): instructions.append(.set(number(of: set)))
    case .sequence(let parts): for part in parts { append(part) }
    case .alternatives(let choices): append(choices)
    case .run(let set, let minimum, let maximum, let isPossessive):
      let run = Run(
        number: runCount, set: number(of: set), minimum: minimum, maximum: maximum, isPossessive: isPossessive)
      runCount += 1
      instructions.append(.run(run))
    case .optional(let node): append([node, .sequence([])])
    case .lookahead(let node, let isNegative):
      let place = instructions.count
      instructions.append(.lookahead(end: 0, isNegative: isNegative))
      append(node)
      instructions.append(.match)
      instructions[place] = .lookahead(end: instructions.count, isNegative: isNegative)
    case .lineEnd: instructions.append(.lineEnd)
    }
  }

  private mutating func append(_ choices: [PatternNode]) {
    var jumps: [Int] = []
    for choice in choices.dropLast() {
      let split = instructions.count
      instructions.append(.split(other: 0))
      append(choice)
      jumps.append(instructions.count)
      instructions.append(.jump(0))
      instructions[split] = .split(other: instructions.count)
    }
    append(choices.last!)
    for jump in jumps { instructions[jump] = .jump(instructions.count) }
  }

  private mutating func number(of set: ScalarSet) -> Int {
    sets.append(set)
    return sets.count - 1
  }
}

/// Text as patterns see it: scalars, or the characters of GPT-2's alphabet that stand for its bytes.
struct PatternText {
  let bytes: UnsafeBufferPointer<UInt8>
  var showsByteAlphabet = false

  /// What stands for a byte that is part of no scalar.
  private static let noScalar: UInt32 = 0xFFFF_FFFF

  /// The scalar that begins at `index`, and its length in bytes.
  @inline(__always)
  func scalar(at index: Int) -> (value: UInt32, length: Int) {
    let byte = bytes[index]
    if showsByteAlphabet { return (UInt32(ByteAlphabet.scalars[Int(byte)]), 1) }
    if byte < 0x80 { return (UInt32(byte), 1) }
    return bytes.scalar(at: index) ?? (Self.noScalar, 1)
  }

  /// The length of the scalar that ends before `end`.
  func length(before end: Int, from start: Int) -> Int {
    if showsByteAlphabet { return 1 }
    return bytes.scalar(endingAt: end).map { min($0.length, end - start) } ?? 1
  }
}
