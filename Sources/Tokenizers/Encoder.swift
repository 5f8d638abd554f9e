extension Tokenizer {
  /// Encodes texts one after the other and caches their pieces: the way to encode a lot of text.
  package struct Encoder {
    private let tokenizer: Tokenizer
    private var merger: PieceMerger
    private var pieces = ByteStringTable()
    /// The ids of each piece of `pieces`: those before the end of it and behind the end of the one before.
    private var pieceEnds: [Int] = [0]
    private var pieceIDs: [Int32] = []

    /// Longer pieces rarely recur.
    private static let longestRemembered = 64
    private static let mostRemembered = 1 << 17

    package init(_ tokenizer: Tokenizer) {
      self.tokenizer = tokenizer
      merger = PieceMerger(tokenizer.model)
    }

    /// Appends the ids of `text`. Pieces never cross its ends.
    package mutating func append(
      _ text: UnsafeBufferPointer<UInt8>, special: SpecialTokens = .none, to ids: inout [Int32]
    ) {
      let stages = special == .parse ? tokenizer.matchers.withSpecial : tokenizer.matchers.withoutSpecial
      cut(text, at: stages.raw, &ids) { encoder, part, ids in
        let isFirst = part.baseAddress == text.baseAddress
        if let normalized = encoder.tokenizer.normalization.applied(to: part, isFirst: isFirst) {
          normalized.withUnsafeBufferPointer { encoder.cut($0, at: stages.normalized, &ids) { $0.merge($1, &$2) } }
        } else {
          encoder.cut(part, at: stages.normalized, &ids) { $0.merge($1, &$2) }
        }
      }
    }

    package mutating func append(_ text: [UInt8], special: SpecialTokens = .none, to ids: inout [Int32]) {
      text.withUnsafeBufferPointer { append($0, special: special, to: &ids) }
    }

    /// Appends the ids of the added tokens in `text`, and between them what `body` appends.
    private mutating func cut(
      _ text: UnsafeBufferPointer<UInt8>, at matcher: AddedTokenMatcher, _ ids: inout [Int32],
      _ body: (inout Encoder, UnsafeBufferPointer<UInt8>, inout [Int32]) -> Void
    ) {
      var start = 0
      while let (range, id) = matcher.first(in: text, from: start) {
        body(&self, UnsafeBufferPointer(rebasing: text[start..<range.lowerBound]), &ids)
        ids.append(id)
        start = range.upperBound
      }
      body(&self, UnsafeBufferPointer(rebasing: text[start...]), &ids)
    }

    /// Appends the ids of ordinary text.
    private mutating func merge(_ text: UnsafeBufferPointer<UInt8>, _ ids: inout [Int32]) {
      if tokenizer.model.alphabet == .characters { return mergeWords(text, &ids) }
      if tokenizer.model.merges.count == 0, !tokenizer.model.takesWholePieces {
        let byteIDs = tokenizer.model.byteIDs
        for byte in text where byteIDs[Int(byte)] >= 0 { ids.append(byteIDs[Int(byte)]) }
        return
      }
      var scanner = PieceScanner(text, tokenizer.preTokenizer)
      while let range = scanner.next() { appendPiece(UnsafeBufferPointer(rebasing: text[range]), &ids) }
    }

    /// The same for SentencePiece, whose only pieces are stretches that no token crosses.
    private mutating func mergeWords(_ text: UnsafeBufferPointer<UInt8>, _ ids: inout [Int32]) {
      guard tokenizer.model.splitsAtSpaces else { return merger.append(text, to: &ids) }
      var scanner = WordScanner(text)
      while let range = scanner.next() { appendPiece(UnsafeBufferPointer(rebasing: text[range]), &ids) }
    }

    @inline(__always)
    private mutating func appendPiece(_ piece: UnsafeBufferPointer<UInt8>, _ ids: inout [Int32]) {
      if piece.count > Self.longestRemembered {
        merger.append(piece, to: &ids)
      } else {
        appendRemembered(piece, &ids)
      }
    }

    @inline(__always)
    private mutating func appendRemembered(_ piece: UnsafeBufferPointer<UInt8>, _ ids: inout [Int32]) {
      if let index = pieces.index(of: piece) {
        let start = pieceEnds[index]
        let count = pieceEnds[index + 1] - start
        pieceIDs.withUnsafeBufferPointer { known in
          for offset in 0..<count { ids.append(known[start + offset]) }
        }
        return
      }
      if pieces.count == Self.mostRemembered {
        pieces.removeAll()
        pieceEnds.removeLast(pieceEnds.count - 1)
        pieceIDs.removeAll(keepingCapacity: true)
      }
      let start = ids.count
      merger.append(piece, to: &ids)
      _ = pieces.insert(piece)
      pieceIDs.append(contentsOf: ids[start...])
      pieceEnds.append(pieceIDs.count)
    }
  }
}
