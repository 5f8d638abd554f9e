/// What is wrong with the English of a text, as far as letters and pairs of words show it.
func textFaults(_ text: String) -> [String] {
  characterFaults(Array(text.utf8)) + wordFaults(text) + quotationFaults(text)
}

private func characterFaults(_ bytes: [UInt8]) -> [String] {
  var faults: [String] = []
  let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ,.!?'\"\n".utf8)
  if let strange = bytes.first(where: { !allowed.contains($0) }) {
    faults.append("the character \(Character(Unicode.Scalar(strange)))")
  }
  let stops = Set(",.!?".utf8)
  for (index, byte) in bytes.enumerated().dropFirst() {
    let last = bytes[index - 1]
    if last == 32, byte == 32 || byte == 10 || stops.contains(byte) { faults.append("a stray space at \(index)") }
    if stops.contains(last), stops.contains(byte) { faults.append("doubled punctuation at \(index)") }
    if stops.contains(last), (65...122).contains(byte) { faults.append("no space after punctuation at \(index)") }
  }
  if bytes.last != UInt8(ascii: "."), bytes.last != UInt8(ascii: "!"), bytes.last != UInt8(ascii: "\"") {
    faults.append("no full stop at the end")
  }
  return faults
}

private let prepositions = Set(
  ["to", "with", "for", "from", "at", "met", "gave", "thanked", "hugged", "helped", "told", "behind"])
private let subjects = Set(["he", "she", "they"])
private let plurals = Set(["boots", "mittens"])

private func wordFaults(_ text: String) -> [String] {
  var faults: [String] = []
  for paragraph in text.split(separator: "\n") {
    var last = ""
    for piece in paragraph.split(separator: " ") {
      let isStart =
        last.isEmpty || last.hasSuffix(".") || last.hasSuffix("!\"") == false && last.hasSuffix("!")
        || last.hasSuffix("?") || last.hasSuffix(".\"")
      let word = piece.trimmed
      if isStart || piece.hasPrefix("\""), let first = word.first, !first.isUppercase {
        faults.append("a sentence that starts with \(word)")
      }
      let plain = word.lowercased()
      let before = last.trimmed.lowercased()
      let pair = "\(last) \(piece)"
      if last == "and," { faults.append(pair) }
      let touches = !isStart && last.last?.isLetter == true && piece.first?.isLetter == true
      if touches {
        if ["a", "an"].contains(before), before != article(plain) { faults.append(pair) }
        if before == plain, plain != "had" { faults.append(pair) }
        if prepositions.contains(before), subjects.contains(plain) { faults.append(pair) }
        if plurals.contains(before), ["was", "is"].contains(plain) { faults.append(pair) }
        if before == "one", plain.hasSuffix("s") { faults.append(pair) }
        if before == "the", subjects.contains(plain) || word.first?.isUppercase == true { faults.append(pair) }
      }
      last = String(piece)
    }
  }
  return faults
}

private let articles = ["honest": "an", "honor": "an", "hour": "an", "useful": "a", "unicorn": "a", "one": "a"]

/// The article of a word, whose first letter shows it but for a few.
private func article(_ word: String) -> String {
  articles[word] ?? (word.first.map("aeiou".contains) ?? false ? "an" : "a")
}

private func quotationFaults(_ text: String) -> [String] {
  text.split(separator: "\n").compactMap { paragraph in
    let marks = paragraph.count { $0 == "\"" }
    return marks.isMultiple(of: 2) ? nil : "an open quotation in: \(paragraph)"
  }
}

extension StringProtocol {
  /// The word without the punctuation around it.
  fileprivate var trimmed: String {
    String(self.drop { !$0.isLetter }.reversed().drop { !$0.isLetter }.reversed())
  }
}
