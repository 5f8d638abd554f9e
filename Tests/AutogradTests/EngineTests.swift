import Autograd
import Foundation
import Kernels
import Support
import Synchronization
import Testing

@Suite struct EngineTests {
  /// Recording, the backward walk and the release of a long chain must not recurse.
  @Test(arguments: [true, false]) func aChainOf200000OperationsOnASmallStack(_ isDifferentiated: Bool) {
    let done = Atomic<Int>(0)
    let thread = Thread {
      let p = Parameter(Tensor([1, 2], shape: [2]))
      let gradients = Gradients(of: [p])
      if isDifferentiated {
        _ = gradients.add {
          var x = p.tensor
          for _ in 0..<200_000 { x = x + 1 }
          return x.sum()
        }
        done.store(gradients[p]!.elements == [1, 1] ? 1 : 2, ordering: .releasing)
      } else {
        _ = gradients.add {
          var x = p.tensor
          for _ in 0..<200_000 { x = x + 1 }
          return Tensor(1)
        }
        done.store(gradients[p] == nil ? 1 : 2, ordering: .releasing)
      }
    }
    thread.stackSize = 128 << 10
    thread.start()
    while done.load(ordering: .acquiring) == 0 { usleep(1000) }
    #expect(done.load(ordering: .acquiring) == 1)
  }

  /// Nothing that a step makes outlives it, but the gradients.
  @Test func nothingStaysAfterAStep() {
    final class Watch {
      weak var storage: Storage?
      init(_ tensor: Tensor) { storage = tensor.storage }
    }
    let p = Parameter(Tensor(repeating: 0.5, shape: [1000, 100]))
    let gradients = Gradients(of: [p])
    var watched: [Watch] = []
    for _ in 0..<10 {
      gradients.clear()
      _ = gradients.add {
        let y = recomputed([p.tensor]) { inputs in
          let square = inputs[0] * inputs[0]
          watched.append(Watch(square))
          return [tanh(square)]
        }[0]
        let (sum, normalized) = addAndRMSNorm(y, p.tensor, Tensor(repeating: 1, shape: [100]), epsilon: 1e-5)
        let transposed = normalized.transposed().reshaped(to: [1000, 100])
        let total = exp(sum) + transposed
        watched += [y, sum, normalized, transposed, total].map(Watch.init)
        return total.mean()
      }
    }
    #expect(watched.count >= 60)
    #expect(watched.allSatisfy { $0.storage == nil })
  }

  /// The gradient of the residual stream passes through the norms in one buffer.
  @Test func theGradientOfASumIsWrittenOver() {
    let p = Parameter(Tensor([1, -2, 3], shape: [1, 3]))
    let ones = Tensor(repeating: 1, shape: [3])
    var (sent, arrived): (ObjectIdentifier?, ObjectIdentifier?)
    _ = valueAndGradients(of: [p]) {
      let x = Tensor.record("observer", [p.tensor], output: p.value) { back in
        arrived = ObjectIdentifier(back.gradient.storage)
      }
      let (sum, normalized) = addAndRMSNorm(x, ones.reshaped(to: [1, 3]), ones, epsilon: 1)
      return .record("probe", [sum, normalized], output: Tensor(0)) { back in
        let upstream = Tensor(repeating: 0.5, shape: [1, 3])
        sent = ObjectIdentifier(upstream.storage)
        back.add(upstream, to: 0)
        back.add(Tensor(repeating: 2, shape: [1, 3]), to: 1)
      }
    }
    #expect(sent == arrived)
  }

  /// The gradient of a gate's input takes the place of the input.
  @Test(arguments: [false, true]) func gatesWriteOverTheirInputUnlessItIsHeld(_ isHeld: Bool) {
    for gate in [gelu, swiGLU] {
      let p = Parameter(Tensor([1, -2, 3, 0.5], shape: [1, 4]))
      var (made, arrived): (ObjectIdentifier?, ObjectIdentifier?)
      var holder: Tensor?
      _ = valueAndGradients(of: [p]) {
        let x = Tensor.record("observer", [p.tensor], output: p.value.copied()) { back in
          arrived = ObjectIdentifier(back.gradient.storage)
        }
        made = ObjectIdentifier(x.storage)
        if isHeld { holder = x.detached() }
        return linear(gate(x), Tensor(repeating: 1, shape: [1, gate(p.value).shape[1]])).sum()
      }
      #expect((made == arrived) == !isHeld)
      #expect(holder.map { $0.elements == p.value.elements } ?? true)
    }
  }

  /// What a forward pass keeps of a gate and of a norm that feed linear layers is their inputs alone.
  @Test func outputsThatAreCheapToRecomputeAreNotKept() {
    let (p, w) = (Parameter(Tensor([1, -2], shape: [1, 2])), Parameter(Tensor([3, 1], shape: [1, 2])))
    let ones = Tensor([1, 1], shape: [2])
    let cases: [(Tensor) -> Tensor] = [
      gelu, { swiGLU(concatenate([$0, $0], axis: 1)) }, { rmsNorm($0, ones, epsilon: 1) },
      { layerNorm($0, ones, ones, epsilon: 1) }, { addAndRMSNorm($0, $0, ones, epsilon: 1).normalized },
    ]
    for operation in cases {
      weak var kept: Storage?
      let gradients = valueAndGradients(of: [p, w]) {
        func product() -> Tensor {
          let output = operation(p.tensor)
          kept = output.storage
          return linear(output, w.tensor)
        }
        let y = product()
        #expect(kept == nil)
        return y.sum()
      }.gradients
      #expect(gradients[w]!.elements == operation(p.value).elements)
    }
  }

  @Test func sharedAndForkedPaths() {
    // f = (x y + x) x: df/dx = 2 x y + 2 x, df/dy = x^2.
    let (x, y) = (Parameter(Tensor([3, -2], shape: [2])), Parameter(Tensor([5, 7], shape: [2])))
    let gradients = valueAndGradients(of: [x, y]) {
      ((x.tensor * y.tensor + x.tensor) * x.tensor).sum()
    }.gradients
    #expect(gradients[x]!.elements == [36, -32] && gradients[y]!.elements == [9, 4])
  }

  @Test func whatTheLossDoesNotDependOnHasNoGradient() {
    let (x, y) = (Parameter(Tensor(2)), Parameter(Tensor(3)))
    let (value, gradients) = valueAndGradients(of: [x, y, x]) {
      _ = y.tensor * 4
      return x.tensor * 5
    }
    #expect(value.scalar == 10 && !value.isRecorded)
    #expect(gradients[x]!.scalar == 5 && gradients[y] == nil && gradients.parameters.count == 2)
    #expect(!x.tensor.isRecorded && !(x.tensor * 2).isRecorded)
    gradients.clear()
    #expect(gradients[x] == nil)
  }

  /// The scale is where the backward pass begins: the loss itself is not scaled.
  @Test func gradientsMayBeScaled() {
    let p = Parameter(Tensor([3, -1], shape: [2]))
    let gradients = Gradients(of: [p])
    let losses = [0.5, -2].map { scale in gradients.add(scaledBy: scale) { square(p.tensor).sum() }.scalar }
    #expect(losses == [10, 10])
    #expect(gradients[p]!.elements == [-9, 3])
  }

  @Test func theLossMayBeAParameter() {
    let p = Parameter(Tensor(2))
    let gradients = Gradients(of: [p])
    _ = gradients.add { p.tensor }
    _ = gradients.add { p.tensor }
    #expect(gradients[p]!.scalar == 2)
  }

  @Test func aLossThatThrowsLeavesTheParametersPlain() {
    struct Stop: Error {}
    let p = Parameter(Tensor(2))
    #expect(throws: Stop.self) { try valueAndGradients(of: [p]) { throw Stop() } }
    #expect(!p.tensor.isRecorded)
  }

  @Test func theGradientIsLinearInTheUpstreamGradient() {
    var generator = SeededGenerator(seed: 1)
    let x = generator.normals([4, 6])
    let (u, v) = (generator.normals([4, 6]), generator.normals([4, 6]))
    let operation: Operation = { softmax(tanh($0[0]) * $0[0]) }
    func gradient(_ upstream: ReferenceArray) -> ReferenceArray {
      ReferenceArray([4, 6], Trial(operation, [x], upstream: upstream).gradients[0])
    }
    let sum = gradient(ReferenceArray([4, 6], zip(u.values, v.values).map { 2 * $0 - 3 * $1 }))
    let expected = ReferenceArray([4, 6], zip(gradient(u).values, gradient(v).values).map { 2 * $0 - 3 * $1 })
    #expect(mismatch(sum, expected, within: .scaled(relative: 1e-5, scaled: 2e-6)) == nil)
  }

  @Test func theFirstOperationThatIsNotFiniteIsNamed() {
    let x = Tensor([1, 0], shape: [2])
    #expect(FiniteCheck.firstCulprit { _ = (log(x) * 0).sum() } == "log")
    #expect(FiniteCheck.firstCulprit { _ = exp(x) } == nil)
  }

  @Test func normalTensorsAreReproducible() {
    var (a, b) = (Generator(seed: 1), Generator(seed: 1))
    let first = a.normal([3, 5], deviation: 0.1).elements
    #expect(first == b.normal([3, 5], deviation: 0.1).elements && first != b.normal([3, 5], deviation: 0.1).elements)
  }
}

@Suite struct RecomputationTests {
  private func run(
    _ recompute: Bool, _ block: @escaping ([Tensor], Tensor) -> [Tensor], combine: ([Tensor]) -> Tensor
  ) -> [[Float]] {
    var generator = SeededGenerator(seed: 1)
    let (x, y, w) = (
      Parameter(Tensor(generator.normals([4, 6]))), Parameter(Tensor(generator.normals([4, 6]))),
      Parameter(Tensor(generator.normals([6, 6])))
    )
    let (value, gradients) = valueAndGradients(of: [x, y, w]) {
      let inputs = [x.tensor * 2, y.tensor]
      let body = { (inputs: [Tensor]) in block(inputs, w.tensor) }
      return combine(recompute ? recomputed(inputs, body) : body(inputs))
    }
    return [value.elements] + [x, y, w].map { gradients[$0]?.elements ?? [] }
  }

  @Test func givesTheSameBits() {
    let block: ([Tensor], Tensor) -> [Tensor] = { inputs, weight in
      let (sum, normalized) = addAndRMSNorm(inputs[0], inputs[1], Tensor(repeating: 1, shape: [6]), epsilon: 1e-5)
      return [sum, gelu(linear(normalized, weight))]
    }
    let combine: ([Tensor]) -> Tensor = { (exp($0[0] * 0.1) * $0[1]).sum() }
    #expect(run(true, block, combine: combine) == run(false, block, combine: combine))
    // Only one of the results is used.
    #expect(run(true, block) { $0[1].sum() } == run(false, block) { $0[1].sum() })
  }

  @Test func anInputMayBeAResult() {
    let block: ([Tensor], Tensor) -> [Tensor] = { inputs, weight in [inputs[0], linear(inputs[1], weight), inputs[0]] }
    let combine: ([Tensor]) -> Tensor = { ($0[0] * $0[1] + $0[2]).sum() }
    #expect(run(true, block, combine: combine) == run(false, block, combine: combine))
  }

  @Test func oneTensorMayBeSeveralResults() {
    let block: ([Tensor], Tensor) -> [Tensor] = { inputs, weight in
      let y = linear(inputs[0], weight)
      return [y, y]
    }
    let combine: ([Tensor]) -> Tensor = { ($0[0] * 3 + $0[1]).sum() }
    #expect(run(true, block, combine: combine) == run(false, block, combine: combine))
  }
}
