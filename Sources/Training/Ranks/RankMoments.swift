import Autograd
import Communication
import Files
import Kernels
import Models

/// The optimizer's moments by the names of the trained weights, wherever they are kept.
extension Trainer {
  /// What is kept from step to step, such as `exp_avg`.
  package var momentKinds: [String] { optimizer.state.map(\.kind) }

  /// The moment of a kind of the trained weights under a name. Where ranks have parts of it, the first one calls this while the
  /// others `serveMoments`; one name's numbers are there at a time.
  package func moment(_ kind: Int, of named: NamedParameter) -> Tensor {
    if let layout, isSharded {
      do throws(Failure) {
        try request(kind, named)
        return try gathered(kind, named, layout)!
      } catch {
        ranks.abort(error)
      }
    }
    return optimizer.state[kind].moments[number(of: named)].values(rows: named.rows)
  }

  /// Sets the moment of a kind of the trained weights under a name to what `body` fills a buffer of that shape with; of ranks
  /// that have parts, each keeps its own.
  package func replaceMoment(
    _ kind: Int, of named: NamedParameter, _ body: (MutableBuffer, Shape) throws(Failure) -> Void
  ) throws(Failure) {
    let moments = optimizer.state[kind].moments
    guard isSharded else { return try moments[number(of: named)].replace(rows: named.rows, body) }
    let values = Storage(count: named.shape.count)
    try body(values.mutableBuffer, named.shape)
    let (whole, number) = (elements(of: named), number(of: named))
    for (part, moment) in zip(parts, moments) where part.number == number {
      let common = part.range.clamped(to: whole)
      if common.isEmpty { continue }
      moment.replace(
        common.shifted(by: -part.range.lowerBound), with: values.buffer[common.shifted(by: -whole.lowerBound)])
    }
  }

  /// Lets all ranks begin with the weights of the first.
  package func shareWeights() throws(Failure) {
    if ranks.isSolo { return }
    for parameter in parameters { try ranks.broadcast(parameter.mutableBuffer, from: 0) }
  }

  // MARK: Between ranks

  /// Sends the first rank the moments that it asks for, until it has all it wants.
  package func serveMoments() throws(Failure) {
    guard let layout, isSharded, !ranks.isFirst else { return }
    while true {
      var message = Message(try ranks.broadcast(Self.request(-1, -1), from: 0))
      let (kind, index) = (message.integer(), message.integer())
      if kind < 0 { return }
      _ = try gathered(kind, model.trainedParameters[index], layout)
    }
  }

  /// Tells the others that the first rank has all it wants.
  package func endMoments() throws(Failure) {
    if isSharded, ranks.isFirst { _ = try ranks.broadcast(Self.request(-1, -1), from: 0) }
  }

  private func request(_ kind: Int, _ named: NamedParameter) throws(Failure) {
    let index = model.trainedParameters.firstIndex { $0.name == named.name }!
    _ = try ranks.broadcast(Self.request(kind, index), from: 0)
  }

  private static func request(_ kind: Int, _ index: Int) -> [UInt8] {
    var message = Message()
    message.append(kind)
    message.append(index)
    return message.bytes
  }

  /// The moment of a name, on the first rank; nil on the others, which send it their parts.
  private func gathered(_ kind: Int, _ named: NamedParameter, _ layout: BucketLayout) throws(Failure) -> Tensor? {
    let (whole, number) = (elements(of: named), number(of: named))
    let runs = (0..<ranks.count).map { rank in
      layout.runs(of: rank).compactMap { run in
        let common = run.range.clamped(to: whole)
        return run.parameter == number && !common.isEmpty ? common : nil
      }
    }
    let sizes = runs.map { $0.reduce(0) { $0 + $1.count } }
    let own = Storage(count: max(1, sizes[ranks.rank]))
    var start = 0
    for (part, moment) in zip(parts, optimizer.state[kind].moments) where part.number == number {
      let common = part.range.clamped(to: whole)
      if common.isEmpty { continue }
      let values = moment.values(common.shifted(by: -part.range.lowerBound))
      copy(own.mutableBuffer[start..<start + common.count], values.buffer)
      start += common.count
    }
    let (isFirst, nothing) = (ranks.isFirst, [Int](repeating: 0, count: ranks.count))
    let all = Storage(count: isFirst ? whole.count : 1)
    let transfer = try ranks.exchange(
      own.buffer[0..<sizes[ranks.rank]], counts: [sizes[ranks.rank]] + nothing.dropFirst(),
      into: all.mutableBuffer[0..<(isFirst ? whole.count : 0)], receivedCounts: isFirst ? sizes : nothing)
    try ranks.wait(for: transfer)
    return isFirst ? ordered(all.buffer, runs.flatMap { $0 }, from: whole.lowerBound, named.shape) : nil
  }

  /// Puts runs that lie side by side in their places.
  private func ordered(_ packed: Buffer, _ runs: [Range<Int>], from first: Int, _ shape: Shape) -> Tensor {
    var result = Tensor(uninitialized: shape)
    let out = result.mutableBuffer
    var start = 0
    for run in runs {
      copy(out[run.shifted(by: -first)], packed[start..<start + run.count])
      start += run.count
    }
    return result
  }

  private func number(of named: NamedParameter) -> Int { parameters.firstIndex { $0 === named.parameter }! }

  /// Which of its parameter's numbers a name stands for.
  private func elements(of named: NamedParameter) -> Range<Int> {
    let (start, shape) = named.parameter.shape.part(named.rows)
    return start..<start + shape.count
  }
}

extension Range<Int> {
  fileprivate func shifted(by offset: Int) -> Range { lowerBound + offset..<upperBound + offset }
}
