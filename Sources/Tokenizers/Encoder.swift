extension Tokenizer {
  /// Encodes texts one after the other and caches their pieces: the way to encode a lot of text.
  package struct Encoder: Sendable {
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
      stages.raw.cut(text) { range, id in
        if let id { return ids.append(id) }
        let part = UnsafeBufferPointer(rebasing: text[range])
        appendBetween(part, stages.normalized, isFirst: range.lowerBound == 0, &ids)
      }
    }

    /// Appends the ids of a text made of a template and of `data`, text from outside: no special token is found where data
    /// has a part in it. `body` gets each part that is encoded by itself, with the first of its ids; `onRefusal` is called
    /// where data spells a special token.
    mutating func append(
      _ text: UnsafeBufferPointer<UInt8>, data: SortedRanges, to ids: inout [Int32], onRefusal: () -> Void,
      _ body: (_ part: Range<Int>, _ isToken: Bool, _ firstID: Int) -> Void
    ) {
      let (all, ordinary) = (tokenizer.matchers.withSpecial, tokenizer.matchers.withoutSpecial)
      all.raw.cut(text) { place, token in
        let isAdmitted = !token.isSpecial || !data.overlaps(place)
        if !isAdmitted { onRefusal() }
        return isAdmitted
      } _: { range, id in
        body(range, id != nil, ids.count)
        if let id { return ids.append(id) }
        let part = UnsafeBufferPointer(rebasing: text[range])
        let normalizedTokens = data.overlaps(range) ? ordinary.normalized : all.normalized
        appendBetween(part, normalizedTokens, isFirst: range.lowerBound == 0, &ids)
      }
    }

    /// Appends the ids of the text between the added tokens that are searched for before it is normalised.
    private mutating func appendBetween(
      _ part: UnsafeBufferPointer<UInt8>, _ matcher: AddedTokenMatcher, isFirst: Bool, _ ids: inout [Int32]
    ) {
      if let normalized = tokenizer.preparation.normalization.applied(to: part) {
        normalized.withUnsafeBufferPointer { append(normalized: $0, matcher, isFirst: isFirst, &ids) }
      } else {
        append(normalized: part, matcher, isFirst: isFirst, &ids)
      }
    }

    package mutating func append(_ text: [UInt8], special: SpecialTokens = .none, to ids: inout [Int32]) {
      text.withUnsafeBufferPointer { append($0, special: special, to: &ids) }
    }

    /// Appends the ids of a text between the added tokens that are searched for first. `isFirst` says that the text begins
    /// there.
    private mutating func append(
      normalized text: UnsafeBufferPointer<UInt8>, _ matcher: AddedTokenMatcher, isFirst: Bool, _ ids: inout [Int32]
    ) {
      matcher.cut(text) { range, id in
        if let id { return ids.append(id) }
        let part = UnsafeBufferPointer(rebasing: text[range])
        if let spaced = tokenizer.preparation.spaced(part, isFirst: isFirst && range.lowerBound == 0) {
          spaced.withUnsafeBufferPointer { merge($0, &ids) }
        } else {
          merge(part, &ids)
        }
      }
    }

    /// Appends the ids of ordinary text.
    private mutating func merge(_ text: UnsafeBufferPointer<UInt8>, _ ids: inout [Int32]) {
      let model = tokenizer.model
      if model.alphabet == .characters { return mergeWords(text, &ids) }
      if model.merges.count == 0, !model.takesWholePieces, model.unknown == nil {
        for byte in text where model.byteIDs[Int(byte)] >= 0 { ids.append(model.byteIDs[Int(byte)]) }
        return
      }
      switch tokenizer.preparation.cutting {
      case .named(let preTokenizer):
        var scanner = PieceScanner(text, preTokenizer)
        while let range = scanner.next() { appendPiece(UnsafeBufferPointer(rebasing: text[range]), &ids) }
      case .steps(let steps): steps.cut(text) { appendPiece($0, &ids) }
      }
    }

    /// The same for SentencePiece, whose only pieces are stretches that no token crosses.
    private mutating func mergeWords(_ text: UnsafeBufferPointer<UInt8>, _ ids: inout [Int32]) {
      let splits = tokenizer.preparation.splitsAtSpaces
      guard splits || tokenizer.model.splitsAtSpaces else { return merger.append(text, to: &ids) }
      var scanner = WordScanner(text, splitsRuns: splits)
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
