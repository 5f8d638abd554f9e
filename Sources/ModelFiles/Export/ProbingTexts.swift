import Tokenizers

/// Texts on which two readings of a tokenizer are likely to differ, made of its own tokens and merges; the same for the same
/// tokenizer.
package struct ProbingTexts {
  /// The texts, the shortest first.
  package let texts: [String]

  /// How many tokens, merges and added tokens have texts made of them, at most.
  private static let tokenCount = 300, mergeCount = 300, addedCount = 48
  /// The longest text in bytes: llama.cpp's algorithms by themselves take the square of it.
  private static let longest = 512
  /// How many tokens that their own text does not lead to have texts of their own, at most.
  private static let oddCount = 2000

  package init(_ tokenizer: Tokenizer) {
    var texts = Self.usual + Self.characters + Self.pieces(tokenizer)
    texts += Self.merges(tokenizer) + Self.rivals(tokenizer) + Self.added(tokenizer) + Self.mixtures(tokenizer)
    var known = Set<[UInt8]>()
    self.texts = texts.filter { $0.utf8.count <= Self.longest && known.insert(Array($0.utf8)).inserted }
      .sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
  }

  /// Texts on which tokenizers tend to differ: cuts, spaces, digits, forms of Unicode.
  private static let usual = [
    "Hello, world!", " a  b   c\n\n\td \r\n", "I've 12345 apples, it's 3.14", "naïve café Ünïcödé", "日本語の文章 한국어",
    "🙂👩‍👩‍👧 émoji", "def f(x):\n    return x ** 2  # ok", "<|endoftext|><s></s>", "\u{0}\u{7F}", "", " ", "  ", "   ", "\n",
    "\n\n", " \n", "\n ", "\t\t", "a ", " a", "  a", "a  ", "a\n\nb", "1", "12", "123", "1234", "1 2", "x1y22z333",
    "'s'T'RE",
    "don't DON'T", "...!?", "a.b,c;d", "e\u{301}", "\u{212B}ngstro\u{308}m", "\u{1112}\u{1161}\u{11AB}", "\u{FB01}",
    "\u{2581}", "\u{2581}a\u{2581}b", " \u{2581} ", "\u{A0}", "\u{3000}", "\u{200D}", "<unk>", "<0x41>", "a\u{0}b",
  ]

  /// Characters by themselves: those of one byte, and some with each byte that longer ones have.
  private static let characters: [String] = {
    var values = Array(UInt32(0)..<0x80)
    for number in UInt32(0)..<64 {
      values += [0x80 + number, 0x100 + 64 * (number % 28), 0x800 + 0x3FF * number, 0x10000 + 0x3FFF * number]
    }
    return values.compactMap { Unicode.Scalar($0).map(String.init) }
  }()

  /// Every how manyth of `count` things is taken, so that at most `limit` are.
  private static func stride(_ count: Int, _ limit: Int) -> [Int] {
    Array(Swift.stride(from: 0, to: count, by: max(1, (count + limit - 1) / limit)))
  }

  /// The text of a token, nil when it is half a character or none.
  private static func text(_ id: Int32, _ tokenizer: Tokenizer) -> String? {
    tokenizer.token(id).flatMap { $0.isEmpty ? nil : String(validating: $0, as: UTF8.self) }
  }

  /// Tokens by themselves: those that their text does not lead to, as merges and whole pieces differ there, and others.
  private static func pieces(_ tokenizer: Tokenizer) -> [String] {
    var odd: [String] = []
    for id in 0..<Int32(tokenizer.vocabularySize) where odd.count < oddCount {
      guard let text = text(id, tokenizer), tokenizer.encode(text) != [id] else { continue }
      odd.append(text)
    }
    let others = stride(tokenizer.vocabularySize, tokenCount).compactMap { text(Int32($0), tokenizer) }
    return odd + others + others.map { " " + $0 } + others.map { $0 + " " }
  }

  /// The two sides of merges together, apart, the other way round, and with a side twice.
  private static func merges(_ tokenizer: Tokenizer) -> [String] {
    let pairs = tokenizer.mergePairs
    return stride(pairs.count, mergeCount).flatMap { rank -> [String] in
      guard let left = text(pairs[rank].left, tokenizer), let right = text(pairs[rank].right, tokenizer) else {
        return []
      }
      return [
        left + right, right + left, left + " " + right, left + left + right, left + right + right,
        String(left.dropLast()) + right, left + String(right.dropFirst()),
      ]
    }
  }

  /// Tokens that overlap by a character, so that either one or the other is made of what they share.
  private static func rivals(_ tokenizer: Tokenizer) -> [String] {
    var words: [[Unicode.Scalar]] = []
    for id in 0..<Int32(tokenizer.vocabularySize) {
      let word = text(id, tokenizer).map { Array($0.unicodeScalars) } ?? []
      if word.count > 1 { words.append(word) }
    }
    let byFirst = Dictionary(grouping: words.indices) { words[$0][0] }
    return stride(words.count, mergeCount).flatMap { index -> [String] in
      let rivals = byFirst[words[index].last!] ?? []
      return stride(rivals.count, 4).map { place in
        var view = String.UnicodeScalarView()
        view.append(contentsOf: words[index] + words[rivals[(place + index) % rivals.count]].dropFirst())
        return String(view)
      }
    }
  }

  /// Added tokens alone, twice, between letters and spaces, cut short, and overlapping with each other.
  private static func added(_ tokenizer: Tokenizer) -> [String] {
    let all = tokenizer.addedTokens
    let texts = stride(all.count, addedCount).map { all[$0].text }
    var result: [String] = []
    for text in texts {
      let (head, tail) = (String(text.dropLast()), String(text.dropFirst()))
      result += [text, "\(text)\(text)", "a\(text)b", " \(text) ", "\n\(text)\n", "a \(text) b"]
      result += [head, tail, "\(text)\(head)", text.lowercased(), text.uppercased()]
    }
    for one in texts {
      for other in texts {
        result.append(one + other)
        if let overlap = overlap(one, other) { result.append(one + overlap) }
      }
    }
    return result
  }

  /// What follows in `other` where it begins with the end of `one`, nil when it does not.
  private static func overlap(_ one: String, _ other: String) -> String? {
    let (one, other) = (Array(one), Array(other))
    for length in (1..<max(1, min(one.count, other.count))).reversed() where one.suffix(length) == other.prefix(length)
    {
      return String(other[length...])
    }
    return nil
  }

  /// A few tokens after one another.
  private static func mixtures(_ tokenizer: Tokenizer) -> [String] {
    let size = max(1, tokenizer.vocabularySize)
    return (0..<400).compactMap { number -> String? in
      var mixture = ""
      for part in 0..<2 + number % 3 {
        let place = number * 7919 + part * 104_729 + number * part * 31
        guard let text = text(Int32(place % size), tokenizer) else { return nil }
        mixture += text
      }
      return mixture
    }
  }
}
