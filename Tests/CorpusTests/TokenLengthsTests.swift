import Corpus
import Testing
import Tokenizers

@Suite struct TokenLengthsTests {
  @Test func specialTokensAndWhatIsNotTrainedCountNoByte() {
    let lengths = TokenLengths(.bytes)
    #expect(lengths.bytes(of: [97, 256, -1, 98, 0, 255, 300]) == 4)
    #expect(lengths.bytes(of: []) == 0)
  }
}
