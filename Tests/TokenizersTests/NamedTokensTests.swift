import Files
import Support
import Testing
import Tokenizers

@Suite struct NamedTokensTests {
  @Test func namesAreStringsOrObjectsOrNull() throws {
    let json: JSONValue = [
      "pad_token": "<pad>", "eos_token": ["content": "</s>", "lstrip": false], "bos_token": .null,
      "model_max_length": 5,
      "additional_special_tokens": ["<a>", ["content": "<b>"], "<a>"], "unk_token": "<unk>",
    ]
    let named = try NamedTokens(json, source: "test")
    #expect(named.entries.map(\.name) == ["eos_token", "unk_token", "pad_token"])
    #expect(named["eos_token"] == "</s>" && named["bos_token"] == nil && named["model_max_length"] == nil)
    #expect(named.additional == ["<a>", "<b>"])
    #expect(named.texts == ["</s>", "<unk>", "<pad>", "<a>", "<b>"])
    #expect(try NamedTokens(named.json, source: "test") == named)
  }

  @Test func laterFilesCountForMore() throws {
    var named = try NamedTokens(
      ["eos_token": "a", "bos_token": "b", "additional_special_tokens": ["x"]], source: "one")
    try named.update(
      from: ["eos_token": "c", "bos_token": .null, "additional_special_tokens": ["x", "y"]], source: "two")
    #expect(named["eos_token"] == "c" && named["bos_token"] == nil && named.additional == ["x", "y"])
  }

  @Test func furtherRolesHaveNames() throws {
    let named = try NamedTokens(["extra_special_tokens": ["image_token": "<image>"], "eos_token": "e"], source: "test")
    #expect(named["image_token"] == "<image>" && named.entries.map(\.name) == ["eos_token", "image_token"])
    #expect(try NamedTokens(["extra_special_tokens": ["<1>"]], source: "test").additional == ["<1>"])
  }

  @Test func othersAreRefusedByName() throws {
    let faults: [(JSONValue, String)] = [
      (["eos_token": 3], "eos_token is not a string"), (["eos_token": ["text": "a"]], "eos_token.content is missing"),
      (["eos_token": ""], "eos_token is empty"), (["additional_special_tokens": "a"], "is not an array"),
      (["additional_special_tokens": [3]], "additional_special_tokens[0] is not a string"),
    ]
    for (json, words) in faults {
      let refusal = try #require(refusal { _ = try NamedTokens(json, source: "test") })
      #expect(refusal.what.contains(words), "\(refusal)")
    }
  }

  @Test func namedTokensBoundATextAndAreAddedWhereTheyLack() throws {
    let plain = try Tokenizer.train(on: [], vocabularySize: 258, specialTokens: ["<|endoftext|>", "</s>"])
    #expect(plain.endOfText == 0 && plain.namedTokens.isEmpty)
    let named = try plain.naming(NamedTokens(["eos_token": "</s>", "pad_token": "<pad>"], source: "test"))
    #expect(named.endOfText == 1 && named.beginningOfText == nil)
    #expect(named.encode("<pad>", special: .parse) == [258] && named.isSpecial(258))
    #expect(named.namedTokens["pad_token"] == "<pad>")
    #expect(try named.adding(special: ["<more>"]).namedTokens == named.namedTokens)
    #expect(try named.adding(special: ["<more>"]).endOfText == 1)
    #expect(try named.with(endOfText: 0).namedTokens == named.namedTokens)
    // What looks like a beginning is none where the files name others.
    let beginning = try plain.adding(special: ["<s>"])
    let reread = try Tokenizer(json: Array(beginning.json().utf8), source: "test")
    #expect(reread.beginningOfText == 258)
    #expect(try reread.naming(NamedTokens(["eos_token": "</s>"], source: "test")).beginningOfText == nil)
    // An ordinary token that is named becomes special with its id.
    let letter = try plain.naming(NamedTokens(["pad_token": "!"], source: "test"))
    let id = try #require(letter.id(ofToken: "!"))
    #expect(letter.isSpecial(id) && letter.vocabularySize == plain.vocabularySize && letter.encode("!") == [id])
    #expect(letter.endOfText == nil)
    let copy = try Tokenizer(json: Array(letter.json().utf8), source: "test")
    #expect(copy.isSpecial(id) && copy.encode("a!") == letter.encode("a!"))
  }
}
