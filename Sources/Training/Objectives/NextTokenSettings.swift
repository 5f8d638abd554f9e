import Files

/// The mean cross-entropy of the next token over all tokens; it has no keys of its own.
package struct NextTokenSettings: ObjectiveSettings, Equatable {
  package static let name = "next_token"
  package static let task = Recipe.Task.pretrain

  package init(from section: inout SettingsSection) {}
}
