import Foundation
import Support
import Testing
import Tokenizers

@Suite struct NormalizationTests {
  private func normalized(_ bytes: [UInt8]) -> [UInt8] {
    bytes.withUnsafeBufferPointer { Normalization.nfc.applied(to: $0) } ?? bytes
  }

  @Test func inertScalarsAreComposedAndCombineWithNothingBeforeThem() throws {
    // Whatever combines with something before it is the second scalar of a canonical decomposition, or a vowel or final
    // of Hangul, which are decompositions, too.
    var inert = Set<Unicode.Scalar>()
    for scalar in Normalization.inertRanges.joined().compactMap(Unicode.Scalar.init) {
      inert.insert(scalar)
      #expect(scalar.properties.canonicalCombiningClass == .notReordered)
      let composed = String(scalar).precomposedStringWithCanonicalMapping
      #expect(Array(composed.utf8) == Array(String(scalar).utf8))
    }
    for scalar in (UInt32(0)..<0x30000).compactMap(Unicode.Scalar.init) {
      for part in String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars.dropFirst() {
        #expect(!inert.contains(part))
      }
    }
  }

  @Test func textIsNormalisedAsFoundationDoes() {
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
}
