/// Finds the matches of a pattern in a text, which ends at the limit as far as the pattern is concerned.
///
/// Backtracking remembers, for each run, the last stretch of the run's set and the positions behind it from which nothing
/// matched: nothing that led nowhere is tried again, and a text of any kind takes time in proportion to its length.
struct PatternMatcher {
  private let pattern: Pattern
  private let text: PatternText
  private let limit: Int

  /// What to try when the way taken leads nowhere.
  private struct Alternative {
    var instruction: Int
    var position: Int
    /// For a run: the number of it, and the least position it may end at.
    var run = -1
    var floor = 0
    /// The position that was tried last, -1 for none.
    var tried = -1
  }
  private var alternatives: [Alternative] = []

  /// What is known of a run: where the stretch of its set ends, and between which ends of it nothing matches.
  private struct Memory {
    var stretch = 0..<0
    var lowestFailure = 1
    var highestFailure = 0

    mutating func fail(at position: Int, before next: Int) {
      if lowestFailure <= highestFailure, position < lowestFailure, next >= lowestFailure {
        lowestFailure = position
      } else if position < lowestFailure || position > highestFailure {
        lowestFailure = position
        highestFailure = position
      }
    }

    func fails(at position: Int) -> Bool { position >= lowestFailure && position <= highestFailure }
  }
  private var memories: [Memory]

  init(_ pattern: Pattern, _ text: PatternText, limit: Int) {
    self.pattern = pattern
    self.text = text
    self.limit = limit
    memories = [Memory](repeating: Memory(), count: pattern.runCount)
  }

  /// The first match that begins at or after `position`. It is not empty.
  mutating func next(from position: Int) -> Range<Int>? {
    var position = position
    while position < limit {
      if let end = end(ofMatchAt: position) { return position..<end }
      position += text.scalar(at: position).length
    }
    return nil
  }

  private mutating func end(ofMatchAt start: Int) -> Int? {
    alternatives.removeAll(keepingCapacity: true)
    var instruction = 0
    var position = start
    while true {
      var isPossible = true
      switch pattern.instructions[instruction] {
      case .match: return position
      case .set(let set):
        isPossible = take(set, &position)
        instruction += 1
      case .split(let other):
        alternatives.append(Alternative(instruction: other, position: position))
        instruction += 1
      case .jump(let target): instruction = target
      case .run(let run):
        isPossible = take(run, &position, instruction + 1)
        instruction += 1
      case .lookahead(let end, let isNegative):
        isPossible = matches(instruction + 1, at: position) != isNegative
        instruction = end
      case .lineEnd:
        isPossible = isLineEnd(position)
        instruction += 1
      }
      if isPossible { continue }
      guard let (another, place) = nextAlternative() else { return nil }
      (instruction, position) = (another, place)
    }
  }

  @inline(__always)
  private func take(_ set: Int, _ position: inout Int) -> Bool {
    guard position < limit else { return false }
    let (value, length) = text.scalar(at: position)
    guard pattern.sets[set].contains(value) else { return false }
    position += length
    return true
  }

  private func isLineEnd(_ position: Int) -> Bool { position == limit || text.scalar(at: position).value == 0x0A }

  /// Takes as much as a run can; ends before that become alternatives.
  private mutating func take(_ run: Pattern.Run, _ position: inout Int, _ instruction: Int) -> Bool {
    var floor = position
    var count = 0
    while count < run.minimum {
      guard take(run.set, &floor) else { return false }
      count += 1
    }
    var end = floor
    if run.maximum == .max {
      if memories[run.number].stretch.contains(end) {
        end = memories[run.number].stretch.upperBound
      } else {
        memories[run.number].stretch = stretch(of: run.set, from: end, known: memories[run.number].stretch)
        end = memories[run.number].stretch.upperBound
      }
    } else {
      while count < run.maximum, take(run.set, &end) { count += 1 }
    }
    if run.isPossessive || end == floor {
      position = end
      return true
    }
    // The greatest end is the first alternative: this way leads nowhere, so that it is tried.
    alternatives.append(Alternative(instruction: instruction, position: end, run: run.number, floor: floor))
    return false
  }

  private func stretch(of set: Int, from begin: Int, known: Range<Int>) -> Range<Int> {
    var end = begin
    while end < limit {
      if end == known.lowerBound, !known.isEmpty { return begin..<known.upperBound }
      let (value, length) = text.scalar(at: end)
      if !pattern.sets[set].contains(value) { break }
      end += length
    }
    return begin..<end
  }

  /// The latest way that has not been tried, and where it goes on.
  private mutating func nextAlternative() -> (instruction: Int, position: Int)? {
    while let last = alternatives.last {
      guard last.run >= 0 else {
        alternatives.removeLast()
        return (last.instruction, last.position)
      }
      if last.tried >= 0 {
        memories[last.run].fail(at: last.tried, before: last.tried + text.scalarLength(at: last.tried, limit))
      }
      let memory = memories[last.run]
      var position = last.position
      if memory.fails(at: position) { position = before(memory.lowestFailure, last.floor) }
      guard position >= last.floor else {
        alternatives.removeLast()
        continue
      }
      alternatives[alternatives.count - 1].tried = position
      alternatives[alternatives.count - 1].position = before(position, last.floor)
      return (last.instruction, position)
    }
    return nil
  }

  /// The position of the scalar before `position`, or something less than `floor`.
  private func before(_ position: Int, _ floor: Int) -> Int {
    position <= floor ? floor - 1 : position - text.length(before: position, from: floor)
  }

  /// Whether the instructions from `first` on, which are simple, match at `position`.
  private func matches(_ first: Int, at position: Int) -> Bool {
    var instruction = first
    var position = position
    while true {
      switch pattern.instructions[instruction] {
      case .set(let set):
        guard take(set, &position) else { return false }
        instruction += 1
      case .split(let other):
        if matches(instruction + 1, at: position) { return true }
        instruction = other
      case .jump(let target): instruction = target
      case .lineEnd:
        guard isLineEnd(position) else { return false }
        instruction += 1
      case .match: return true
      case .run, .lookahead: preconditionFailure("no simple pattern")
      }
    }
  }
}

extension PatternText {
  /// The length of the scalar at `index`, 1 at the limit.
  fileprivate func scalarLength(at index: Int, _ limit: Int) -> Int { index < limit ? scalar(at: index).length : 1 }
}
