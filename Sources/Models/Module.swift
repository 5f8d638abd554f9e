import Autograd
import Kernels

/// A part of a model: parameters and further modules, found by their property names.
public protocol Module {}

/// A module whose parts have names of the architecture's, not those of its properties.
protocol NamedParts: Module {
  /// The names, as checkpoints have them, and the parts: parameters, modules, lists of modules, and nil for one that is not
  /// there.
  var parts: [(name: String, part: Any?)] { get }
}

/// A parameter, or a section of one, under the name it has in a checkpoint.
public struct NamedParameter {
  /// The tensor name of Hugging Face's checkpoints.
  public let name: String
  /// The parameter that holds the values.
  public let parameter: Parameter
  /// The first row of the part of the parameter that has this name, and how many rows there are.
  public let rows: Range<Int>

  /// The lengths of the axes.
  public var shape: Shape { parameter.shape.part(rows).shape }

  /// The values under this name; they share the parameter's storage, unless that is of few bits.
  public var value: Tensor { parameter.value(ofRows: rows) }

  /// The values under this name, for a kernel or a file to write.
  package var mutableBuffer: MutableBuffer {
    let (start, shape) = parameter.shape.part(rows)
    return parameter.mutableBuffer[start..<start + shape.count]
  }

  /// The same part of another tensor of the parameter's shape, such as its gradient; it shares that tensor's storage.
  package func part(of tensor: Tensor) -> Tensor {
    precondition(tensor.shape == parameter.shape, "\(tensor.shape) is not of the shape \(parameter.shape) of \(name)")
    let (start, shape) = tensor.shape.part(rows)
    return Tensor(storage: tensor.storage, offset: tensor.offset + start, shape: shape)
  }
}

extension Module {
  /// Every parameter with its checkpoint name, in the order of declaration; a parameter in two places is listed once.
  ///
  /// A name is the path of property names in snake case (`selfAttn.oProj.weight` is `self_attn.o_proj.weight`). The sections
  /// of a stacked parameter take the place of the layer that holds it.
  public var namedParameters: [NamedParameter] {
    var result: [NamedParameter] = []
    var seen: Set<ObjectIdentifier> = []
    walk(self, path: []) { path, part in
      guard let parameter = part as? Parameter, seen.insert(ObjectIdentifier(parameter)).inserted else { return }
      result += parameter.named(path)
    }
    return result
  }

  /// Every parameter once, in the order of declaration; those of adapters come last.
  public var parameters: [Parameter] {
    var result: [Parameter] = []
    var seen: Set<ObjectIdentifier> = []
    walk(self, path: []) { _, part in
      if let parameter = part as? Parameter, seen.insert(ObjectIdentifier(parameter)).inserted {
        result.append(parameter)
      }
    }
    return result + linears.flatMap { $0.layer.slot.adapter?.parameters ?? [] }
  }

  /// Every linear layer with the path of its name.
  var linears: [(path: [String], layer: Linear)] {
    var result: [(path: [String], layer: Linear)] = []
    walk(self, path: []) { path, part in
      if let layer = part as? Linear { result.append((path, layer)) }
    }
    return result
  }
}

extension Module {
  /// Freezes every parameter whose checkpoint name satisfies `condition`, all of them by default: training leaves them as they
  /// are. A parameter that stacks several matrices is frozen as a whole, so `condition` must say the same of all its names.
  public func freeze(where condition: (_ name: String) -> Bool = { _ in true }) {
    let named = namedParameters
    let others = named.filter { !condition($0.name) }
    for frozen in named where condition(frozen.name) {
      precondition(
        !others.contains { $0.parameter === frozen.parameter },
        "\(frozen.name) cannot be frozen without the rest of the parameter that it is a part of")
      frozen.parameter.isTrained = false
    }
  }

  /// How the operands of the products of the linear layers, of the head and of attention are rounded.
  package func setPrecision(_ precision: ProductPrecision) {
    for parameter in parameters { parameter.precision = precision }
  }

  /// The number of weights.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.shape.count } }

  /// The number of weights that training changes.
  public var trainedParameterCount: Int { parameters.reduce(0) { $0 + ($1.isTrained ? $1.shape.count : 0) } }
}

extension Module {
  /// The tables that vectors are looked up in.
  package var tables: [Parameter] {
    if let embedding = self as? Embedding { return [embedding.weight] }
    return Mirror(reflecting: self).children.flatMap { child in
      (child.value as? any Module)?.tables ?? (child.value as? [any Module])?.flatMap(\.tables) ?? []
    }
  }
}

/// Shows every module and parameter below `value` to `visit`, with the path of its name.
private func walk(_ value: Any, path: [String], _ visit: ([String], Any) -> Void) {
  let mirror = Mirror(reflecting: value)
  if value is any Module { visit(path, value) }
  if let parameter = value as? Parameter {
    visit(path, parameter)
  } else if mirror.displayStyle == .optional {
    for child in mirror.children { walk(child.value, path: path, visit) }
  } else if mirror.displayStyle == .collection {
    for (index, child) in mirror.children.enumerated() { walk(child.value, path: path + ["\(index)"], visit) }
  } else if let module = value as? any NamedParts {
    for (name, part) in module.parts {
      if let part { walk(part, path: name.isEmpty ? path : path + [name], visit) }
    }
  } else if value is any Module {
    for child in mirror.children { walk(child.value, path: path + [snakeCase(child.label ?? "")], visit) }
  }
}

/// `lnF` becomes `ln_f` and `ln1` becomes `ln_1`.
private func snakeCase(_ name: String) -> String {
  name.reduce(into: "") { result, character in
    if character.isUppercase || (character.isNumber && result.last?.isNumber == false) { result += "_" }
    result += character.lowercased()
  }
}

extension Parameter {
  fileprivate func named(_ path: [String]) -> [NamedParameter] {
    guard !sections.isEmpty else {
      return [NamedParameter(name: path.joined(separator: "."), parameter: self, rows: 0..<shape[0])]
    }
    var row = 0
    return sections.map { section in
      defer { row += section.rows }
      let name = path.dropLast(2) + [section.name, path.last!]
      return NamedParameter(name: name.joined(separator: "."), parameter: self, rows: row..<row + section.rows)
    }
  }
}
