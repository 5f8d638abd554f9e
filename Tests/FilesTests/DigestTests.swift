import Files
import Support
import Testing

struct DigestTests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func publishedVectors(text: String, expected: String) {
    #expect(Digest.sha256(text) == expected)
  }

  @Test func theMillionLetterVector() {
    #expect(
      Digest.sha256([UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func piecesOfAnySizeGiveTheSameDigest() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    for length in [0, 1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 1000] {
      let whole = Digest.sha256(Array(bytes.prefix(length)))
      for piece in [1, 13, 63, 64, 65, 200] {
        var digest = Digest()
        for start in stride(from: 0, to: length, by: piece) {
          digest.update(Array(bytes[start..<min(length, start + piece)]))
        }
        #expect(digest.hexadecimal == whole)
      }
    }
  }

  @Test func filesAreReadWhole() throws {
    try withScratchFolder { folder in
      let bytes = (0..<(3 << 20) + 17).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      try DurableFile.write(bytes, to: "\(folder)/f")
      #expect(try Digest.sha256(ofFile: "\(folder)/f", area: .data) == Digest.sha256(bytes))
    }
  }
}
