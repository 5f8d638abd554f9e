import Files

extension Tokenizer {
  /// The tokenizer as a `tokenizer.json` that Hugging Face's `tokenizers` loads and that encodes the same.
  public func json() -> String {
    let byteLevel: JSONValue = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
    ]
    let members: [(String, JSONValue)] = [
      ("version", "1.0"), ("truncation", .null), ("padding", .null),
      ("added_tokens", JSONValue(addedTokens.map(Self.json))),
      ("normalizer", normalization == .nfc ? ["type": "NFC"] : .null), ("pre_tokenizer", preTokenizer.json),
      ("post_processor", postProcessorJSON), ("decoder", byteLevel), ("model", modelJSON),
    ]
    return JSONValue(members.map { JSONMember($0.0, $0.1) }).serialized(pretty: true)
  }

  private static func json(of token: AddedToken) -> JSONValue {
    [
      "id": JSONValue(Int(token.id)), "content": JSONValue(token.text), "single_word": false, "lstrip": false,
      "rstrip": false, "normalized": JSONValue(token.isNormalized), "special": JSONValue(token.isSpecial),
    ]
  }

  private var postProcessorJSON: JSONValue {
    let byteLevel: JSONValue = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true,
    ]
    guard addsBeginningOfText, let id = beginningOfText, let token = addedTokens.first(where: { $0.id == id }) else {
      return byteLevel
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
    return ["type": "Sequence", "processors": [byteLevel, template]]
  }

  /// Added tokens behind the last token of the merges are left to `added_tokens`; those among them keep their place.
  private var modelJSON: JSONValue {
    let vocabulary = texts.prefix(Int(model.ids.max() ?? -1) + 1)
    return [
      "type": "BPE", "dropout": .null, "unk_token": .null, "continuing_subword_prefix": .null,
      "end_of_word_suffix": .null, "fuse_unk": false, "byte_fallback": false,
      "ignore_merges": JSONValue(model.takesWholePieces),
      "vocab": JSONValue(vocabulary.enumerated().map { JSONMember($1, JSONValue($0)) }),
      "merges": JSONValue(mergeTexts.map { JSONValue($0) }),
    ]
  }
}

extension Tokenizer {
  /// The tokens by id as files spell them: those of the merges in the byte alphabet, added ones as they are.
  package var texts: [String] {
    var texts = [String](repeating: "", count: vocabularySize)
    for (index, id) in model.ids.enumerated() { texts[Int(id)] = ByteAlphabet.text(of: model.vocabulary[index]) }
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

extension PreTokenizer {
  fileprivate var json: JSONValue {
    func byteLevel(usesPattern: Bool) -> JSONValue {
      [
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": JSONValue(usesPattern),
      ]
    }
    func sequence(_ first: JSONValue, usesPattern: Bool) -> JSONValue {
      ["type": "Sequence", "pretokenizers": [first, byteLevel(usesPattern: usesPattern)]]
    }
    switch self {
    case .gpt2: return byteLevel(usesPattern: true)
    case .none: return byteLevel(usesPattern: false)
    case .gpt2Digits: return sequence(["type": "Digits", "individual_digits": true], usesPattern: true)
    case .llama3, .qwen2:
      let expression: JSONValue = ["Regex": JSONValue(pattern ?? "")]
      return sequence(
        ["type": "Split", "pattern": expression, "behavior": "Isolated", "invert": false], usesPattern: false)
    }
  }
}
