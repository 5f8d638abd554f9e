import Autograd
import Files

/// The linear layers of a model that a configuration names.
struct AdapterTargets {
  /// A matrix of a layer, and the outputs that it gives.
  typealias Section = (name: String, path: String, outputs: Range<Int>)

  /// A layer and which of the matrices that it stacks are adapted.
  struct Target {
    let path: [String]
    let layer: Linear
    /// The names and outputs of those matrices.
    let sections: [Section]
  }

  let layers: [Target]
  let model: any LanguageModel
  let configuration: AdapterConfiguration

  init(_ configuration: AdapterConfiguration, of model: any LanguageModel) throws(Failure) {
    (self.configuration, self.model) = (configuration, model)
    try configuration.checkExpressions(on: model.linears.flatMap { $1.sections(at: $0).map(\.path) })
    let names = try NamePattern(configuration.targets)
    var layers: [Target] = []
    var found: [String] = []
    for (path, layer) in model.linears {
      let isHead = layer.weight === model.head.weight
      let sections = layer.sections(at: path).filter { names.matches($0.path, isHead: isHead) }
      guard !sections.isEmpty else { continue }
      found += sections.map(\.path)
      if isHead, configuration.tiesSavedModules, model.tiedHead != nil {
        throw Failure(
          .model, "the embedding is the head, too, and would be adapted with it", at: found.last!,
          notes: ["\"ensure_weight_tying\": false adapts the head alone"])
      }
      let adapted = sections.filter { configuration.adapts($0.path) }
      if !adapted.isEmpty { layers.append(Target(path: path, layer: layer, sections: adapted)) }
    }
    self.layers = layers
    let missing = names.unmatched(found)
    guard missing.isEmpty, !found.isEmpty else {
      let all = Set(model.linears.flatMap { path, layer in layer.sections(at: path).map(\.name) }).sorted()
      var notes = ["the model's linear layers end in \(all.joined(separator: ", "))"]
      if case .pattern(let text) = configuration.targets, all.contains(text) {
        notes.append("as a string it is a pattern for whole names: a list, [\"\(text)\"], has their ends")
      }
      throw Failure(.model, "adapter.target_modules matches no linear layer", at: missing.first, notes: notes)
    }
    guard !layers.isEmpty else {
      throw Failure(
        .model, "no layer is left to adapt", at: found.first,
        notes: ["exclude_modules, layers_to_transform and modules_to_save take away what target_modules names"])
    }
    try checkPatterns()
    if configuration.start.isPrincipal { try checkRanks() }
  }

  /// Refuses a rank that a matrix does not have, whose principal part updates are to begin as.
  private func checkRanks() throws(Failure) {
    for (layer, section) in layers.flatMap({ target in target.sections.map { (target.layer, $0) } }) {
      let (rank, largest) = (configuration.rank(at: section.path), min(layer.inputs, section.outputs.count))
      guard rank > largest else { continue }
      throw Failure(
        .model, "a matrix has fewer singular values than the r of init_lora_weights \"pissa\"", at: section.path,
        notes: ["it has \(largest), r is \(rank)", "choose a smaller r, or leave the matrix out of target_modules"])
    }
  }

  /// Refuses a pattern that says something of no layer: it is misspelt.
  private func checkPatterns() throws(Failure) {
    let paths = layers.flatMap { $0.sections.map(\.path) }
    let unused =
      configuration.ranks.first { pattern in !paths.contains(where: pattern.matches) }.map { ("rank", $0.pattern) }
      ?? configuration.alphas.first { pattern in !paths.contains(where: pattern.matches) }.map { ("alpha", $0.pattern) }
    guard let (key, pattern) = unused else { return }
    throw Failure(
      .model, "adapter.\(key)_pattern matches no layer that is adapted", at: pattern,
      notes: ["such as \(paths.first ?? "none")"])
  }

  /// The parameters of the modules that are trained whole.
  func savedParameters() throws(Failure) -> [Parameter] {
    var parameters: [Parameter] = []
    let named = model.namedParameters + (model.tiedHead.map { [$0] } ?? [])
    for module in configuration.savedModules {
      let own = named.filter { $0.name.hasSuffix(".weight") || $0.name.hasSuffix(".bias") }.filter {
        $0.name.split(separator: ".").dropLast().joined(separator: ".").hasSuffix(module)
      }
      guard !own.isEmpty else { throw isNotSaved(module) }
      for part in own {
        guard part.parameter.sections.isEmpty else {
          throw Failure(
            .model, "a matrix that is computed together with others cannot be trained whole", at: part.name,
            notes: ["adapt it: name it in adapter.target_modules"])
        }
        guard configuration.tiesSavedModules || part.parameter !== model.tiedHead?.parameter else {
          throw Failure(
            .model, "the embedding is the head, too, and PEFT would train two copies of it", at: part.name,
            notes: ["\"ensure_weight_tying\": true trains the one that it is"])
        }
        if !parameters.contains(where: { $0 === part.parameter }) { parameters.append(part.parameter) }
      }
    }
    return parameters
  }

  /// The failure of a name of `modules_to_save` that no module with weights of its own has.
  private func isNotSaved(_ module: String) -> Failure {
    let holder = model.namedParameters.lazy.map { $0.name.split(separator: ".") }.first { words in
      words.indices.dropLast().contains { words[...$0].joined(separator: ".").hasSuffix(module) }
    }
    return holder.map { words in
      Failure(
        .model, "adapter.modules_to_save names a module that holds others", at: module,
        notes: ["such as \(words.joined(separator: ".")): name the modules that have the weights"])
    } ?? Failure(.model, "adapter.modules_to_save names no module of the model", at: module)
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
    guard let expression = Regex(name: pattern) else {
      throw Failure(
        .model, "adapter.target_modules is no regular expression that is known here", at: pattern,
        notes: ["(?<=...) and (?<!...) are not: list the names, or take some away with exclude_modules"])
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
  func sections(at path: [String]) -> [AdapterTargets.Section] {
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
