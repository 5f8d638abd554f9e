import Files

/// The keys about the reference model that preference objectives share.
enum ReferenceSetting {
  /// The path of the reference model, nil for the weights that training starts with.
  static func read(from section: inout SettingsSection) -> String? {
    let source = section.value(
      "reference", .string, default: "start", "The reference model: \"start\", the weights at the start, or a path")
    _ = section.value(
      "precompute_reference", .accepting(true), default: true,
      "The reference's log-probabilities are computed once, before training")
    return source == "start" ? nil : source
  }
}

extension SettingsType where Value == Bool {
  /// Only this value.
  fileprivate static func accepting(_ value: Bool) -> Self {
    Self("\(value)", placeholder: value, read: { $0.bool == value ? value : nil }, write: { JSONValue($0) })
  }
}
