/// What is pressed while a line is typed.
package enum Key: Sendable, Equatable {
  case character(Character)
  case enter, interrupt, endOfInput, suspend, clearScreen
  case left, right, wordLeft, wordRight, home, end
  case backspace, delete, deleteWord, deleteToStart, deleteToEnd
  case up, down
  /// A sequence that means nothing here.
  case unknown
}

/// A line while it is typed: its characters, the cursor, and the lines that were typed before it.
package struct EditedLine: Sendable {
  package private(set) var characters: [Character] = []
  /// The number of characters before the cursor.
  package private(set) var cursor = 0
  /// Earlier lines, the newest last.
  private let history: [String]
  /// Which of the earlier lines is shown, or their number for the new one.
  private var shown: Int
  /// The new line while an earlier one is shown.
  private var draft: [Character] = []

  package init(history: [String] = []) {
    self.history = history
    shown = history.count
  }

  package var text: String { String(characters) }

  /// Changes the line as a shell would; keys that end a line or say something to the terminal change nothing.
  package mutating func press(_ key: Key) {
    switch key {
    case .character(let character):
      characters.insert(character, at: cursor)
      cursor += 1
    case .left: cursor = max(0, cursor - 1)
    case .right: cursor = min(characters.count, cursor + 1)
    case .wordLeft: cursor = wordStart
    case .wordRight: cursor = wordEnd
    case .home: cursor = 0
    case .end: cursor = characters.count
    case .backspace: remove(max(0, cursor - 1)..<cursor)
    case .delete: remove(cursor..<min(characters.count, cursor + 1))
    case .deleteWord: remove(wordStart..<cursor)
    case .deleteToStart: remove(0..<cursor)
    case .deleteToEnd: remove(cursor..<characters.count)
    case .up: show(shown - 1)
    case .down: show(shown + 1)
    case .enter, .interrupt, .endOfInput, .suspend, .clearScreen, .unknown: break
    }
  }

  private mutating func remove(_ range: Range<Int>) {
    characters.removeSubrange(range)
    cursor = range.lowerBound
  }

  private mutating func show(_ index: Int) {
    guard 0...history.count ~= index, index != shown else { return }
    if shown == history.count { draft = characters }
    shown = index
    characters = index == history.count ? draft : Array(history[index])
    cursor = characters.count
  }

  /// Where the word begins that the cursor is in or behind.
  private var wordStart: Int {
    var place = cursor
    while place > 0, characters[place - 1].isWhitespace { place -= 1 }
    while place > 0, !characters[place - 1].isWhitespace { place -= 1 }
    return place
  }

  /// Where the word ends that the cursor is in or before.
  private var wordEnd: Int {
    var place = cursor
    while place < characters.count, characters[place].isWhitespace { place += 1 }
    while place < characters.count, !characters[place].isWhitespace { place += 1 }
    return place
  }

  /// The part of the line around the cursor that fits into `columns`, and the column of the cursor in it. Newlines, which come
  /// from pasted text, are shown as signs. Nothing else of the line is looked at: it may be a pasted book, and is shown at each key.
  package func visible(columns: Int) -> (text: String, cursor: Int) {
    func sign(_ index: Int) -> Character {
      let character = characters[index]
      return character.isNewline ? "↵" : character.isASCII && character.asciiValue! < 32 ? "·" : character
    }
    var start = cursor
    var before = 0
    // The cursor itself takes a column.
    while start > 0, before + sign(start - 1).columns < columns {
      start -= 1
      before += sign(start).columns
    }
    var (end, width) = (start, 0)
    while end < characters.count, width + sign(end).columns < columns {
      width += sign(end).columns
      end += 1
    }
    return (String((start..<end).map(sign)), before)
  }
}

extension Character {
  /// The columns that a terminal shows the character in: two for the wide ones of East Asia and for emoji, none for a mark that
  /// is typed after the letter that it stands on.
  package var columns: Int {
    guard let scalar = unicodeScalars.first?.value else { return 0 }
    let wide: [ClosedRange<UInt32>] = [
      0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1FAFF, 0x20000...0x3FFFD,
    ]
    if wide.contains(where: { $0.contains(scalar) }) { return 2 }
    let marks: Set<Unicode.GeneralCategory> = [.nonspacingMark, .enclosingMark, .format]
    return unicodeScalars.count { !marks.contains($0.properties.generalCategory) }
  }
}

extension String {
  /// The line as a terminal shows it in at most `columns`: what is too long ends in an ellipsis, tabs are spaces.
  package func fitting(columns: Int) -> String {
    let line = withVisibleControls.replacing("\t", with: " ")
    if line.reduce(0, { $0 + $1.columns }) <= columns { return line }
    var room = columns - 1
    let shown = line.prefix { character in
      room -= character.columns
      return room >= 0
    }
    return shown + "…"
  }
}
