import Autograd
import Files
import Kernels
import Synchronization

/// Updates that begin as the principal part of the weight (Meng et al. 2024, "PiSSA", section 3): of W = U S V^T the r largest
/// singular values, s B0 A0 = U_r S_r V_r^T with A0 = sqrt(S_r / s) V_r^T and B0 = U_r sqrt(S_r / s).
extension LanguageModel {
  /// Computes what the updates began as from the weights of the base; with `alsoUpdates` they are that now.
  ///
  /// - Throws: `.model` for a matrix that cannot be decomposed, `.resources` where OpenBLAS is not here.
  package func computePrincipalParts(alsoUpdates: Bool) throws(Failure) {
    let parts = linears.flatMap { path, layer in
      layer.slot.adapter.map { PrincipalPart.all(of: $0, layer, path) } ?? []
    }
    // As many decompositions at a time as there are threads, each by one of them.
    for start in stride(from: 0, to: parts.count, by: Parallel.threads) {
      try StopRequest.check()
      let some = parts[start..<min(parts.count, start + Parallel.threads)]
      let found = Mutex<[Int: Result<PrincipalPart.Factors, SingularValues.Problem>]>([:])
      Parallel.run(some.count) { piece, _ in
        let result = some[start + piece].decomposed()
        found.withLock { $0[start + piece] = result }
      }
      for (index, result) in found.withLock({ $0 }) {
        switch result {
        case .success(let factors): parts[index].assign(factors, alsoUpdate: alsoUpdates)
        case .failure(let problem): throw parts[index].failure(problem)
        }
      }
    }
  }
}

/// What one update of a layer began as.
private struct PrincipalPart {
  /// A0 [r, inputs] and B0 [outputs, r].
  typealias Factors = (down: [Float], up: [Float])

  /// The name of the matrix.
  let name: String
  let layer: Linear
  let stack, origin: LinearAdapter.Stack
  let index: Int

  static func all(of adapter: LinearAdapter, _ layer: Linear, _ path: [String]) -> [PrincipalPart] {
    let sections = layer.sections(at: path)
    return zip(adapter.stacks, adapter.origins).flatMap { stack, origin in
      stack.updates.enumerated().map { index, update in
        PrincipalPart(
          name: sections.first { $0.outputs == update.outputs }!.path, layer: layer, stack: stack, origin: origin,
          index: index)
      }
    }
  }

  private var outputs: Range<Int> { stack.updates[index].outputs }

  /// The matrix [outputs, inputs], row-major.
  private var matrix: [Float] {
    guard layer.layout == .inputsByOutputs else { return layer.weight.value(ofRows: outputs).elements }
    let (values, inputs, all) = (layer.weight.value.elements, layer.inputs, layer.outputs)
    return outputs.flatMap { output in (0..<inputs).map { values[$0 * all + output] } }
  }

  func decomposed() -> Result<Factors, SingularValues.Problem> {
    Result { () throws(SingularValues.Problem) in
      factors(try SingularValues(matrix, rows: outputs.count, columns: layer.inputs))
    }
  }

  private func factors(_ found: SingularValues) -> Factors {
    let (rows, columns, rank, width) = (outputs.count, layer.inputs, stack.rank, found.values.count)
    let roots: [Float] = found.values.prefix(rank).map { ($0 / stack.scale).squareRoot() }
    let down: [Float] = (0..<rank * columns).map { found.vt[$0] * roots[$0 / columns] }
    let up: [Float] = (0..<rows).flatMap { row in (0..<rank).map { found.u[row * width + $0] * roots[$0] } }
    return (down, up)
  }

  func assign(_ factors: Factors, alsoUpdate: Bool) {
    for stack in alsoUpdate ? [origin, stack] : [origin] {
      let start = index * stack.rank * layer.inputs
      stack.down.mutableBuffer[start..<start + factors.down.count].assign(factors.down)
      stack.updates[index].up.mutableBuffer.assign(factors.up)
    }
  }

  func failure(_ problem: SingularValues.Problem) -> Failure {
    switch problem {
    case .unavailable(let reason):
      Failure(
        .resources, "init_lora_weights \"pissa\" needs OpenBLAS with LAPACK", notes: [reason, "install libopenblas0"])
    case .notDecomposable:
      Failure(.model, "the matrix has no singular values: are its numbers finite?", at: name)
    }
  }
}
