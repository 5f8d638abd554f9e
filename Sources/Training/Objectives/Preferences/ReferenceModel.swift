import Files

/// The model that an objective compares with.
package enum ReferenceModel: Sendable, Equatable {
  /// The weights that training starts with.
  case start
  /// The model at a path.
  case stored(String)

  /// The keys about it, which preference objectives share.
  init(from section: inout SettingsSection) {
    let source = section.value(
      "reference", .string, default: "start", "The reference model: \"start\", the weights at the start, or a path")
    _ = section.value(
      "precompute_reference", .accepting(true), default: true,
      "The reference's log-probabilities are computed once, before training")
    self = source == "start" ? .start : .stored(source)
  }
}

extension SettingsType where Value == Bool {
  /// Only this value.
  fileprivate static func accepting(_ value: Bool) -> Self {
    Self(
      "\(value)", placeholder: value, schema: ["const": JSONValue(value)], read: { $0.bool == value ? value : nil },
      write: { JSONValue($0) })
  }
}
