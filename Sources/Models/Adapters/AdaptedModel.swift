import Autograd
import Files

extension LanguageModel {
  /// Gives the linear layers that `configuration` names low-rank updates that change nothing yet, drawn from `seed` or computed
  /// from the weights, and freezes everything else but the modules that it trains whole. Without a seed the updates are
  /// undefined, to be read from a file.
  ///
  /// - Throws: `.model` for names that are no linear layer's, and for what cannot be adapted.
  @discardableResult
  package func attach(_ configuration: AdapterConfiguration, seed: UInt64?) throws(Failure) -> AdapterSwitch {
    if seed != nil { try configuration.checkStart() }
    let state = AdapterSwitch()
    let targets = try AdapterTargets(configuration, of: self)
    freeze()
    for parameter in try targets.savedParameters() { parameter.isTrained = true }
    var generator = Generator(seed: seed ?? 0)
    for (number, target) in targets.layers.enumerated() {
      let adapter = LinearAdapter(configuration, target, state: state, number: number)
      target.layer.slot.adapter = adapter
      if seed != nil { adapter.draw(configuration.start, seed: generator.next()) }
    }
    guard seed != nil else { return state }
    if configuration.start.isPrincipal { try computePrincipalParts(alsoUpdates: true) }
    for target in targets.layers where configuration.learnsMagnitudes {
      target.layer.slot.adapter!.setMagnitudes(target.layer)
    }
    return state
  }

  /// The names of the weights of the modules that `configuration` trains whole.
  ///
  /// - Throws: what `attach` throws.
  package func savedNames(with configuration: AdapterConfiguration) throws(Failure) -> Set<String> {
    let saved = try AdapterTargets(configuration, of: self).savedParameters()
    return Set(namedParameters.filter { named in saved.contains { $0 === named.parameter } }.map(\.name))
  }

  /// Adds the updates to the weights and detaches the adapters. The model is then a whole one of floats, all of which can be
  /// trained; one without adapters stays as it is.
  ///
  /// - Throws: `.model` for an update of a head that is the embedding, too.
  package func mergeAdapters() throws(Failure) {
    let adapted = linears.filter { $0.layer.slot.adapter != nil }
    if adapted.isEmpty { return }
    if cannotMerge, let head = tiedHead { throw .isNotMerged(head) }
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

  /// Refuses a `configuration` whose adapters could not be merged, before there are any.
  ///
  /// - Throws: what `attach` and `mergeAdapters` throw.
  package func checkMerge(of configuration: AdapterConfiguration) throws(Failure) {
    guard let head = tiedHead else { return }
    let layers = try AdapterTargets(configuration, of: self).layers
    if layers.contains(where: { $0.layer.weight === head.parameter }) { throw .isNotMerged(head) }
  }

  /// What switches the adapters; nil without any.
  package var adapterSwitch: AdapterSwitch? { linears.lazy.compactMap(\.layer.slot.adapter).first?.state }

  /// The parameters that are trained. Those of adapters, which come first, have the names of PEFT's files but for the prefix
  /// `base_model.model.`.
  package var trainedParameters: [NamedParameter] {
    linears.flatMap { path, layer in layer.slot.adapter.map { $0.named($0.stacks, path, layer) } ?? [] }
      + namedParameters.filter(\.parameter.isTrained)
  }

  /// What the updates are multiplied by, stack by stack; empty without adapters.
  package var updateScales: [Float] {
    linears.flatMap { _, layer in layer.slot.adapter?.stacks.map(\.scale) ?? [] }
  }

  /// What the updates began as, by the names of `trainedParameters`; empty where the base is the model without them.
  package var originalUpdates: [NamedParameter] {
    linears.flatMap { path, layer in layer.slot.adapter.map { $0.named($0.origins, path, layer) } ?? [] }
  }

  /// Lets updates of twice the rank, whose base is the model without them, take the place of those that have another one, as
  /// PEFT converts them: B A - B0 A0 = [B, -B0] [A; A0].
  ///
  /// - Returns: their configuration; the same where nothing had to be done.
  package func makeUpdatesPlain(_ configuration: AdapterConfiguration) throws(Failure) -> AdapterConfiguration {
    guard configuration.start.isPrincipal else { return configuration }
    let plain = configuration.plain
    let old = linears.map { $0.layer.slot.adapter }
    try attach(plain, seed: nil)
    for ((_, layer), old) in zip(linears, old) {
      guard let adapter = layer.slot.adapter, let old else { continue }
      adapter.assign(old.changes, magnitudes: old.updates.map(\.magnitude))
    }
    return plain
  }
}

extension Failure {
  fileprivate static func isNotMerged(_ head: NamedParameter) -> Failure {
    Failure(
      .model, "the adapter of the head cannot be merged: the head is the embedding, too", at: head.name,
      notes: ["merged, it would change both; `train export --to peft` keeps it apart"])
  }
}

extension LinearAdapter {
  /// Every parameter that is trained, in the order of their names.
  var parameters: [Parameter] {
    stacks.flatMap { stack in
      [stack.down] + stack.updates.flatMap { [$0.up] + ($0.magnitude.map { [$0] } ?? []) }
    }
  }

  /// An adapter of the matrices of `target`, whose A is undefined and whose B is zero.
  convenience init(
    _ configuration: AdapterConfiguration, _ target: AdapterTargets.Target, state: AdapterSwitch, number: Int
  ) {
    // Of one rank and one scale each, which is all of them unless patterns say otherwise.
    var groups: [[AdapterTargets.Section]] = []
    for section in target.sections {
      let group = groups.firstIndex {
        configuration.rank(at: $0[0].path) == configuration.rank(at: section.path)
          && configuration.scale(at: $0[0].path) == configuration.scale(at: section.path)
      }
      if let group { groups[group].append(section) } else { groups.append([section]) }
    }
    func stacks(isTrained: Bool) -> [Stack] {
      groups.map { Stack(configuration, $0, inputs: target.layer.inputs, isTrained: isTrained) }
    }
    self.init(
      stacks: stacks(isTrained: true), origins: configuration.start.isPrincipal ? stacks(isTrained: false) : [],
      dropout: configuration.dropout, state: state, number: number)
  }

  /// Draws the A of all updates.
  func draw(_ start: AdapterConfiguration.Start, seed: UInt64) {
    var generator = Generator(seed: seed)
    for stack in stacks {
      let (shape, bound) = (stack.down.shape, 1 / Float(stack.down.shape[1]).squareRoot())
      switch start {
      case .uniform: stack.down.mutableBuffer.assign(generator.uniform(shape, in: -bound...bound).elements)
      case .gaussian:
        stack.down.mutableBuffer.assign(generator.normal(shape, deviation: 1 / Float(stack.rank)).elements)
      case .principal, .foreign: break
      }
    }
  }

  /// Takes over the changes of another adapter, of which the ranks are those of this one.
  fileprivate func assign(_ changes: [Change], magnitudes: [Parameter?]) {
    var (changes, magnitudes) = (changes[...], magnitudes[...])
    for stack in stacks {
      var downs: [Float] = []
      for update in stack.updates {
        let change = changes.removeFirst()
        downs += change.down.elements
        update.up.mutableBuffer.assign(change.up.elements)
        if let magnitude = magnitudes.removeFirst() { update.magnitude!.mutableBuffer.assign(magnitude.value.elements) }
      }
      stack.down.mutableBuffer.assign(downs)
    }
  }

  /// The matrices of some of the stacks by their names in PEFT's files, which the layer at `path` gives them.
  fileprivate func named(_ stacks: [Stack], _ path: [String], _ layer: Linear) -> [NamedParameter] {
    let sections = layer.sections(at: path)
    return stacks.flatMap { stack in
      stack.updates.enumerated().flatMap { index, update -> [NamedParameter] in
        let path = sections.first { $0.outputs == update.outputs }!.path
        let magnitude = update.magnitude.map {
          NamedParameter(name: "\(path).lora_magnitude_vector", parameter: $0, rows: 0..<$0.shape[0])
        }
        let rows = index * stack.rank..<(index + 1) * stack.rank
        return [
          NamedParameter(name: "\(path).lora_A.weight", parameter: stack.down, rows: rows),
          NamedParameter(name: "\(path).lora_B.weight", parameter: update.up, rows: 0..<update.up.shape[0]),
        ] + (magnitude.map { [$0] } ?? [])
      }
    }
  }
}

extension LinearAdapter.Stack {
  /// The updates of matrices that have one rank and one scale; those that are not trained have no magnitudes.
  fileprivate init(
    _ configuration: AdapterConfiguration, _ sections: [AdapterTargets.Section], inputs: Int, isTrained: Bool
  ) {
    let (rank, scale) = (configuration.rank(at: sections[0].path), configuration.scale(at: sections[0].path))
    let names = sections.map { Parameter.Section("\($0.name).lora_A", rows: rank) }
    let hasMagnitudes = configuration.learnsMagnitudes && isTrained
    self.init(
      down: Parameter(undefined: [rank * names.count, inputs], sections: names),
      updates: sections.map { section in
        LinearAdapter.Update(
          outputs: section.outputs, up: Parameter(zeros: [section.outputs.count, rank]),
          magnitude: hasMagnitudes ? Parameter(zeros: [section.outputs.count]) : nil)
      }, scale: Float(scale))
    down.isTrained = isTrained
    for update in updates { update.up.isTrained = isTrained }
  }
}
