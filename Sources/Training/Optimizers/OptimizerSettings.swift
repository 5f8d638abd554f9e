import Files

/// What a recipe says about an optimizer: its keys of `optimizer` besides those that every optimizer has.
package protocol OptimizerSettings: Sendable {
  /// The word that `optimizer.name` chooses it by.
  static var name: String { get }
  init(from section: inout SettingsSection)
}
