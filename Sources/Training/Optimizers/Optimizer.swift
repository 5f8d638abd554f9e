import Autograd
import Files

/// What a recipe says about an optimizer: its keys of `optimizer` besides those that every optimizer has.
package protocol OptimizerSettings: Sendable {
  /// The word that `optimizer.name` chooses it by.
  static var name: String { get }
  /// Bytes that are kept from step to step for each number of a parameter.
  var stateSize: Int { get }
  /// Whether each number is updated by its own gradient and moments alone, so that parts of a parameter can be updated in
  /// different processes.
  var isElementwise: Bool { get }
  init(from section: inout SettingsSection)
  /// An optimizer of these parts of parameters that has not taken a step; whatever it draws depends on `seed`, the step, and the
  /// place of a number in its parameter alone.
  func make(for parts: [ParameterPart], seed: UInt64) -> any Optimizer
}

extension OptimizerSettings {
  package var isElementwise: Bool { false }

  /// An optimizer of whole parameters.
  package func make(for parameters: [Parameter], seed: UInt64) -> any Optimizer {
    make(for: parameters.enumerated().map { ParameterPart(whole: $1, number: $0) }, seed: seed)
  }
}

/// Numbers of a parameter that an optimizer updates: all of them, or a run of those that lie side by side.
package struct ParameterPart {
  package let parameter: Parameter
  /// The parameter's number in the optimizer's order.
  package let number: Int
  /// Which of its numbers they are, row-major.
  package let range: Range<Int>

  package init(_ parameter: Parameter, number: Int, range: Range<Int>) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= parameter.shape.count,
      "\(range) of a parameter of \(parameter.shape)")
    (self.parameter, self.number, self.range) = (parameter, number, range)
  }

  /// All numbers of a parameter.
  package init(whole parameter: Parameter, number: Int) {
    self.init(parameter, number: number, range: 0..<parameter.shape.count)
  }

  /// The lengths of the axes of a whole parameter, or the number of the numbers.
  package var shape: Shape { range.count == parameter.shape.count ? parameter.shape : [range.count] }
}

/// Changes parameters along their gradients.
package protocol Optimizer: AnyObject {
  /// How many updates have been made; set when a checkpoint is read.
  var stepCount: Int { get set }
  /// What is kept from step to step: for each kind, such as `exp_avg`, one moment a part, in the parts' order.
  var state: [(kind: String, moments: [Moment])] { get }
  /// Takes one step with the given rate; every gradient is multiplied by `gradientScale` first. A parameter without a
  /// gradient is left alone.
  func step(_ gradients: Gradients, learningRate: Double, gradientScale: Double)
}
