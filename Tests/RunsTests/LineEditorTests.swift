import Runs
import Testing

@Suite struct EditedLineTests {
  /// The line after some keys, with a bar where the cursor is.
  private func line(_ keys: [Key], history: [String] = []) -> String {
    var line = EditedLine(history: history)
    for key in keys { line.press(key) }
    return String(line.characters[..<line.cursor]) + "|" + String(line.characters[line.cursor...])
  }

  private func typed(_ text: String) -> [Key] { text.map { .character($0) } }

  @Test func keysEditTheLine() {
    #expect(line(typed("héllo") + [.left, .left, .backspace, .character("L")]) == "héL|lo")
    #expect(line(typed("ab") + [.home, .delete, .right, .right, .delete, .backspace, .backspace]) == "|")
    #expect(line(typed("one two  ") + [.deleteWord]) == "one |")
    #expect(line(typed("one two three") + [.wordLeft, .wordLeft, .deleteToEnd, .character("x")]) == "one x|")
    #expect(line(typed("one two") + [.home, .wordRight, .deleteToStart]) == "| two")
    #expect(line(typed("a") + [.enter, .interrupt, .unknown, .clearScreen, .left, .left]) == "|a")
  }

  @Test func earlierLinesComeBackAndTheNewOneToo() {
    let history = ["first", "second"]
    #expect(line(typed("new") + [.up], history: history) == "second|")
    #expect(line(typed("new") + [.up, .up, .up, .up], history: history) == "first|")
    #expect(line(typed("new") + [.up, .up, .down, .character("s")], history: history) == "seconds|")
    #expect(line(typed("new") + [.up, .down, .down], history: history) == "new|")
  }

  @Test func marksTakeNoColumns() {
    let columns: [(Character, Int)] = [
      ("a", 1), ("é", 1), ("e\u{301}", 1), ("\u{301}", 0), ("\u{200D}", 0), ("日", 2), ("한", 2), ("กี", 1), ("🇩🇪", 2),
      ("👩‍👧", 2),
    ]
    for (character, count) in columns { #expect(character.columns == count, "\(character)") }
    // Typed after its letter: the cursor stands behind what is shown.
    var line = EditedLine()
    for scalar in "กี".unicodeScalars { line.press(.character(Character(scalar))) }
    #expect(shown(line, 9) == "กี, 1")
  }

  @Test func aLineIsCutByItsColumns() {
    #expect("sample".fitting(columns: 6) == "sample")
    #expect("samples".fitting(columns: 6) == "sampl…")
    #expect("日本語".fitting(columns: 6) == "日本語" && "日本語".fitting(columns: 5) == "日本…")
    #expect("a\tb\u{1B}".fitting(columns: 5) == "a b^[" && "ab".fitting(columns: 0) == "…")
  }

  @Test func aLongLineIsShownAroundTheCursor() {
    var line = EditedLine()
    for character in "0123456789" { line.press(.character(character)) }
    #expect(shown(line, 20) == "0123456789, 10")
    #expect(shown(line, 5) == "6789, 4")
    line.press(.home)
    #expect(shown(line, 5) == "0123, 0")
    // Wide characters take two columns; newlines of pasted text are signs.
    var wide = EditedLine()
    for character in "日本\n語" { wide.press(.character(character)) }
    #expect(shown(wide, 20) == "日本↵語, 7")
    #expect(shown(wide, 5) == "↵語, 3")
  }

  /// A line is shown at each key, also while a book is pasted.
  @Test func aLineIsShownAsFastAsAShortOne() {
    var line = EditedLine()
    for _ in 0..<200_000 { line.press(.character("x")) }
    let time = ContinuousClock().measure {
      for _ in 0..<1000 { #expect(line.visible(columns: 80).cursor == 79) }
    }
    #expect(time < .seconds(2), "\(time)")
  }

  private func shown(_ line: EditedLine, _ columns: Int) -> String {
    let visible = line.visible(columns: columns)
    return "\(visible.text), \(visible.cursor)"
  }
}

@Suite struct KeyDecoderTests {
  private func keys(_ text: String) -> [Key] { keys(Array(text.utf8)) }

  private func keys(_ bytes: [UInt8]) -> [Key] {
    var (rest, decoder, keys) = (bytes[...], KeyDecoder(), [Key]())
    while let key = decoder.key({ _ in rest.popFirst() }) { keys.append(key) }
    return keys
  }

  @Test func bytesBecomeKeys() {
    #expect(keys("aé日🙂") == ["a", "é", "日", "🙂"].map { .character($0) })
    #expect(
      keys("\u{1}\u{3}\u{4}\u{5}\r\u{7F}\u{17}") == [
        .home, .interrupt, .endOfInput, .end, .enter, .backspace, .deleteWord,
      ])
    #expect(
      keys("\u{1B}[A\u{1B}OB\u{1B}[C\u{1B}[D\u{1B}[1;5C\u{1B}b\u{1B}[3~") == [
        .up, .down, .right, .left, .wordRight, .wordLeft, .delete,
      ])
    #expect(
      keys("\u{1B}[200~a\rb\u{1B}[201~\r") == [
        .unknown, .character("a"), .character("\n"), .character("b"), .unknown, .enter,
      ])
    // A file of Windows is pasted with both; two of either are two line ends.
    let pasted = keys("\u{1B}[200~a\r\nb\n\nc\r\rd\u{1B}[201~").compactMap { key -> Character? in
      if case .character(let character) = key { character } else { nil }
    }
    #expect(pasted == ["a", "\n", "b", "\n", "\n", "c", "\n", "\n", "d"])
    // What is no sequence and no text is nothing, and does not swallow what follows.
    #expect(keys([0xFF, 0x61]).last != nil && keys([0xC3]) == [.unknown] && keys("\u{1B}[99q") == [.unknown])
    #expect(keys("\u{1B}") == [.unknown])
  }
}
