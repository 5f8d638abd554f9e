import Files

/// An object of a config.json whose keys are properties, each declared once.
package protocol KeyedConfiguration: Sendable {
  /// The keys, in the order in which they are read and written.
  static var keys: [ConfigurationKey<Self>] { get }
  /// The defaults; a property whose key has none is zero.
  init()
}

extension KeyedConfiguration {
  /// Reads the keys, strictly.
  mutating func read(from section: inout SettingsSection) {
    for key in Self.keys { key.read(&self, &section) }
  }

  /// The keys with their values.
  var members: [JSONMember] { Self.keys.compactMap { $0.write(self) } }
}

/// A key of a config.json: the property that holds its value, its type, its default and its meaning. The strict reader, the
/// writer and the recipe's reference use it.
package struct ConfigurationKey<Configuration: KeyedConfiguration>: Sendable {
  package typealias Property<Value> = WritableKeyPath<Configuration, Value> & Sendable

  /// Reads the key; nothing is read for one that is only written.
  let read: @Sendable (inout Configuration, inout SettingsSection) -> Void
  /// The member of a config.json; nil leaves the key out.
  let write: @Sendable (Configuration) -> JSONMember?

  /// A key that must be there. It may go by another name (`attribute_map` of a configuration in transformers).
  static func required<Value>(
    _ name: String, or alias: String? = nil, _ property: Property<Value>, _ type: SettingsType<Value>,
    _ meaning: String
  ) -> Self {
    Self(
      read: { configuration, section in
        let used = section.used(name, or: alias)
        configuration[keyPath: property] = section.required(used, type, meaning)
        section.checkOther(name, alias, used, type.write(configuration[keyPath: property]))
      }, write: { JSONMember(name, type.write($0[keyPath: property])) })
  }

  /// A key whose default is the value of the property in a new configuration, or what `defaults` has for the document's
  /// `model_type`. It may go by another name, and be `written` with another value.
  static func optional<Value>(
    _ name: String, or alias: String? = nil, _ property: Property<Value>, _ type: SettingsType<Value>,
    _ meaning: String, defaults: [String: Value] = [:],
    writing written: (@Sendable (Configuration) -> Value)? = nil
  ) -> Self {
    Self(
      read: { configuration, section in
        let fallback = section.text("model_type").flatMap { defaults[$0] } ?? Configuration()[keyPath: property]
        let used = section.used(name, or: alias)
        configuration[keyPath: property] = section.value(used, type, default: fallback, meaning)
        section.checkOther(name, alias, used, type.write(configuration[keyPath: property]))
      }, write: { JSONMember(name, type.write(written?($0) ?? $0[keyPath: property])) })
  }

  /// A key whose default follows from the keys before it; the meaning says how.
  static func derived<Value>(
    _ name: String, _ property: Property<Value>, _ type: SettingsType<Value>, _ meaning: String,
    from derive: @escaping @Sendable (Configuration, SettingsSection) -> Value
  ) -> Self {
    Self(
      read: { $0[keyPath: property] = $1.value(name, type, derived: derive($0, $1), meaning) },
      write: { JSONMember(name, type.write($0[keyPath: property])) })
  }

  /// A key that the architecture fixes: it is written as `value`, and read only as one of `accepted`. A key that matters
  /// `inTrainingOnly` may have any value in the configuration of a model that is read, which is remarked upon.
  static func fixed(
    _ name: String, _ value: JSONValue, accepting accepted: [JSONValue], inTrainingOnly: Bool = false,
    because reason: String
  ) -> Self {
    Self(
      read: { _, section in
        if inTrainingOnly {
          section.acceptForTraining(name, only: accepted, because: reason)
        } else {
          section.accept(name, only: accepted, because: reason)
        }
      },
      write: { _ in JSONMember(name, value) })
  }

  /// Keys that are read in a way of their own.
  static func read(_ read: @escaping @Sendable (inout Configuration, inout SettingsSection) -> Void) -> Self {
    Self(read: read, write: { _ in nil })
  }

  /// A key that is only written, for programs that want it; nil leaves it out.
  static func written(_ name: String, _ value: @escaping @Sendable (Configuration) -> JSONValue?) -> Self {
    Self(read: { _, _ in }, write: { configuration in value(configuration).map { JSONMember(name, $0) } })
  }
}

extension SettingsSection {
  /// The name that the document has a key by.
  fileprivate func used(_ name: String, or alias: String?) -> String {
    if let alias, has(alias), !has(name) { alias } else { name }
  }

  /// Where a key has two names, the one that is not `used` must say the same if it is there.
  fileprivate mutating func checkOther(_ name: String, _ alias: String?, _ used: String, _ value: JSONValue) {
    guard let alias else { return }
    accept(used == name ? alias : name, only: [value], because: "\"\(used)\" has that value")
  }
}
