import Files
import Testing

private func parse(_ text: String, comments: Bool = false) throws -> JSONValue {
  try JSONValue.parse(Array(text.utf8), source: "t.json", area: .recipe, comments: comments)
}

private func refusal(_ bytes: [UInt8], comments: Bool = false) -> Failure? {
  do throws(Failure) {
    _ = try JSONValue.parse(bytes, source: "t.json", area: .recipe, comments: comments)
    return nil
  } catch {
    return error
  }
}

struct JSONParsingTests {
  @Test func everyKindOfValue() throws {
    let value = try parse(#" {"a": [1, -2.5e3, true, false, null], "b": {"c": "d\n\u00e9\ud83d\ude00\/"}, "": []} "#)
    #expect(value == ["a": [1, -2500.0, true, false, nil], "b": ["c": "d\né😀/"], "": []])
    #expect(value["b"]?["c"]?.string == "d\né😀/")
    #expect(value["a"]?.array?.count == 5)
    #expect(value["missing"] == nil)
  }

  @Test func positionsCountScalars() throws {
    let value = try parse("{\n  \"é😀\": 1, \"b\":\n\t[true]}")
    let members = try #require(value.object)
    #expect((members[0].line, members[0].column) == (2, 3))
    #expect((members[0].value.line, members[0].value.column) == (2, 9))
    #expect((members[1].line, members[1].column) == (2, 12))
    let list = try #require(members[1].value.array)
    #expect((list[0].line, list[0].column) == (3, 3))
  }

  @Test func elementsComeOneByOne() throws {
    func elements(_ text: String, stoppingAt stop: JSONValue? = nil) throws(Failure) -> [JSONValue] {
      var elements: [JSONValue] = []
      let bytes = Array(text.utf8)
      let result = bytes.withUnsafeBytes { buffer in
        Result { () throws(Failure) in
          try JSONValue.parseElements(of: buffer, source: "t.json", area: .data) { (value) throws(Failure) in
            if value == stop { throw Failure(.usage, "stopped") }
            elements.append(value)
          }
        }
      }
      try result.get()
      return elements
    }
    let values = try elements(" [1,\n {\"a\": [2]}, \"x\"]\n")
    #expect(values == [1, ["a": [2]], "x"] && values.map(\.line) == [1, 2, 2])
    #expect(try elements("[]") == [])
    for (text, place) in [
      ("[1, 2", "t.json:1:6"), ("[1,]", "t.json:1:4"), ("[1] 2", "t.json:1:5"), ("{}", "t.json:1:1"),
      ("", "t.json:1:1"),
    ] {
      #expect(throws: Failure.self) { try elements(text) }
      do throws(Failure) { _ = try elements(text) } catch { #expect(error.place == place, "\(error)") }
    }
    let error = #expect(throws: Failure.self) { try elements("[1, 2, 3]", stoppingAt: 2) }
    #expect(error?.what == "stopped")
  }

  @Test func integersAreNotDoubles() throws {
    let numbers = try #require(
      try parse("[0, 4, 4.0, 4e0, -0, -7, 9223372036854775807, 9223372036854775808, 1e22]").array)
    #expect(numbers.map(\.integer) == [0, 4, nil, nil, nil, -7, .max, nil, nil])
    #expect(numbers.map(\.double) == [0, 4, 4, 4, -0.0, -7, 0x1p63, 0x1p63, 1e22])
    #expect(numbers.map(\.integral) == [0, 4, 4, 4, 0, -7, .max, nil, nil])
    let others = try #require(
      try parse("[4.5, -120e-1, 1.25E2, 1e18, 3.00000000000000000000001, 0e999, 5e-324]").array)
    #expect(others.map(\.integral) == [nil, -12, 125, 1_000_000_000_000_000_000, nil, 0, nil])
    #expect(JSONValue(1) != JSONValue(1.0))
    #expect(try parse("1e-5") == 1e-5)
  }

  @Test func commentsOnlyWhenAllowed() throws {
    let text = "// recipe é\n{\"a\": 1, /* two\n lines */ \"b\": [2, 3,], }// end"
    let value = try parse(text, comments: true)
    #expect(value == ["a": 1, "b": [2, 3]])
    #expect(value.object?[1].line == 3)
    #expect(refusal(Array(text.utf8))?.place == "t.json:1:1")
    for bad in ["/* open", "{,}", "[,]", "[1,,]", "/", "// only", "1 /"] {
      #expect(refusal(Array(bad.utf8), comments: true) != nil, "\(bad)")
    }
  }

  @Test func canonicallyEquivalentKeysAreDifferentKeys() throws {
    let value = try parse("{\"\\u00e9\": 1, \"e\\u0301\": 2}")
    #expect(value["\u{e9}"]?.integer == 1)
    #expect(value["e\u{301}"]?.integer == 2)
    #expect(try parse("\"\\u00e9\"") != parse("\"e\\u0301\""))
  }

  @Test(arguments: [
    ("", "1:1", "empty"), ("  \n ", "2:2", "no value"), ("{\"a\": 1", "1:8", "end of the text"),
    ("[1, 2", "1:6", "end of the text"), ("[1,]", "1:4", "nothing after"), ("{\"a\":1,}", "1:8", "nothing after"),
    ("{a: 1}", "1:2", "key in quotes"), ("{\"a\" 1}", "1:6", "\":\""), ("[1 2]", "1:4", "\",\""),
    ("1 x", "1:3", "after"),
    ("01", "1:1", "leading zero"), ("-", "1:2", "digit"), ("1.", "1:3", "digit"), ("1e", "1:3", "digit"),
    ("1e+", "1:4", "digit"), (".5", "1:1", "value"), ("+1", "1:1", "value"), ("-01", "1:1", "leading zero"),
    ("NaN", "1:1", "value"), ("Infinity", "1:1", "value"), ("-Infinity", "1:2", "digit"), ("0x1F", "1:2", "after"),
    ("[1e400]", "1:2", "too large"), ("[-1e400]", "1:2", "too large"), ("[1e-400]", "1:2", "too small"),
    ("'a'", "1:1", "value"), ("\"a", "1:3", "inside a string"), ("\"a\\", "1:4", "inside a string"),
    ("\"\\x\"", "1:3", "escape"), ("\"\\u12G4\"", "1:6", "hexadecimal"), ("\"\\ud800\"", "1:8", "surrogate"),
    ("\"\\udc00\"", "1:8", "surrogate"), ("\"\\ud800\\u0041\"", "1:14", "surrogate"), ("\"a\nb\"", "1:3", "control"),
    ("\"\u{0}\"", "1:2", "control"), ("\u{0}", "1:1", "control"), ("tru", "1:1", "true"), ("nul", "1:1", "null"),
    ("{\"a\": {\"b\": 1,\n \"b\": 2}}", "2:2", "duplicate key \"b\""), ("\u{a0}1", "1:1", "value"),
  ])
  func refused(text: String, place: String, words: String) throws {
    let failure = try #require(refusal(Array(text.utf8)))
    #expect(failure.place == "t.json:\(place)")
    #expect(failure.description.contains(words), "\(failure)")
    #expect(failure.area == .recipe)
  }

  @Test(
    arguments: [
      ([0xEF, 0xBB, 0xBF, 0x31], "1:1"), ([0xFF, 0xFE, 0x31, 0x00], "1:1"), ([0x00, 0x31], "1:1"),
      ([0x31, 0x00], "1:2"),
      ([0x5B, 0x0A, 0x22, 0xC3, 0xA9, 0xFF, 0x22, 0x5D], "2:3"), ([0x22, 0xC0, 0x80, 0x22], "1:2"),
      ([0x22, 0xED, 0xA0, 0x80, 0x22], "1:2"), ([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], "1:2"),
      ([0x22, 0xE2, 0x82], "1:2"),
    ] as [([UInt8], String)])
  func refusedEncodings(bytes: [UInt8], place: String) throws {
    #expect(try #require(refusal(bytes)).place == "t.json:\(place)")
  }

  @Test func duplicateKeysInLargeObjectsNameBothLines() throws {
    let members = (0..<1000).map { "\"k\($0)\": \($0)" }.joined(separator: ",\n")
    #expect(try parse("{\(members)}").object?.count == 1000)
    for key in [3, 15, 16, 17, 999] {
      let failure = try #require(refusal(Array("{\(members),\n\"k\(key)\": 0}".utf8)))
      #expect(failure.place == "t.json:1001:1")
      #expect(failure.notes == ["it stands in line \(key + 1) and in line 1001"])
    }
  }

  @Test func deepNestingIsRefusedNotFollowed() throws {
    #expect(refusal(Array(repeating: UInt8(ascii: "["), count: 100_000))?.place == "t.json:1:513")
    #expect(refusal(Array(String(repeating: "[{\"\":", count: 50_000).utf8))?.what.contains("512") == true)
    let deepest = String(repeating: "[", count: 512) + String(repeating: "]", count: 512)
    #expect(try parse(deepest).serialized() == deepest)
  }

  @Test func everyMutationThrowsOrReads() throws {
    let text = Array(#"{"a":[1,-2.5e3,true,null,"d\n\u00e9\ud83d\ude00"],"b":{"c":"x"}}"#.utf8)
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      var mutated = text
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let place = Int.random(in: 0..<mutated.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: mutated[place] = .random(in: 0...255, using: &generator)
        case 1: mutated.remove(at: place)
        default: mutated.insert(text.randomElement(using: &generator)!, at: place)
        }
      }
      guard let value = try? JSONValue.parse(mutated, source: "m", area: .data) else { continue }
      #expect(try JSONValue.parse(value.serializedBytes(), source: "m", area: .data) == value)
    }
  }
}

struct JSONWritingTests {
  @Test func numbersKeepTheirText() throws {
    let text = #"{"z":[1.0,1e-05,1E5,0.10,-0,12345678901234567890123],"a":"é\"\\\n\u0001","e":{},"l":[]}"#
    #expect(try parse(text).serialized() == text)
  }

  @Test func madeNumbersReadBackExactly() throws {
    for value in [0.1, 1e-300, Double.leastNonzeroMagnitude, 1.7976931348623157e308, 123456789.125, -0.0, 100.0] {
      let read = try #require(try parse(JSONValue(value).serialized()).double)
      #expect(read.bitPattern == value.bitPattern)
    }
    #expect(JSONValue(Float(0.1)).serialized() == "0.1")
    #expect(JSONValue(Double.nan).serialized() == "null")
    #expect(JSONValue(42).serialized() == "42")
  }

  @Test func prettyText() {
    let value: JSONValue = ["shape": [2, 3], "names": ["a", "b"], "empty": [:], "none": []]
    #expect(
      value.serialized(pretty: true) == """
        {
          "shape": [2, 3],
          "names": [
            "a",
            "b"
          ],
          "empty": {},
          "none": []
        }
        """)
  }

  @Test func membersCanBeSet() {
    var value: JSONValue = ["a": 1, "b": 2]
    value["b"] = 3
    value["c"] = "x"
    value["a"] = nil as JSONValue?
    #expect(value == ["b": 3, "c": "x"])
  }
}
