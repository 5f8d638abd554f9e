import Files
import Foundation
import Support
import Testing
import Tokenizers

@Suite struct NormalizationTests {
  private func normalized(_ bytes: [UInt8], _ form: UnicodeForm = .nfc) -> [UInt8] {
    let steps = Normalization([.form(form)])
    return bytes.withUnsafeBufferPointer { steps.applied(to: $0) } ?? bytes
  }

  /// Random texts of all planes as the tokenizers library normalises them (Tests/recording/unicode.py).
  @Test func textIsNormalisedAsTheTokenizersLibraryDoes() throws {
    let source = fixtureFolder.appendingPathComponent("normalization.txt")
    let lines = try String(contentsOf: source, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(lines.count > 1000)
    for line in lines {
      let columns = line.split(separator: ";", omittingEmptySubsequences: false).map { column in
        column.split(separator: " ").flatMap { UTF8.encode(Unicode.Scalar(UInt32($0, radix: 16)!)!)! }
      }
      for (form, expected) in zip(UnicodeForm.allCases, columns.dropFirst()) {
        #expect(normalized(columns[0], form) == expected, "\(form) of \(line)")
        #expect(normalized(expected, form) == expected, "\(form) of \(line)")
      }
    }
  }

  /// In the basic plane, and for one scalar at a time, Foundation is right.
  @Test func everyScalarDecomposesAsFoundationSays() {
    for scalar in (UInt32(0x80)..<0x30000).compactMap(Unicode.Scalar.init) where isOldEnough(scalar) {
      let text = String(scalar)
      #expect(normalized(Array(text.utf8), .nfd) == Array(text.decomposedStringWithCanonicalMapping.utf8))
      #expect(normalized(Array(text.utf8), .nfkd) == Array(text.decomposedStringWithCompatibilityMapping.utf8))
    }
  }

  /// Whether our data and Foundation's know the scalar.
  private func isOldEnough(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.age.map { $0.major <= 9 } ?? false
  }

  @Test func textIsComposedAsFoundationDoesInTheBasicPlane() {
    let parts =
      textParts + [
        "e", "\u{301}", "\u{323}", "\u{302}", "Å", "\u{1100}", "\u{1161}", "\u{11A8}", "か", "\u{3099}", "\u{2000}",
      ]
    var generator = SeededGenerator(seed: 9)
    for _ in 0..<3000 {
      let text = generator.text(of: parts, upTo: 20)
      #expect(normalized(Array(text.utf8)) == Array(text.precomposedStringWithCanonicalMapping.utf8))
    }
  }

  @Test func bytesThatAreNotUTF8Stay() {
    let accent = Array("\u{301}".utf8)
    #expect(normalized([0x65] + accent) == Array("é".utf8))
    #expect(normalized([0x65, 0x80] + accent) == [0x65, 0x80] + accent)
    #expect(normalized([0xFF, 0x65] + accent + [0xC3]) == [0xFF] + Array("é".utf8) + [0xC3])
    #expect(normalized(accent + [0xCC, 0x65]) == accent + [0xCC, 0x65])
  }

  /// A text of marks alone must not take long.
  @Test func manyMarksAreOrderedFast() {
    let marks = (0..<200_000).map { $0.isMultiple(of: 2) ? "\u{301}" : "\u{323}" }.joined()
    let elapsed = ContinuousClock().measure { #expect(normalized(Array(("a" + marks).utf8)).count > 399_000) }
    #expect(elapsed < .seconds(20))
  }

  @Test func otherStepsDoWhatTheirNamesSay() {
    func applied(_ steps: Normalization.Step..., to text: String) -> String {
      let bytes = Array(text.utf8)
      let result = bytes.withUnsafeBufferPointer { Normalization(steps).applied(to: $0) } ?? bytes
      return String(decoding: result, as: UTF8.self)
    }
    #expect(applied(.lowercase, to: "ÄÖ Straße Σ İ") == "äö straße σ i\u{307}")
    #expect(applied(.strip(left: true, right: true), to: "\u{3000} a b\n") == "a b")
    #expect(applied(.strip(left: true, right: false), to: " a ") == "a ")
    #expect(applied(.strip(left: false, right: true), to: "  ") == "")
    #expect(applied(.form(.nfd), .stripAccents, to: "éà") == "ea")
    #expect(applied(.prepend(Array("_".utf8)), to: "") == "")
    #expect(applied(.prepend(Array("_".utf8)), .replace(Array("aa".utf8), with: Array("b".utf8)), to: "aaa") == "_ba")
    #expect(applied(.replace(Array("``".utf8), with: Array("\"".utf8)), to: "``x``") == "\"x\"")
  }
}
