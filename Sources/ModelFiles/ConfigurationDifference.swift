import Files
import Models

extension ModelConfiguration {
  /// The first key in which `other` describes a model that computes something else; nil where both are the same. Numbers are
  /// compared as floats, and the scaling of rotary wavelengths by what it leads to.
  func firstDifference(from other: any ModelConfiguration) -> String? {
    let (members, others) = (json.object ?? [], other.json)
    let ignored = ["initializer_range", "rope_scaling", "original_max_position_embeddings", "pad_token_id"]
    for member in members where !ignored.contains(member.key) {
      guard let value = others[member.key], value == member.value || Self.isSameNumber(value, member.value) else {
        return member.key
      }
    }
    let (own, theirs) = (ropeFactors, other.ropeFactors)
    for index in 0..<max(own?.count ?? 0, theirs?.count ?? 0) {
      let (factor, another) = (own?[index] ?? 1, theirs?[index] ?? 1)
      if abs(factor - another) > 1e-6 * factor { return "rope_scaling" }
    }
    return nil
  }

  private static func isSameNumber(_ one: JSONValue, _ other: JSONValue) -> Bool {
    guard let one = one.double, let other = other.double else { return false }
    return Float(one) == Float(other)
  }
}
