import Files

/// What a recipe says about an objective: the keys of `objective` besides `name`.
package protocol ObjectiveSettings: Sendable {
  /// The word that `objective.name` chooses it by.
  static var name: String { get }
  /// The task whose examples it reads.
  static var task: Recipe.Task { get }
  init(from section: inout SettingsSection)
}
