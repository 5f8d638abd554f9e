import Corpus
import Files
import Foundation
import Support
import Testing
import Tokenizers

/// Files of evaluation suites as lm-evaluation-harness asks their questions. Expected prompts are what its templates make of
/// the same rows.
@Suite struct SuiteTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// The only suite in a file of these rows.
  private func suite(_ rows: String..., name: String = "suite.jsonl") throws -> SuiteFile {
    try SuiteFile.files([try folder.write(rows.joined(separator: "\n") + "\n", to: name)])[0]
  }

  /// The questions with bytes for tokens, as text: `context|answer|answer`, 256 as `<>`.
  private func texts(
    _ suite: SuiteFile, limit: Int? = nil, examples: SuiteExamples? = nil, positions: Int = 10_000
  ) throws -> [String] {
    var encoder = SuiteEncoder(.bytes, positions: positions)
    func text(_ tokens: [Int32]) -> String {
      tokens == [256] ? "<>" : String(decoding: Tokenizer.bytes.decode(tokens), as: UTF8.self)
    }
    return try encoder.questions(of: suite, limit: limit, examples: examples).map { question in
      question.texts.map { ([$0.context] + $0.continuations).map(text).joined(separator: "|") }.joined(
        separator: " // ")
    }
  }

  private func answers(_ suite: SuiteFile) throws -> [Int] {
    var encoder = SuiteEncoder(.bytes, positions: 10_000)
    return try encoder.questions(of: suite).map(\.answer)
  }

  // MARK: Formats

  @Test func sentencesFollowTheTokenThatBeginsTexts() throws {
    let suite = try suite(#"{"sentence_good": "It is.", "sentence_bad": "It are.", "UID": "x"}"#)
    #expect(suite.format == .blimp)
    #expect(try texts(suite) == ["<>| It is.| It are."])
    #expect(try answers(suite) == [0])
  }

  /// Qwen2.5-Instruct's configuration has a beginning of text, and its tokenizer's files name an end alone: `HFLM` takes that.
  @Test func theTokenBeforeSentencesIsTheTokenizersOwn() throws {
    let suite = try suite(#"{"sentence_good": "It is.", "sentence_bad": "It are."}"#)
    func first(_ tokenizer: Tokenizer) throws -> [Int32]? {
      var encoder = SuiteEncoder(tokenizer, first: 65, positions: 100)
      return try encoder.questions(of: suite)[0].texts[0].context
    }
    #expect(try first(.bytes) == [65])
    var names = NamedTokens()
    names["eos_token"] = "<|endoftext|>"
    #expect(try first(Tokenizer.bytes.naming(names)) == [256])
    names["bos_token"] = "B"
    #expect(try first(Tokenizer.bytes.naming(names)) == [66])
  }

  @Test func waysToAGoal() throws {
    let suite = try suite(
      #"{"goal": "sit", "sol1": "on a chair", "sol2": "on ice", "label": 0}"#,
      #"{"goal": "eat", "sol1": "wood", "sol2": "rice", "label": "1"}"#)
    #expect(suite.format == .piqa)
    #expect(try texts(suite)[0] == "Question: sit\nAnswer:| on a chair| on ice")
    #expect(try answers(suite) == [0, 1])
  }

  @Test func labelsLieBesideTheRows() throws {
    let rows = [#"{"goal": "a", "sol1": "b", "sol2": "c"}"#, #"{"goal": "d", "sol1": "e", "sol2": "f"}"#]
    try folder.write("1\n0\n", to: "valid-labels.lst")
    #expect(try answers(suite(rows[0], rows[1], name: "valid.jsonl")) == [1, 0])
    try folder.write("1\n", to: "few-labels.lst")
    #expect(refusal { _ = try suite(rows[0], rows[1], name: "few.jsonl") }?.what == "fewer labels than rows")
    try folder.write("1\n0\n1\n", to: "many-labels.lst")
    #expect(refusal { _ = try suite(rows[0], rows[1], name: "many.jsonl") }?.what == "more labels than rows")
    try folder.write("1\n2\n", to: "bad-labels.lst")
    #expect(refusal { _ = try suite(rows[0], rows[1], name: "bad.jsonl") }?.what == "a label is 0 or 1")
    let none = refusal { _ = try suite(rows[0], name: "tests.jsonl") }
    #expect(none?.what == "the row has no answer" && none?.place?.hasSuffix("tests.jsonl:1") == true)
  }

  @Test func lastWords() throws {
    let suite = try suite(
      #"{"text": "He said \"no\"  twice"}"#, #"{"text": "word"}"#, #"{"text": "two\nlines and end"}"#)
    #expect(suite.format == .lambada)
    // White space at the end of the context goes to the word.
    #expect(try texts(suite) == [#"He said "no"|  twice"#, "<>| word", "two\nlines and| end"])
  }

  @Test func endingsWithoutMarkup() throws {
    let suite = try suite(
      #"""
      {"activity_label": "Home and Garden", "ctx_a": "[header] How to dye eggs [title] Boil   them. [step] Put a [b] pan on.",
      "ctx_b": "élan, THEN wait [substeps]", "label": "2",
      "endings": [" [step] first  do\u00a0", "[a] Second.  \n", "[x\ny] [z]"]}
      """#.replacing("\n", with: " "))
    #expect(suite.format == .hellaswag)
    let start = "Home and Garden: How to dye eggs. Boil  them. Put a pan on. Élan, then wait"
    #expect(try texts(suite) == [start + "|   first do|   Second.|  [x\ny] "])
    #expect(try answers(suite) == [2])
  }

  @Test func questionsOfScience() throws {
    let published = try suite(
      #"{"id": "a", "question": "Why?", "choices": {"text": ["so", "or so"], "label": ["1", "2"]}, "answerKey": "2"}"#)
    #expect(published.format == .arc)
    #expect(try texts(published) == ["Question: Why?\nAnswer:| so| or so"])
    #expect(try answers(published) == [1])
    let nested =
      #"{"question": {"stem": "A cat is", "choices": [{"text": "old", "label": "A"}, {"text": "a bus", "label": "B"}]}, "answerKey": "A"}"#
    #expect(try texts(suite(nested)) == ["Question: A cat is\nAnswer:| old| a bus"])
    // The Allen Institute's own files of both suites have the same columns.
    #expect(try texts(suite(nested, name: "OpenBookQA-test.jsonl")) == ["A cat is| old| a bus"])
    let stem = try suite(
      #"{"question_stem": "A cat is", "choices": {"text": ["old", "a bus"], "label": ["A", "B"]}, "answerKey": " B"}"#)
    #expect(stem.format == .openbookqa)
    #expect(try texts(stem) == ["A cat is| old| a bus"])
    #expect(try answers(stem) == [1])
  }

  @Test func letteredAnswers() throws {
    let suite = try suite(
      #"{"question": " 1 + 1? ", "subject": "high_school_mathematics", "choices": ["1", "2", "3", "4"], "answer": 1}"#,
      #"{"question": "2 + 1?", "subject": "high_school_mathematics", "choices": ["1", "2", "3", "4"], "answer": "C"}"#)
    #expect(suite.format == .mmlu)
    let head = "The following are multiple choice questions (with answers) about high school mathematics.\n\n"
    #expect(try texts(suite)[0] == head + "1 + 1?\nA. 1\nB. 2\nC. 3\nD. 4\nAnswer:| A| B| C| D")
    #expect(try answers(suite) == [1, 2])
  }

  @Test func promptsAndChoices() throws {
    let suite = try suite(
      #"{"prompt": "Grass is ", "choices": ["green", "loud"], "answer": 0}"#,
      #"{"prompt": "", "choices": ["a", "b"], "answer": "b"}"#)
    #expect(suite.format == .choices)
    #expect(try texts(suite) == ["Grass is|  green|  loud", "<>| a| b"])
    #expect(try answers(suite) == [0, 1])
  }

  @Test func whatIsNoSuiteIsRefusedByName() throws {
    func what(_ rows: String...) -> String? {
      let path = try? folder.write(rows.joined(separator: "\n"), to: "x.jsonl")
      return refusal { _ = try SuiteFile.files([path!]) }?.what
    }
    #expect(what(#"{"chosen": "a", "rejected": "b"}"#) == "a row of no known suite")
    #expect(what(#"{"text": "a good film", "label": 1}"#) == "a row of no known suite")
    #expect(what(#"{"text": "of no genre", "domain": "a"}"#) == nil)
    let choices = #""choices": {"text": ["a"], "label": ["A"]}, "answerKey": "A""#
    #expect(what(#"{"question": "q", "question_concept": "c", \#(choices)}"#) == "CommonsenseQA is not known here")
    #expect(what(#"{"question": "q", "formatted_question": "q (A) a", \#(choices)}"#) == "a row of no known suite")
    #expect(what(#"{"question": "q", "para": "A fact.", \#(choices)}"#) == "a row of no known suite")
    #expect(what("[1]") != nil)
    #expect(what("{") != nil)
    #expect(
      what(#"{"text": "a b"}"#, #"{"goal": "a", "sol1": "b", "sol2": "c", "label": 0}"#)
        == "a row of another kind than those before it, which are of lambada")
    #expect(what(#"{"prompt": "p", "choices": ["a"], "answer": 1}"#) == "\"answer\" is none of the row's 1 answers")
    #expect(what(#"{"prompt": "p", "choices": [], "answer": 0}"#) == "\"choices\" is not a list of texts")
    #expect(what(#"{"goal": 1, "sol1": "b", "sol2": "c", "label": 0}"#) == "\"goal\" is not a text")
    #expect(
      what(#"{"question": "q", "choices": {"text": ["a"], "label": ["A"]}, "answerKey": "B"}"#)
        == "the row's answer is none of its choices")
  }

  /// A suite's folder as it is published.
  @Test func aFolderOfASuiteMayHaveAReadmeAndLabels() throws {
    for name in ["piqa", "texts"] {
      try FileManager.default.createDirectory(at: folder.url(name), withIntermediateDirectories: true)
    }
    try folder.write(#"{"goal": "a", "sol1": "b", "sol2": "c"}"#, to: "piqa/valid.jsonl")
    try folder.write("1\n", to: "piqa/valid-labels.lst")
    try folder.write("# PIQA\n", to: "piqa/README.md")
    let suites = try SuiteFile.files([folder("piqa")])
    #expect(suites.map(\.format) == [.piqa])
    #expect(try answers(suites[0]) == [1])
    try folder.write("# Nothing\n", to: "texts/README.md")
    #expect(refusal { _ = try SuiteFile.files([folder("texts")]) }?.what == "no rows of JSON")
  }

  @Test func aFaultOfJSONHasItsLineAndItsColumn() throws {
    let path = try folder.write("{\"text\": \"a b\"}\n\n{\"text\": }\n", to: "rows.jsonl")
    #expect(refusal { _ = try SuiteFile.files([path]) }?.place == "\(path):3:10")
  }

  // MARK: Examples

  private func numbered(_ count: Int, name: String) throws -> SuiteFile {
    let rows = (0..<count).map { #"{"prompt": "q\#($0)", "choices": ["x", "a\#($0)"], "answer": 1}"# }
    return try SuiteFile.files([try folder.write(rows.joined(separator: "\n"), to: name)])[0]
  }

  /// `random.Random(1234)` draws three of ten, one more than is needed, for each question in turn:
  /// [7, 1, 0], then [1, 0, 9].
  @Test func examplesAreThoseThatPythonDraws() throws {
    var examples = SuiteExamples(count: 2)
    examples.files = [try numbered(10, name: "train.jsonl")]
    let suite = try suite(
      #"{"prompt": "Q", "choices": ["y", "n"], "answer": 0}"#, #"{"prompt": "R", "choices": ["y", "n"], "answer": 0}"#)
    #expect(try texts(suite, examples: examples) == ["q7 a7\n\nq1 a1\n\nQ| y| n", "q1 a1\n\nq0 a0\n\nR| y| n"])
  }

  @Test func aQuestionIsNoExampleForItself() throws {
    let suite = try numbered(3, name: "own.jsonl")
    let contexts = try texts(suite, examples: SuiteExamples(count: 2))
    for (index, context) in contexts.enumerated() {
      #expect(context.components(separatedBy: "q\(index)").count == 2)
      for other in 0..<3 where other != index { #expect(context.contains("q\(other) a\(other)\n\n")) }
    }
    let few = refusal { _ = try texts(suite, examples: SuiteExamples(count: 3)) }
    #expect(few?.what == "not enough examples")
  }

  @Test func lettersTakeTheFirstExamplesOfTheirTopic() throws {
    func row(_ name: String, _ topic: String) -> String {
      #"{"question": "\#(name)", "subject": "\#(topic)", "choices": ["1", "2"], "answer": 1}"#
    }
    var examples = SuiteExamples(count: 1)
    let path = try folder.write(
      [row("a", "law"), row("b", "art"), row("c", "art")].joined(separator: "\n"), to: "dev.jsonl")
    examples.files = try SuiteFile.files([path])
    let text = try texts(suite(row("q", "art")), examples: examples)[0]
    #expect(text.hasSuffix("about art.\n\nb\nA. 1\nB. 2\nAnswer: B\n\nq\nA. 1\nB. 2\nAnswer:| A| B"))
    let none = refusal { _ = try texts(suite(row("q", "war")), examples: examples) }
    #expect(none?.what == "not enough examples of war")
  }

  /// The harness puts its delimiter before a last word that brings its own space.
  @Test func examplesOfLastWordsHaveTwoSpaces() throws {
    var examples = SuiteExamples(count: 1)
    examples.files = try SuiteFile.files([try folder.write(#"{"text": "one two"}"#, to: "train.jsonl")])
    #expect(try texts(suite(#"{"text": "three four"}"#), examples: examples) == ["one  two\n\nthree| four"])
  }

  @Test func sentencesTakeNoExamples() throws {
    let suite = try suite(#"{"sentence_good": "It is.", "sentence_bad": "It are."}"#)
    #expect(try texts(suite, examples: SuiteExamples(count: 5)) == ["<>| It is.| It are."])
  }

  // MARK: Length

  @Test func beginningsAreLeftOutWhereTheModelHasNoRoom() throws {
    let suite = try suite(#"{"prompt": "0123456789", "choices": ["a", "bcd"], "answer": 0}"#)
    // One token more than there are positions: the last one is only predicted.
    #expect(try texts(suite, positions: 12) == ["0123456789| a // 123456789| bcd"])
    var encoder = SuiteEncoder(.bytes, positions: 12)
    _ = try encoder.questions(of: suite)
    #expect(encoder.truncated == 1)
    let long = refusal { _ = try texts(suite, positions: 3) }
    #expect(long?.what == "an answer is longer than the model reads")
  }
}
