import Autograd
import Files

/// What training with adapters takes of a model, in numbers.
package struct AdapterSizes: Sendable, Equatable {
  /// The parameters that are trained.
  package let trained: Int
  /// The numbers that are kept for each token in all blocks together, beyond what is kept without: where magnitudes are learnt the
  /// outputs before they are scaled, and inputs with some of them dropped.
  package let activations: Int
  /// The numbers of the head's matrix side by side with its update, as the losses take it, and as many of its gradient; 0 where the
  /// head is not adapted.
  package let head: Int
}

extension LanguageModel {
  /// What training with adapters of `configuration` takes.
  ///
  /// - Throws: what `attach` throws.
  package func adapterSizes(with configuration: AdapterConfiguration) throws(Failure) -> AdapterSizes {
    let targets = try AdapterTargets(configuration, of: self)
    return AdapterSizes(
      trained: try targets.trainedCount(), activations: targets.activations, head: targets.headSize)
  }
}

extension AdapterTargets {
  fileprivate func trainedCount() throws(Failure) -> Int {
    let saved = try savedParameters().reduce(0) { $0 + $1.shape.count }
    return layers.reduce(saved) { sum, target in
      target.sections.reduce(sum) { sum, section in
        let (outputs, rank) = (section.outputs.count, configuration.rank(at: section.path))
        return sum + rank * (target.layer.inputs + outputs) + (configuration.learnsMagnitudes ? outputs : 0)
      }
    }
  }

  fileprivate var activations: Int {
    layers.reduce(0) { sum, target in
      if isHead(target) { return sum }
      return sum + (configuration.learnsMagnitudes ? target.layer.outputs : 0)
        + (configuration.dropout > 0 ? target.layer.inputs : 0)
    }
  }

  fileprivate var headSize: Int {
    guard let target = layers.first(where: isHead) else { return 0 }
    let isDoubled = configuration.learnsMagnitudes && configuration.dropout > 0
    let columns = (isDoubled ? 2 : 1) * target.layer.inputs + configuration.rank(at: target.sections[0].path)
    return 2 * target.layer.outputs * columns
  }

  private func isHead(_ target: Target) -> Bool { target.layer.weight === model.head.weight }
}
