import Files

/// What the configuration of an adapter says of one model.
extension LanguageModel {
  /// Whether the weights of an adapter with one configuration mean the same with the other: the same matrices have updates of the same
  /// ranks and scales, and the same modules are trained whole, however the two name them.
  ///
  /// - Throws: what `attach` throws.
  package func hasSameWeights(
    with one: AdapterConfiguration, _ other: AdapterConfiguration
  ) throws(Failure) -> Bool {
    let (own, others) = (try updates(with: one), try updates(with: other))
    let (saved, othersSaved) = (try savedNames(with: one), try savedNames(with: other))
    return own == others && saved == othersSaved && one.learnsMagnitudes == other.learnsMagnitudes
      && one.start.isPrincipal == other.start.isPrincipal
  }

  /// The rank and the scale of each matrix that has an update.
  private func updates(with configuration: AdapterConfiguration) throws(Failure) -> [String: [Double]] {
    let sections = try AdapterTargets(configuration, of: self).layers.flatMap(\.sections)
    return Dictionary(
      uniqueKeysWithValues: sections.map { section in
        (section.path, [Double(configuration.rank(at: section.path)), configuration.scale(at: section.path)])
      })
  }

  /// A `configuration` of PEFT's without the names and patterns of what the model does not have, and those: PEFT passes over them
  /// where another name of `target_modules` is a layer's.
  ///
  /// - Throws: what `attach` throws.
  package func passingOverNames(
    of configuration: AdapterConfiguration
  ) throws(Failure) -> (configuration: AdapterConfiguration, names: [String]) {
    try configuration.checkExpressions(on: linears.flatMap { path, layer in layer.sections(at: path).map(\.path) })
    let modules = modulePaths
    var (own, names) = (configuration, [String]())
    if case .names(let targets) = configuration.targets {
      let known = targets.filter { name in modules.contains { $0 == name || $0.hasSuffix("." + name) } }
      if !known.isEmpty {
        own.targets = .names(known)
        names += targets.filter { !known.contains($0) }
      }
    }
    own.savedModules = configuration.savedModules.filter { name in modules.contains { $0.hasSuffix(name) } }
    names += configuration.savedModules.filter { !own.savedModules.contains($0) }
    (own.ranks, own.alphas) = ([], [])
    let adapted = try AdapterTargets(own, of: self).layers.flatMap(\.sections).map(\.path)
    own.ranks = configuration.ranks.filter { adapted.contains(where: $0.matches) }
    own.alphas = configuration.alphas.filter { adapted.contains(where: $0.matches) }
    names += configuration.ranks.filter { !own.ranks.contains($0) }.map(\.pattern)
    names += configuration.alphas.filter { !own.alphas.contains($0) }.map(\.pattern)
    return (own, names)
  }

  /// The names of all modules that have parameters or hold others that do.
  private var modulePaths: Set<String> {
    var paths: Set<String> = []
    for named in namedParameters + (tiedHead.map { [$0] } ?? []) {
      let words = named.name.split(separator: ".").dropLast()
      for last in words.indices { paths.insert(words[...last].joined(separator: ".")) }
    }
    return paths
  }
}
