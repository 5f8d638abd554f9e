import Files
import Models
import Numerics

/// An adapter and how its base is kept in memory.
package struct AdaptedBase: Equatable, Sendable {
  /// What the frozen matrices of a base are kept as.
  package enum Form: Equatable, Sendable {
    case floats
    /// Rounded to a format; blocks of a file that are in it already are taken as they are.
    case rounded(WeightFormat)
    /// The blocks of a GGUF file, of whatever formats they are.
    case gguf
  }

  package var adapter: AdapterConfiguration
  package var form: Form

  private static let forms: [(name: String, form: Form)] = [
    ("bfloat16", .rounded(.bfloat16)), ("q8_0", .rounded(.q80)), ("q4_0", .rounded(.q40)), ("gguf", .gguf),
  ]

  package init(from section: inout SettingsSection) {
    _ = section.value("name", .word(["lora"]), default: "lora", "The kind of adapter")
    let word = section.optional(
      "quantize_base", .word(Self.forms.map(\.name)),
      "What frozen matrices are kept as; gguf: as the base, a GGUF file, has them; left out, float32")
    let form = Self.forms.first { $0.name == word }?.form ?? .floats
    let adapter = AdapterConfiguration(from: &section)
    section.rule(
      "quantize_base", "init_lora_weights",
      holds: !adapter.start.isPrincipal || [.floats, .rounded(.bfloat16)].contains(form),
      "init_lora_weights \"pissa\" needs a base of floats, as in PEFT: leave out quantize_base or make it bfloat16, or make "
        + "init_lora_weights true")
    (self.adapter, self.form) = (adapter, form)
  }

  /// An adapter beside floats.
  init(_ adapter: AdapterConfiguration) { (self.adapter, form) = (adapter, .floats) }

  package func json(base: String) -> JSONValue {
    var json = adapter.json(base: base)
    if let form = Self.forms.first(where: { $0.form == form }) { json["quantize_base"] = JSONValue(form.name) }
    return json
  }
}

extension StoredModel {
  /// How the weights are read to be the base of an adapter; nil for floats.
  ///
  /// - Throws: `.model` where blocks of a GGUF file are wanted of another one.
  package func packing(for settings: AdaptedBase) throws(Failure) -> Packing? {
    if settings.form == .gguf, !(weights is GGUFWeights) {
      throw Failure(
        .model, "quantize_base \"gguf\" keeps the blocks of a GGUF file, and the base is none", at: weights.path,
        notes: ["choose bfloat16, q8_0 or q4_0, or a GGUF file for model.from"])
    }
    let format: WeightFormat?
    switch settings.form {
    case .floats: return nil
    case .rounded(let own): format = own
    case .gguf: format = nil
    }
    let saved = try configuration.makeModel(seed: nil).savedNames(with: settings.adapter)
    return Packing(format) { !saved.contains($0) }
  }

  /// What is rounded a second time where `settings` ask for a format that a GGUF file has not; nil where nothing is.
  package func roundingNote(for settings: AdaptedBase) -> String? {
    guard case .rounded(let format) = settings.form, weights is GGUFWeights else { return nil }
    let formats = Set(weights.shapes.compactMap { weights.format(of: $0.name) }).filter {
      $0.blockCount > 1 && $0 != format
    }
    if formats.isEmpty { return nil }
    let names = formats.map(\.rawValue).sorted().joined(separator: ", ")
    return
      "matrices of \(names) are rounded again, to \(format.rawValue): quantize_base \"gguf\" keeps them as they are"
  }

  /// The bytes that a number of a frozen matrix takes in memory, and one of a table or of the head, on average.
  package func bytes(as settings: AdaptedBase) throws(Failure) -> (matrix: Double, table: Double) {
    guard let packing = try packing(for: settings) else { return (4, 4) }
    let model = configuration.makeModel(seed: nil)
    var (matrices, tables) = (StoredSize(), StoredSize())
    for named in model.namedParameters where named.shape.rank == 2 && packing.isFrozen(named.name) {
      let isTable = (model.tables + [model.head.weight]).contains { $0 === named.parameter }
      let (rows, columns) = (named.shape[0], named.shape[1])
      let format = packing.format(own: weights.format(of: named.name), columns: columns, isTable: isTable)
      let bytes = format.fits(columns) ? format.size(of: columns) : 4 * columns
      if isTable { tables.add(rows * columns, rows * bytes) } else { matrices.add(rows * columns, rows * bytes) }
    }
    return (matrices.ratio ?? 4, tables.ratio ?? 4)
  }
}

/// Numbers and the bytes that they take.
private struct StoredSize {
  private var numbers = 0.0
  private var bytes = 0.0

  mutating func add(_ numbers: Int, _ bytes: Int) {
    self.numbers += Double(numbers)
    self.bytes += Double(bytes)
  }

  var ratio: Double? { numbers > 0 ? bytes / numbers : nil }
}
