extension Text {
  /// Python's `upper`.
  var uppercased: Text { mapScalars { scalar, _ in scalar.properties.uppercaseMapping } }

  /// Python's `lower`: a capital sigma at the end of a word becomes a final one.
  var lowercased: Text {
    let all = scalars.map(\.scalar)
    return mapScalars { scalar, index in
      scalar == "\u{3A3}" && Self.isFinalSigma(at: index, in: all) ? "\u{3C2}" : scalar.properties.lowercaseMapping
    }
  }

  /// Python's `capitalize`.
  var capitalized: Text {
    let lower = lowercased
    guard let first = scalars.first else { return self }
    let head = self[first.range].mapScalars { scalar, _ in scalar.properties.titlecaseMapping }
    let rest = lower[lower.scalars[0].range.upperBound..<lower.bytes.count]
    return head + rest
  }

  /// Python's `title`: letters behind no letter are capitals, the others small.
  var titled: Text {
    let all = scalars.map(\.scalar)
    return mapScalars { scalar, index in
      let followsLetter = index > 0 && all[index - 1].properties.isCased
      if !followsLetter { return scalar.properties.titlecaseMapping }
      return scalar == "\u{3A3}" && Self.isFinalSigma(at: index, in: all)
        ? "\u{3C2}" : scalar.properties.lowercaseMapping
    }
  }

  private static func isFinalSigma(at index: Int, in scalars: [Unicode.Scalar]) -> Bool {
    let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
    let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
    return before?.properties.isCased == true && after?.properties.isCased != true
  }
}

/// What other programs' prompts do to texts, in Python's way.
extension String {
  /// Python's `capitalize`: the first letter is a capital, all others are small.
  package var capitalizedAsInPython: String { Text(self).capitalized.string }

  /// Python's `strip`: without the white space at the ends.
  package var strippedAsInPython: String { Text(self).trimmed().string }

  /// Python's `rstrip`: without the white space at the end.
  package var endStrippedAsInPython: String { Text(self).trimmed(start: false).string }
}
