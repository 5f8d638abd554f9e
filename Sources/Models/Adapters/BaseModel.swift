import Autograd

/// A model without its adapters: what it was before it was tuned, and so the reference that its preferences are compared with.
/// It shares every weight with the adapted model.
package struct BaseModel: LanguageModel, NamedParts {
  private let adapted: any LanguageModel
  private let base: BaseBackbone

  /// The base of `model`, whose adapters `state` switches.
  package init(of model: any LanguageModel, _ state: AdapterSwitch) {
    adapted = model
    base = BaseBackbone(adapted: model.backbone, state: state)
  }

  /// The names of the adapted model.
  var parts: [(name: String, part: Any?)] { [("", adapted)] }
  package var backbone: any Backbone { base }
  package var head: Head { Head(adapted.head.weight) }
}

extension LanguageModel {
  /// The model without its adapters; nil for one that has none, and for one of which other parts are trained, too.
  package var base: BaseModel? {
    guard let state = adapterSwitch, namedParameters.allSatisfy({ !$0.parameter.isTrained }) else { return nil }
    return BaseModel(of: self, state)
  }
}

/// The hidden states of the base.
private struct BaseBackbone: Backbone {
  let adapted: any Backbone
  let state: AdapterSwitch

  var vocabularySize: Int { adapted.vocabularySize }
  var maximumPositions: Int { adapted.maximumPositions }
  var cacheShape: (layers: Int, width: Int) { adapted.cacheShape }
  var dimensions: ModelDimensions { adapted.dimensions }
  func cacheVariant(reach: Int) -> Int { adapted.cacheVariant(reach: reach) }
  func rotationVariant(reach: Int) -> Int { adapted.rotationVariant(reach: reach) }

  func hiddenStates(
    _ tokens: [Int32], shape: Shape, attention: AttentionMode, recompute: Bool, noise: EmbeddingNoise?
  ) -> Tensor {
    let wasOn = state.isOn
    state.isOn = false
    defer { state.isOn = wasOn }
    // No gradient passes a base: a block that is recomputed later would find the adapters on.
    return adapted.hiddenStates(tokens, shape: shape, attention: attention, recompute: false, noise: noise).detached()
  }
}
