import Foundation

/// Numbers that remember how they were computed, one at a time: the slow, obvious form of reverse-mode differentiation.
package final class Tape {
  /// A number on the tape.
  package struct Number {
    fileprivate let index: Int
  }

  private var values: [Double] = []
  /// What each number was computed from, and its derivative with respect to that.
  private var inputs: [Int32] = []
  private var derivatives: [Double] = []
  private var ends: [Int] = []

  package init() {}

  private func record(_ value: Double) -> Number {
    values.append(value)
    ends.append(inputs.count)
    return Number(index: values.count - 1)
  }

  private func depend(on number: Number, _ derivative: Double) {
    inputs.append(Int32(number.index))
    derivatives.append(derivative)
  }

  package func value(_ number: Number) -> Double { values[number.index] }

  /// A number that nothing led to.
  package func leaf(_ value: Double) -> Number { record(value) }

  /// A function of one number, from its value and its derivative.
  package func function(of x: Number, _ value: Double, derivative: Double) -> Number {
    depend(on: x, derivative)
    return record(value)
  }

  /// The sum of numbers times constants.
  package func combination(_ terms: [(Number, Double)]) -> Number {
    var sum = 0.0
    for (x, factor) in terms {
      depend(on: x, factor)
      sum += value(x) * factor
    }
    return record(sum)
  }

  /// The product of a few numbers.
  package func product(_ factors: Number...) -> Number {
    for (place, x) in factors.enumerated() {
      let others = factors.enumerated().reduce(1) { $1.offset == place ? $0 : $0 * value($1.element) }
      depend(on: x, others)
    }
    return record(factors.reduce(1) { $0 * value($1) })
  }

  /// The sum of products of pairs.
  package func dot(_ a: [Number], _ b: [Number]) -> Number {
    precondition(a.count == b.count, "\(a.count) and \(b.count) numbers")
    var sum = 0.0
    for (x, y) in zip(a, b) {
      depend(on: x, value(y))
      depend(on: y, value(x))
      sum += value(x) * value(y)
    }
    return record(sum)
  }

  /// The derivative of `result` with respect to every number on the tape.
  package func gradient(of result: Number) -> [Double] {
    var gradient = [Double](repeating: 0, count: values.count)
    gradient[result.index] = 1
    for index in values.indices.reversed() where gradient[index] != 0 {
      for link in (index == 0 ? 0 : ends[index - 1])..<ends[index] {
        gradient[Int(inputs[link])] += gradient[index] * derivatives[link]
      }
    }
    return gradient
  }
}

extension Tape {
  package func exp(_ x: Number) -> Number {
    let value = Foundation.exp(value(x))
    return function(of: x, value, derivative: value)
  }

  package func log(_ x: Number) -> Number { function(of: x, Foundation.log(value(x)), derivative: 1 / value(x)) }

  package func power(_ x: Number, _ exponent: Double) -> Number {
    function(of: x, pow(value(x), exponent), derivative: exponent * pow(value(x), exponent - 1))
  }

  /// An elementwise operation's twin on one number.
  package func apply(_ twin: Twin, _ x: Number) -> Number {
    let input = [ReferenceArray([1], [value(x)])]
    let slope = twin.gradients(of: input, upstream: ReferenceArray([1], [1.0]))[0].values[0]
    return function(of: x, twin.value(of: input).values[0], derivative: slope)
  }
}
