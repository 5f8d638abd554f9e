import Autograd
import Files

/// What a recipe says about an optimizer: its keys of `optimizer` besides those that every optimizer has.
package protocol OptimizerSettings: Sendable {
  /// The word that `optimizer.name` chooses it by.
  static var name: String { get }
  /// Bytes that are kept from step to step for each number of a parameter.
  var stateSize: Int { get }
  init(from section: inout SettingsSection)
  /// An optimizer of these parameters that has not taken a step; whatever it draws depends on `seed` and the step alone.
  func make(for parameters: [Parameter], seed: UInt64) -> any Optimizer
}

/// Changes parameters along their gradients.
package protocol Optimizer: AnyObject {
  /// How many updates have been made; set when a checkpoint is read.
  var stepCount: Int { get set }
  /// What is kept from step to step: for each kind, such as `exp_avg`, one moment a parameter, in the parameters' order.
  var state: [(kind: String, moments: [Moment])] { get }
  /// Takes one step with the given rate; every gradient is multiplied by `gradientScale` first. A parameter without a
  /// gradient is left alone.
  func step(_ gradients: Gradients, learningRate: Double, gradientScale: Double)
}
