import Autograd
import Files

/// The linear layers of a model that a configuration names.
struct AdapterTargets {
  /// A layer and which of the matrices that it stacks are adapted.
  struct Target {
    let path: [String]
    let layer: Linear
    /// The names and outputs of those matrices.
    let sections: [(name: String, outputs: Range<Int>)]
  }

  let layers: [Target]
  private let model: any LanguageModel
  private let configuration: AdapterConfiguration

  init(_ configuration: AdapterConfiguration, of model: any LanguageModel) throws(Failure) {
    (self.configuration, self.model) = (configuration, model)
    let names = try NamePattern(configuration.targets)
    var layers: [Target] = []
    var found: [String] = []
    for (path, layer) in model.linears {
      let isHead = layer.weight === model.head
      let sections = layer.sections(at: path).filter { names.matches($0.path, isHead: isHead) }
      guard !sections.isEmpty else { continue }
      found += sections.map(\.path)
      if isHead {
        throw Failure(
          .model, "the head cannot be adapted", at: found.last!,
          notes: ["take it out of adapter.target_modules; adapter.modules_to_save trains it whole"])
      }
      layers.append(Target(path: path, layer: layer, sections: sections.map { ($0.name, $0.outputs) }))
    }
    self.layers = layers
    let missing = names.unmatched(found)
    guard missing.isEmpty, !found.isEmpty else {
      let all = Set(model.linears.flatMap { path, layer in layer.sections(at: path).map(\.name) }).sorted()
      throw Failure(
        .model, "adapter.target_modules matches no linear layer", at: missing.first,
        notes: ["the model's linear layers end in \(all.joined(separator: ", "))"])
    }
  }

  /// The parameters of the modules that are trained whole.
  func savedParameters() throws(Failure) -> [Parameter] {
    var parameters: [Parameter] = []
    let named = model.namedParameters
    for module in configuration.savedModules {
      let own = named.filter { $0.name.hasSuffix(".weight") || $0.name.hasSuffix(".bias") }.filter {
        let path = $0.name.split(separator: ".").dropLast().joined(separator: ".")
        return path == module || path.hasSuffix("." + module)
      }
      guard !own.isEmpty else {
        throw Failure(.model, "adapter.modules_to_save names no module of the model", at: module)
      }
      for part in own {
        guard part.parameter.sections.isEmpty else {
          throw Failure(
            .model, "a matrix that is computed together with others cannot be trained whole", at: part.name,
            notes: ["adapt it: name it in adapter.target_modules"])
        }
        guard part.parameter !== model.head || !model.tables.contains(where: { $0 === part.parameter }) else {
          throw Failure(
            .model, "an embedding that is the head, too, is not trained whole beside adapters", at: part.name,
            notes: ["PEFT would train two copies of it; take it out of adapter.modules_to_save"])
        }
        parameters.append(part.parameter)
      }
    }
    return parameters
  }
}

/// Which names of layers are meant.
private struct NamePattern {
  private let targets: AdapterConfiguration.Targets
  private let expression: Regex<AnyRegexOutput>?

  init(_ targets: AdapterConfiguration.Targets) throws(Failure) {
    self.targets = targets
    guard case .pattern(let pattern) = targets else {
      expression = nil
      return
    }
    guard let expression = try? Regex(pattern) else {
      throw Failure(.model, "adapter.target_modules is no regular expression", at: pattern)
    }
    self.expression = expression
  }

  func matches(_ path: String, isHead: Bool) -> Bool {
    switch targets {
    case .allLinear: !isHead
    case .names(let names): names.contains { path == $0 || path.hasSuffix("." + $0) }
    case .pattern: (try? expression?.wholeMatch(in: path)) != nil
    }
  }

  /// The names that no layer has.
  func unmatched(_ found: [String]) -> [String] {
    guard case .names(let names) = targets else { return [] }
    return names.filter { name in !found.contains { $0 == name || $0.hasSuffix("." + name) } }
  }
}

extension Linear {
  /// The matrices of a checkpoint that the layer holds, by their names, and the outputs that each gives.
  func sections(at path: [String]) -> [(name: String, path: String, outputs: Range<Int>)] {
    let parent = path.dropLast()
    guard !weight.sections.isEmpty else {
      return [(path.last!, path.joined(separator: "."), 0..<outputs)]
    }
    var start = 0
    return weight.sections.map { section in
      defer { start += section.rows }
      return (section.name, (parent + [section.name]).joined(separator: "."), start..<start + section.rows)
    }
  }
}
