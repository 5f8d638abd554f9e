import Autograd
import Files

extension LanguageModel {
  /// Gives the linear layers that `configuration` names low-rank updates that change nothing yet, drawn from `seed`, and freezes
  /// everything else but the modules that it trains whole. Without a seed the updates are undefined, to be read from a file.
  ///
  /// - Throws: `.model` for names that are no linear layer's, and for what cannot be adapted.
  @discardableResult
  package func attach(_ configuration: AdapterConfiguration, seed: UInt64?) throws(Failure) -> AdapterSwitch {
    let state = AdapterSwitch()
    let targets = try AdapterTargets(configuration, of: self)
    freeze()
    for parameter in try targets.savedParameters() { parameter.isTrained = true }
    var generator = Generator(seed: seed ?? 0)
    for (number, target) in targets.layers.enumerated() {
      let adapter = LinearAdapter(
        configuration, target, state: state, number: number, start: seed == nil ? nil : { generator.next() })
      target.layer.slot.adapter = adapter
    }
    return state
  }

  /// The number of parameters that training with adapters changes.
  ///
  /// - Throws: what `attach` throws.
  package func trainedParameterCount(with configuration: AdapterConfiguration) throws(Failure) -> Int {
    let targets = try AdapterTargets(configuration, of: self)
    let saved = try targets.savedParameters().reduce(0) { $0 + $1.shape.count }
    return targets.layers.reduce(saved) { sum, target in
      let outputs = target.sections.reduce(0) { $0 + $1.outputs.count }
      let own = configuration.rank * (target.sections.count * target.layer.inputs + outputs)
      return sum + own + (configuration.learnsMagnitudes ? outputs : 0)
    }
  }

  /// Adds the updates to the weights and detaches the adapters. The model is then a whole one of floats, all of which can be
  /// trained; one without adapters stays as it is.
  package func mergeAdapters() {
    let adapted = linears.filter { $0.layer.slot.adapter != nil }
    if adapted.isEmpty { return }
    for (_, layer) in adapted {
      layer.weight.unpack()
      layer.slot.adapter?.merge(into: layer)
      layer.slot.adapter = nil
    }
    for parameter in parameters {
      parameter.unpack()
      parameter.isTrained = true
    }
  }

  /// What switches the adapters; nil without any.
  package var adapterSwitch: AdapterSwitch? { linears.lazy.compactMap(\.layer.slot.adapter).first?.state }

  /// The parameters that are trained. Those of adapters, which come first, have the names of PEFT's files but for the prefix
  /// `base_model.model.`.
  package var trainedParameters: [NamedParameter] {
    linears.flatMap { path, layer in layer.slot.adapter?.named(path, layer) ?? [] }
      + namedParameters.filter(\.parameter.isTrained)
  }
}

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

extension LinearAdapter {
  /// Every parameter, in the order of their names.
  var parameters: [Parameter] {
    [down] + updates.flatMap { [$0.up] + ($0.magnitude.map { [$0] } ?? []) }
  }

  /// An adapter of the matrices of `target`; `start` draws seeds, without it the matrices are undefined.
  convenience init(
    _ configuration: AdapterConfiguration, _ target: AdapterTargets.Target, state: AdapterSwitch, number: Int,
    start: (() -> UInt64)?
  ) {
    let (rank, inputs) = (configuration.rank, target.layer.inputs)
    let names = target.sections.map { Parameter.Section("\($0.name).lora_A", rows: rank) }
    let down = Parameter(undefined: [rank * names.count, inputs], sections: names)
    if let start {
      var generator = Generator(seed: start())
      let value =
        switch configuration.start {
        case .uniform:
          generator.uniform(down.shape, in: -1 / Float(inputs).squareRoot()...1 / Float(inputs).squareRoot())
        case .gaussian: generator.normal(down.shape, deviation: 1 / Float(rank))
        }
      down.mutableBuffer.assign(value.elements)
    }
    let updates = target.sections.map { section in
      Update(
        outputs: section.outputs, up: Parameter(zeros: [section.outputs.count, rank]),
        magnitude: configuration.learnsMagnitudes ? Parameter(zeros: [section.outputs.count]) : nil)
    }
    self.init(configuration, down: down, updates: updates, state: state, number: number)
    if configuration.learnsMagnitudes, start != nil { setMagnitudes(target.layer) }
  }

  /// The matrices by their names in PEFT's files, which the layer at `path` gives them.
  fileprivate func named(_ path: [String], _ layer: Linear) -> [NamedParameter] {
    let rank = down.shape[0] / updates.count
    let sections = layer.sections(at: path)
    return updates.enumerated().flatMap { index, update -> [NamedParameter] in
      let path = sections.first { $0.outputs == update.outputs }!.path
      let magnitude = update.magnitude.map {
        NamedParameter(name: "\(path).lora_magnitude_vector", parameter: $0, rows: 0..<$0.shape[0])
      }
      return [
        NamedParameter(name: "\(path).lora_A.weight", parameter: down, rows: index * rank..<(index + 1) * rank),
        NamedParameter(name: "\(path).lora_B.weight", parameter: update.up, rows: 0..<update.up.shape[0]),
      ] + (magnitude.map { [$0] } ?? [])
    }
  }
}
