/// One object of a recipe or a model's config.json, read key by key and strictly.
///
/// Reading never stops: a value that is missing or wrong is noted as a problem and stands in as its type's placeholder,
/// so that one pass finds everything. What is read is also what is known: the keys nobody asked for are the unknown
/// ones, and the values together, defaults included, are the resolved document.
///
/// ```swift
/// init(from section: inout SettingsSection) {
///   warmupSteps = section.value("warmup_steps", .integer(from: 0), default: 0, "Steps over which the rate rises")
/// }
/// ```
package struct SettingsSection {
  /// The path to this section, keys joined by dots; empty for the whole document.
  package let path: String
  private let members: [JSONMember]
  private let line: Int
  private let decoder: SettingsDecoder
  private var known: [String] = []
  private var resolvedMembers: [JSONMember] = []
  /// Whether the section's own problem is noted already, so that nothing inside it is worth another.
  private var isSilent = false

  fileprivate init(path: String, members: [JSONMember], line: Int, decoder: SettingsDecoder) {
    self.path = path
    self.members = members
    self.line = line
    self.decoder = decoder
  }

  /// The whole of `document`, an object.
  init(_ document: JSONValue, decoder: SettingsDecoder) {
    self.init(path: "", members: document.object ?? [], line: max(1, document.line), decoder: decoder)
  }

  /// What has been read so far, defaults included.
  package var resolved: JSONValue { JSONValue(resolvedMembers) }

  // MARK: Values

  /// A key that must be there.
  package mutating func required<Value>(
    _ key: String, _ type: SettingsType<Value>, _ documentation: String
  ) -> Value {
    describe(key, type.expectation, type.schema, default: nil, isRequired: true, documentation)
    guard let member = present(key) else {
      note(
        Failure(
          decoder.area, "missing key \"\(full(key))\"", notes: ["expected \(type.expectation)", documentation]),
        for: key, line: line, missed: [full(key)])
      return type.placeholder
    }
    return read(member, type) ?? type.placeholder
  }

  /// A key that has a default.
  package mutating func value<Value>(
    _ key: String, _ type: SettingsType<Value>, default fallback: Value, _ documentation: String
  ) -> Value {
    describe(key, type.expectation, type.schema, default: type.write(fallback), isRequired: false, documentation)
    return read(key, type, else: fallback)
  }

  /// A key whose default follows from other keys; the documentation says how.
  package mutating func value<Value>(
    _ key: String, _ type: SettingsType<Value>, derived fallback: Value, _ documentation: String
  ) -> Value {
    describe(key, type.expectation, type.schema, default: nil, isRequired: false, documentation)
    return read(key, type, else: fallback)
  }

  /// A key that may be left out.
  package mutating func optional<Value>(
    _ key: String, _ type: SettingsType<Value>, _ documentation: String
  ) -> Value? {
    describe(key, type.expectation, type.schema, default: nil, isRequired: false, documentation)
    return present(key).flatMap { read($0, type) }
  }

  // MARK: Objects

  /// An object with keys of its own; left out, it has its defaults.
  package mutating func section<Value>(
    _ key: String, _ documentation: String, _ read: (inout SettingsSection) -> Value
  ) -> Value {
    describe(key, "an object", ["type": "object"], default: nil, isRequired: false, documentation)
    let member = present(key)
    if let member { decoder.lines[full(key)] = lineNumber(member) }
    if let member, member.value.object == nil { mismatch(member, "an object") }
    var inner = SettingsSection(
      path: full(key), members: member?.value.object ?? [], line: member.map(lineNumber) ?? line, decoder: decoder)
    inner.isSilent = isSilent || member.map { $0.value.object == nil } ?? false
    let value = read(&inner)
    inner.noteUnknownKeys()
    if !inner.resolvedMembers.isEmpty { resolvedMembers.append(JSONMember(key, inner.resolved)) }
    return value
  }

  /// An object whose presence alone has a meaning.
  package mutating func optionalSection<Value>(
    _ key: String, _ documentation: String, _ read: (inout SettingsSection) -> Value
  ) -> Value? {
    if present(key) == nil {
      describe(key, "an object", ["type": "object"], default: nil, isRequired: false, documentation)
      return nil
    }
    return section(key, documentation, read)
  }

  /// One of `kinds`, chosen by the name that `key` holds. The chosen one then reads its own keys from this section.
  package mutating func choice<Kind>(
    _ key: String, among kinds: [Kind], named name: (Kind) -> String, default fallback: String? = nil,
    _ documentation: String
  ) -> Kind {
    let names = kinds.map(name)
    let type = SettingsType.word(names)
    let chosen =
      fallback.map { value(key, type, default: $0, documentation) } ?? required(key, type, documentation)
    if decoder.isFaulty(full(key)) {
      if let word = present(key)?.value.string, let near = suggestion(for: word, among: names) {
        decoder.amend(full(key), note: "did you mean \"\(near)\"?")
      }
      isSilent = true
    }
    return kinds[names.firstIndex(of: chosen) ?? 0]
  }

  /// Leaves out all further problems where `key` has one: what the section should hold depends on it.
  package mutating func stop(atFaulty key: String) {
    if decoder.isFaulty(full(key)) { isSilent = true }
  }

  // MARK: Foreign keys

  /// Keys that are accepted because a pasted configuration has them, and that change nothing here.
  package mutating func ignore(_ keys: [String]) {
    known += keys
  }

  /// Accepts any key that is null: an option that the writer of a pasted configuration has and does not use.
  package mutating func ignoreNulls() {
    known += members.filter(\.value.isNull).map(\.key)
  }

  /// A key of a pasted configuration that is accepted only with a value that leaves the mathematics as they are.
  package mutating func accept(_ key: String, only values: [JSONValue], because reason: String) {
    known.append(key)
    guard let member = present(key), !values.contains(where: { $0.means(member.value) }) else { return }
    let words = values.filter { !$0.isNull }.map { $0.serialized() }
    note(
      Failure(
        decoder.area, "\"\(full(key))\" must be \(words.isEmpty ? "left out" : words.joined(separator: " or "))",
        notes: ["found \(member.value.found)", reason]),
      for: key, line: lineNumber(member))
  }

  /// A key that matters only while a model is trained: a recipe must leave it neutral, since it has no effect; a model
  /// that is read may have any value, which is noted.
  package mutating func acceptForTraining(_ key: String, only values: [JSONValue], because reason: String) {
    guard decoder.area == .model else { return accept(key, only: values, because: reason) }
    known.append(key)
    guard let member = present(key), !values.contains(where: { $0.means(member.value) }) else { return }
    decoder.remarks.append("\"\(full(key))\" (\(member.value.found)) has no effect here: \(reason)")
  }

  // MARK: Rules

  /// A condition on several keys of this section, named as `key` or `section.key`. It is not checked when one of them
  /// has a problem of its own; the error points at the first of them that the document has.
  package func rule(_ keys: String..., holds: @autoclosure () -> Bool, _ what: @autoclosure () -> String) {
    let paths = keys.map(full)
    if isSilent || paths.contains(where: decoder.isFaulty) || holds() { return }
    let path = paths.first { decoder.lines[$0] != nil } ?? paths[0]
    let isMissing = !paths.contains { decoder.lines[$0] != nil }
    decoder.note(
      Failure(decoder.area, what()), path: path, line: decoder.lines[path] ?? line, missed: isMissing ? paths : [])
  }

  /// Whether the document itself has the key, other than as null.
  package func has(_ key: String) -> Bool { present(key) != nil }

  /// Whether the document has the key as null, which means another thing than its absence to some programs.
  package func isNull(_ key: String) -> Bool { members.contains { $0.key == key && $0.value.isNull } }

  /// Whether this is the configuration of a model that exists, rather than a part of a recipe.
  package var describesModel: Bool { decoder.area == .model }

  /// The string that the document itself has for the key.
  package func text(_ key: String) -> String? { present(key)?.value.string }

  /// The integer that the document itself has for the key.
  package func integer(_ key: String) -> Int? { present(key)?.value.integral }

  /// Whether the document itself has true or false for the key.
  package func bool(_ key: String) -> Bool? { present(key)?.value.bool }

  // MARK: Inside

  private func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// The member called `key`; nil also where it is null.
  private func present(_ key: String) -> JSONMember? {
    members.first { $0.key == key && !$0.value.isNull }
  }

  private func lineNumber(_ member: JSONMember) -> Int { member.value.line == 0 ? 0 : member.line }

  private mutating func read<Value>(_ key: String, _ type: SettingsType<Value>, else fallback: Value) -> Value {
    guard let member = present(key) else {
      resolvedMembers.append(JSONMember(key, type.write(fallback)))
      return fallback
    }
    return read(member, type) ?? type.placeholder
  }

  private mutating func read<Value>(_ member: JSONMember, _ type: SettingsType<Value>) -> Value? {
    decoder.lines[full(member.key)] = lineNumber(member)
    guard let value = type.read(member.value) else {
      mismatch(member, type.expectation)
      return nil
    }
    resolvedMembers.append(JSONMember(member.key, type.write(value)))
    return value
  }

  private func mismatch(_ member: JSONMember, _ expectation: String) {
    var notes = ["found \(member.value.found)"]
    if let text = member.value.string, expectation.hasPrefix("a number") || expectation.hasPrefix("an integer"),
      let number = Double(text), number.isFinite
    {
      // On a command line there are no quotes to leave out of `.5`.
      let isJSON = (try? JSONValue.parse(Array(text.utf8), source: "", area: decoder.area))?.number != nil
      notes.append(
        isJSON ? "write the number without quotes" : "JSON writes this number as \(JSONValue.shortest(number))")
    }
    if let note = decoder.correct(full(member.key), member.value) { notes.append(note) }
    note(
      Failure(decoder.area, "\"\(full(member.key))\" must be \(expectation)", notes: notes), for: member.key,
      line: lineNumber(member))
  }

  private func note(_ failure: Failure, for key: String, line: Int, missed: [String] = []) {
    if isSilent {
      decoder.markFaulty(full(key))
    } else {
      decoder.note(failure, path: full(key), line: line, missed: missed)
    }
  }

  private mutating func describe(
    _ key: String, _ expectation: String, _ schema: JSONValue, default fallback: JSONValue?, isRequired: Bool,
    _ documentation: String
  ) {
    known.append(key)
    decoder.keys.append(
      SettingsKey(
        path: full(key), expectation: expectation, defaultValue: fallback, isRequired: isRequired,
        documentation: documentation, schema: schema))
  }

  /// Notes the members that nobody has asked for.
  func noteUnknownKeys() {
    if isSilent { return }
    for member in members where !known.contains(member.key) {
      decoder.unknown.append(
        .init(
          path: full(member.key), key: member.key, line: lineNumber(member), siblings: known,
          isNull: member.value.isNull, members: member.value.object?.map(\.key) ?? []))
    }
  }
}

extension JSONValue {
  /// Equality that treats `0` and `0.0` as equal.
  fileprivate func means(_ other: JSONValue) -> Bool {
    self == other || double.map { $0 == other.double } ?? false
  }
}
