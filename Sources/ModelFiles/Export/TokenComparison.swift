import Files
import Tokenizers

/// Compares the tokens of an exported model with the original's: what texts become, what each token is, where texts end.
///
/// Texts are made of the tokenizer's own tokens and merges (`ProbingTexts`). For GGUF llama.cpp's own algorithms are asked, too.
struct TokenComparison {
  private let stored: StoredModel
  private let other: StoredModel
  private let llamaCpp: LlamaCppTokenizer?
  private let assumesFormC: Bool

  init(_ stored: StoredModel, _ other: StoredModel, _ llamaCpp: LlamaCppTokenizer?, assumesFormC: Bool) {
    self.stored = stored
    self.other = other
    self.llamaCpp = llamaCpp
    self.assumesFormC = assumesFormC
  }

  /// - Throws: `.verification` naming what differs.
  func compare() throws(Failure) {
    guard let one = stored.tokenizer else { return }
    guard let another = other.tokenizer else { throw failure("the tokenizer is missing") }
    let texts = texts(one)
    try compareReader(one, another, texts)
    let retyped = llamaCpp?.tokens.retyped ?? []
    for id in 0..<Int32(one.vocabularySize)
    where one.token(id) != another.token(id)
      || (one.isSpecial(id) != another.isSpecial(id) && !retyped.contains(id))
    {
      throw failure("token \(id) is another")
    }
    if one.addsBeginningOfText != another.addsBeginningOfText { throw failure("the token that begins a text") }
    guard let llamaCpp else {
      let names = one.namedTokens
      if !names.isEmpty, names != another.namedTokens { throw failure("the tokens with a role") }
      if ends != Self.ends(other) { throw failure("the tokens that end a text") }
      return
    }
    try compareTexts(one, llamaCpp, texts)
    try compareBounds(one, llamaCpp)
  }

  /// What llama.cpp does besides, a line each.
  var notes: [String] {
    guard let llamaCpp, stored.tokenizer != nil else { return [] }
    let more = llamaCpp.tokens.ends.filter { !ends.contains($0) }.map { llamaCpp.tokens.texts[Int($0)] }
    return more.isEmpty ? [] : ["llama.cpp knows by name, and also ends a text at: \(more.joined(separator: ", "))"]
  }

  private var ends: [Int32] { Self.ends(stored) }

  private static func ends(_ stored: StoredModel) -> [Int32] {
    var ends: [Int32] = []
    for id in stored.endTokens ?? stored.tokenizer?.endOfText.map({ [$0] }) ?? [] where !ends.contains(id) {
      ends.append(id)
    }
    return ends
  }

  private func failure(_ what: String, _ notes: [String] = []) -> Failure {
    Failure(.verification, "the export reads back differently: \(what)", at: other.path, notes: notes)
  }

  // MARK: Texts

  private func texts(_ tokenizer: Tokenizer) -> [String] {
    let texts = ProbingTexts(tokenizer).texts
    return assumesFormC ? texts.filter(Self.isFormC) : texts
  }

  private static func isFormC(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    let composed = bytes.withUnsafeBufferPointer { Normalization([.form(.nfc)]).applied(to: $0) }
    return composed.map { $0 == bytes } ?? true
  }

  private static let modes: [(special: Tokenizer.SpecialTokens, parses: Bool)] = [(.parse, true), (.none, false)]

  /// What our own reader makes of the file.
  private func compareReader(_ one: Tokenizer, _ another: Tokenizer, _ texts: [String]) throws(Failure) {
    if llamaCpp != nil { return }
    for text in texts {
      try StopRequest.check()
      for mode in Self.modes {
        let (ids, others) = (one.encode(text, special: mode.special), another.encode(text, special: mode.special))
        if ids == others { continue }
        throw failure(
          "the tokenizer encodes \(text.debugDescription) to other ids",
          ["the model's: \(ids)", "the export's: \(others)"])
      }
    }
  }

  /// What llama.cpp makes of it. Without special tokens it takes some for others than the model's tokenizer does: texts with
  /// them are compared with special tokens alone.
  private func compareTexts(_ one: Tokenizer, _ llamaCpp: LlamaCppTokenizer, _ texts: [String]) throws(Failure) {
    let retyped = llamaCpp.tokens.retyped.map { llamaCpp.tokens.texts[Int($0)] }
    for mode in Self.modes {
      func differs(_ text: String) -> Bool {
        if !mode.parses, retyped.contains(where: { text.contains($0) }) { return false }
        return one.encode(text, special: mode.special) != llamaCpp.encode(text, parsesSpecial: mode.parses)
      }
      guard let text = texts.first(where: differs).map({ Self.shortened($0, while: differs) }) else { continue }
      var notes = [
        "the model's tokenizer: \(one.encode(text, special: mode.special))",
        "llama.cpp: \(llamaCpp.encode(text, parsesSpecial: mode.parses))",
      ]
      if one.normalization.steps == [.form(.nfc)], !Self.isFormC(text) {
        notes.append("llama.cpp does not compose characters: --form-c exports for texts that are composed already")
      }
      throw Failure(
        .verification, "llama.cpp would encode \(text.debugDescription) to other ids", at: other.path, notes: notes)
    }
  }

  /// The text without the characters that do not matter.
  private static func shortened(_ text: String, while differs: (String) -> Bool) -> String {
    var scalars = Array(text.unicodeScalars)
    var index = 0
    while index < scalars.count, scalars.count > 1 {
      var fewer = scalars
      fewer.remove(at: index)
      var view = String.UnicodeScalarView()
      view.append(contentsOf: fewer)
      if differs(String(view)) { (scalars, index) = (fewer, 0) } else { index += 1 }
    }
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  // MARK: Bounds

  /// Where texts begin and end in llama.cpp. It always has a token for both, by default one that has another meaning.
  private func compareBounds(_ one: Tokenizer, _ llamaCpp: LlamaCppTokenizer) throws(Failure) {
    let tokens = llamaCpp.tokens
    func name(_ id: Int32) -> String {
      "\(String(decoding: one.token(id) ?? [], as: UTF8.self).debugDescription) (\(id))"
    }
    if let missing = ends.first(where: { !tokens.ends.contains($0) }) {
      throw Failure(
        .verification, "llama.cpp would not end a text at \(name(missing))", at: other.path,
        notes: ["GGUF has keys for three tokens that end a text; llama.cpp knows others by their names alone"])
    }
    if tokens.hasDefaultEnd, let end = tokens.ends.first, !ends.contains(end) {
      throw Failure(
        .verification, "the model has no token that ends a text, and llama.cpp would take \(name(end))", at: other.path,
        notes: ["name one: \"eos_token_id\" in a folder's generation_config.json"])
    }
    let beginning = one.beginningOfText ?? stored.beginningToken
    if llamaCpp.addsBeginning != one.addsBeginningOfText || (llamaCpp.addsBeginning && tokens.beginning != beginning) {
      throw failure("the token that begins a text")
    }
    if beginning == nil, stored.chatTemplate.contains("bos_token"), let id = tokens.beginning {
      throw Failure(
        .verification, "the chat template has bos_token, and llama.cpp would take \(name(id)) for it", at: other.path,
        notes: ["the model has no token that begins a text: name one, or leave it out of the template"])
    }
  }
}
