import Files

extension Tokenizer {
  /// This tokenizer with further special tokens, which get the next ids; those it has already become special and keep
  /// theirs.
  ///
  /// - Throws: `Failure` when a token is empty, or cannot be told from a token of the vocabulary in `tokenizer.json`.
  public func adding(special texts: [String]) throws(Failure) -> Tokenizer {
    for text in texts where !addedTokens.contains(where: { $0.text.hasSameBytes(as: text) }) {
      if text.isEmpty { throw Failure(.tokenizer, "an added token is empty") }
      if let id = ordinaryID(ofToken: text) {
        throw Failure(
          .tokenizer, "\"\(text)\" cannot become a special token: it is an ordinary token already",
          notes: ["its id is \(id)"])
      }
    }
    return try marking(special: texts)
  }

  /// The same for tokens that files name: an ordinary token among them becomes special with the id it has.
  func marking(special texts: [String]) throws(Failure) -> Tokenizer {
    try adding(
      texts.map { text in
        var token = addedTokens.first { $0.text.hasSameBytes(as: text) } ?? AddedToken(text, id: Self.anyID)
        token.isSpecial = true
        return token
      })
  }

  /// The id of a token to be added that has none yet.
  package static let anyID: Int32 = -1

  /// This tokenizer with further tokens, as the crate `tokenizers` adds them: one with the text of a token keeps the id of
  /// that, and any other gets the next id.
  ///
  /// - Throws: `Failure` when a token has another id than that.
  package func adding(_ tokens: [AddedToken], source: String? = nil) throws(Failure) -> Tokenizer {
    var added = addedTokens
    var next = Int32(vocabularySize)
    for token in tokens {
      var token = token
      let index = added.firstIndex { $0.text.hasSameBytes(as: token.text) }
      let id = index.map { added[$0].id } ?? ordinaryID(ofToken: token.text) ?? next
      guard token.id == Self.anyID || token.id == id, id < Int32.max else {
        throw Failure(
          .tokenizer, "the added token \"\(token.text)\" cannot have id \(token.id)", at: source,
          notes: [id == next ? "the next id is \(id)" : "the vocabulary has it with id \(id)"])
      }
      token.id = id
      if id == next { next += 1 }
      if let index { added[index] = token } else { added.append(token) }
    }
    return rebuilt(addedTokens: added)
  }

  /// This tokenizer without its added tokens of ids from `count` on, and those; nil where other tokens have such ids, or where
  /// one of them has a role in texts. Files of models with images name tokens that the part for text has no row for.
  package func limited(to count: Int) -> (tokenizer: Tokenizer, left: [AddedToken])? {
    let left = addedTokens.filter { $0.id >= count }
    let roles = NamedTokens.names.compactMap { namedTokens[$0] }
    let bounds = [endOfText, beginningOfText]
    let isOrdinary = (model.ids + model.byteIDs).contains { $0 >= count }
    if isOrdinary || left.contains(where: { bounds.contains($0.id) || roles.contains($0.text) }) { return nil }
    var result = rebuilt(addedTokens: addedTokens.filter { $0.id < count })
    let texts = Set(left.map(\.text))
    for entry in namedTokens.entries where texts.contains(entry.text) { result.namedTokens[entry.name] = nil }
    result.namedTokens.additional.removeAll { texts.contains($0) }
    return (result, left)
  }

  /// A tokenizer with other parts that keeps what begins and ends a text.
  private func rebuilt(
    addedTokens: [AddedToken]? = nil, preparation: TextPreparation? = nil
  ) -> Tokenizer {
    var result = Tokenizer(
      model: model, addedTokens: addedTokens ?? self.addedTokens, preparation: preparation ?? self.preparation,
      beginningOfText: addsBeginningOfText ? beginningOfText : nil)
    result.endOfText = endOfText ?? result.endOfText
    result.beginningOfText = beginningOfText ?? result.beginningOfText
    result.namedTokens = namedTokens
    return result
  }

  /// This tokenizer with a space before every text that does not begin with one, or without; nil when that is not for
  /// `add_prefix_space` to say, as there are steps before the bytes are written in GPT-2's alphabet.
  package func addingPrefixSpace(_ adds: Bool) -> Tokenizer? {
    guard model.alphabet == .bytes, preTokenizer == .gpt2 || preTokenizer == PreTokenizer.none else { return nil }
    var preparation = preparation
    preparation.prefix = adds ? .always : .never
    return rebuilt(preparation: preparation)
  }

  /// This tokenizer with `beginningOfText` before every text, if there is such a token, or without it.
  package func addingBeginningOfText(_ adds: Bool) -> Tokenizer {
    var result = self
    result.addsBeginningOfText = adds && beginningOfText != nil
    return result
  }

  /// The id of the token of the merges that files spell `text`.
  private func ordinaryID(ofToken text: String) -> Int32? {
    model.alphabet.bytes(of: text).flatMap { id(ofToken: $0) }
  }

  /// Sets what begins and ends a text. A token that is put before every text remains the beginning where no other is named.
  mutating func bound(endOfText: Int32?, beginningOfText: Int32?) {
    self.endOfText = endOfText
    self.beginningOfText = beginningOfText ?? (addsBeginningOfText ? self.beginningOfText : nil)
  }

  /// This tokenizer with other bounds of a text, as a model's configuration gives them; nil leaves one as it is.
  public func with(endOfText: Int32? = nil, beginningOfText: Int32? = nil) throws(Failure) -> Tokenizer {
    for (id, name) in [(endOfText, "end-of-text"), (beginningOfText, "beginning-of-text")] {
      if let id, id < 0 || id >= vocabularySize {
        throw Failure(
          .tokenizer, "the \(name) token \(id) is not in the vocabulary",
          notes: ["the vocabulary has \(vocabularySize) tokens"])
      }
    }
    var result = self
    result.endOfText = endOfText ?? self.endOfText
    result.beginningOfText = beginningOfText ?? self.beginningOfText
    return result
  }
}

extension Tokenizer {
  /// This tokenizer with the tokens that its files name. Those that it lacks become special tokens with the next ids, as in
  /// transformers; a text begins and ends with the tokens named so, whatever the vocabulary has besides.
  ///
  /// - Throws: `Failure` when there are too many tokens.
  package func naming(_ named: NamedTokens) throws(Failure) -> Tokenizer {
    if named.isEmpty { return self }
    var result = try marking(special: named.texts)
    result.namedTokens = named
    func id(_ name: String) -> Int32? { named[name].flatMap { result.id(ofToken: $0) } }
    result.bound(endOfText: id("eos_token"), beginningOfText: id("bos_token"))
    return result
  }
}
