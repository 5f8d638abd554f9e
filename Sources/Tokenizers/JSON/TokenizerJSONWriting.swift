import Files

extension Tokenizer {
  /// The tokenizer as a `tokenizer.json` that Hugging Face's `tokenizers` loads and that encodes the same.
  public func json() -> String {
    let members: [(String, JSONValue)] = [
      ("version", "1.0"), ("truncation", .null), ("padding", .null),
      ("added_tokens", JSONValue(addedTokens.map(Self.json))),
      ("normalizer", preparation.normalization.json), ("pre_tokenizer", preparation.preTokenizerJSON(model.alphabet)),
      ("post_processor", postProcessorJSON), ("decoder", preparation.decoderJSON(model.alphabet)),
      ("model", modelJSON),
    ]
    return JSONValue(members.map { JSONMember($0.0, $0.1) }).serialized(pretty: true)
  }

  private static func json(of token: AddedToken) -> JSONValue {
    [
      "id": JSONValue(Int(token.id)), "content": JSONValue(token.text), "single_word": JSONValue(token.isSingleWord),
      "lstrip": JSONValue(token.stripsLeft), "rstrip": JSONValue(token.stripsRight),
      "normalized": JSONValue(token.isNormalized), "special": JSONValue(token.isSpecial),
    ]
  }

  private var postProcessorJSON: JSONValue {
    let byteLevel: JSONValue = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true,
    ]
    guard addsBeginningOfText, let id = beginningOfText, let token = addedTokens.first(where: { $0.id == id }) else {
      return isSentencePiece ? .null : byteLevel
    }
    func special(_ type: Int) -> JSONValue {
      ["SpecialToken": ["id": JSONValue(token.text), "type_id": JSONValue(type)]]
    }
    let (first, second): (JSONValue, JSONValue) = (
      ["Sequence": ["id": "A", "type_id": 0]], ["Sequence": ["id": "B", "type_id": 1]]
    )
    let description: JSONValue = [
      "id": JSONValue(token.text), "ids": [JSONValue(Int(id))], "tokens": [JSONValue(token.text)],
    ]
    let template: JSONValue = [
      "type": "TemplateProcessing", "single": [special(0), first], "pair": [special(0), first, special(1), second],
      "special_tokens": JSONValue([JSONMember(token.text, description)]),
    ]
    return isSentencePiece ? template : ["type": "Sequence", "processors": [byteLevel, template]]
  }

  /// Added tokens after the last token of the merges are left to `added_tokens`; those among them keep their place.
  private var modelJSON: JSONValue {
    let vocabulary = texts.prefix(Int(max(model.ids.max() ?? -1, model.byteIDs.max() ?? -1)) + 1)
    let unknown = model.unknown.flatMap { Int($0.id) < vocabulary.count ? $0 : nil }
    return [
      "type": "BPE", "dropout": .null, "unk_token": unknown.map { JSONValue(vocabulary[Int($0.id)]) } ?? .null,
      "continuing_subword_prefix": .null, "end_of_word_suffix": .null,
      "fuse_unk": JSONValue(model.unknown?.isFused ?? isSentencePiece),
      "byte_fallback": JSONValue(isSentencePiece),
      "ignore_merges": JSONValue(model.takesWholePieces),
      "vocab": JSONValue(vocabulary.enumerated().map { JSONMember($1, JSONValue($0)) }),
      "merges": JSONValue(mergeTexts.map { JSONValue($0) }),
    ]
  }
}

extension Tokenizer {
  /// The tokens by id as files spell them: those of the merges in their alphabet, added ones as they are.
  package var texts: [String] {
    var texts = [String](repeating: "", count: vocabularySize)
    if isSentencePiece {
      for (byte, id) in model.byteIDs.enumerated() { texts[Int(id)] = Alphabet.text(ofByte: UInt8(byte)) }
    }
    for (index, id) in model.ids.enumerated() { texts[Int(id)] = model.alphabet.text(of: model.vocabulary[index]) }
    for token in addedTokens { texts[Int(token.id)] = token.text }
    return texts
  }

  /// The merges by rank as files spell them: two tokens with a space between them.
  package var mergeTexts: [String] {
    let texts = texts
    return (0..<model.merges.count).map { rank in
      let (left, right) = model.merges[rank]
      return "\(texts[Int(left)]) \(texts[Int(right)])"
    }
  }
}
