import Foundation
import Kernels
import Machine
import Support
import Synchronization
import Testing

/// A piece of work whose result must not depend on the number of threads.
private struct Workload: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let run: @Sendable () -> [Float]

  init(_ name: String, _ run: @escaping @Sendable () -> [Float]) {
    testDescription = name
    self.run = run
  }

  /// Whether both results have the same bits.
  static func areIdentical(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern }
  }
}

private let workloads = [
  Workload("attention") {
    let samples = [AttentionCase(3, 200, 4, 2, 16, [150, 30]), .pairs([[30, 90, 80], [5, 40, 40]], 3, 3, 8)]
    return samples.flatMap { sample in
      return ProductPrecision.allCases.flatMap { precision in
        let result = sample.run(sample.inputs(seed: 1), precision)
        return result.out + result.logSumExp + result.gradient
      }
    }
  },
  Workload("headLoss") {
    let result = HeadLossCase(1100, 24, 300).run()
    return result.losses + result.dx + result.dw
  },
  Workload("rmsNorm") {
    var generator = SeededGenerator(seed: 1)
    let (rows, columns) = (1000, 96)
    let (x, w) = (generator.normals([rows, columns]).buffer, generator.normals([columns]).buffer)
    let dy = Storage(generator.normals([rows, columns]).floats)
    let (y, dx, dw) = (Storage(count: x.count), Storage(count: x.count), Storage(count: columns))
    let inverse = Storage(count: rows)
    rmsNormForward(y.mutableBuffer, sum: nil, inverse: inverse.mutableBuffer, x, delta: nil, w, epsilon: 1e-5)
    rmsNormBackward(
      dx.mutableBuffer, dw: dw.mutableBuffer, dy.mutableBuffer, x, w, inverse: inverse.buffer, residual: .zero)
    return y.elements + dx.elements + dw.elements
  },
  Workload("layerNorm") {
    var generator = SeededGenerator(seed: 2)
    let (rows, columns) = (1000, 96)
    let (x, w) = (generator.normals([rows, columns]).buffer, generator.normals([columns]).buffer)
    let dy = Storage(generator.normals([rows, columns]).floats)
    let (y, dx, dwdb) = (Storage(count: x.count), Storage(count: x.count), Storage(count: 2 * columns))
    let statistics = Storage(count: 2 * rows)
    layerNormForward(
      y.mutableBuffer, sum: nil, statistics: statistics.mutableBuffer, x, delta: nil, w, w, epsilon: 1e-5)
    layerNormBackward(
      dx.mutableBuffer, dwdb: dwdb.mutableBuffer, dy.mutableBuffer, x, w, w, statistics: statistics.buffer,
      residual: .zero)
    return y.elements + dx.elements + dwdb.elements
  },
  Workload("sums") {
    var generator = SeededGenerator(seed: 3)
    let x = generator.normals([3000, 70]).buffer
    let storage = Storage(repeating: 0, count: 70 + 1 + 3000 + 210)
    let out = storage.mutableBuffer
    sumRowsInPieces(out[0..<70], x, accumulate: false)
    sumBroadcast(out[70..<71], x, dimensions: [3000, 70], steps: [0, 0])
    sumBroadcast(out[71..<3071], x, dimensions: [3000, 70], steps: [1, 0])
    sumBroadcast(out[3071..<3281], x, dimensions: [3, 1000, 70], steps: [70, 0, 1])
    let norm = squaredNorm(x).bitPattern
    return storage.elements + [
      Float(bitPattern: UInt32(norm >> 32)), Float(bitPattern: UInt32(truncatingIfNeeded: norm)),
    ]
  },
  Workload("adamW") {
    var generator = SeededGenerator(seed: 4)
    let (p, m, v) = (
      Storage(generator.normals([50_003]).floats), Storage(generator.normals([50_003]).floats),
      Storage(repeating: 1, count: 50_003)
    )
    let step = AdamWStep(
      learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, correction1: 0.1, correction2: 0.01,
      gradientScale: 0.7)
    adamWUpdate(
      p.mutableBuffer, m.mutableBuffer, v.mutableBuffer, generator.normals([50_003]).buffer, step: step, decay: 0.1)
    return p.elements + m.elements + v.elements
  },
  Workload("AdamW in halves") {
    var generator = SeededGenerator(seed: 5)
    let p = Storage(generator.normals([50_003]).floats)
    let m = BFloat16Array(generator.normals([50_003]).floats)
    let v = BFloat16Array(m.elements.map(abs))
    let step = AdamWStep(
      learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, correction1: 0.1, correction2: 0.01,
      gradientScale: 0.7)
    adamWUpdate(p.mutableBuffer, m, v, generator.normals([50_003]).buffer, step: step, decay: 0.1, seed: 9)
    return p.elements + m.elements + v.elements
  },
  Workload("elementwise") {
    var generator = SeededGenerator(seed: 5)
    let x = generator.normals([100_003]).buffer
    let (y, z, normal) = (Storage(count: x.count), Storage(count: x.count), Storage(count: x.count))
    siluForward(y.mutableBuffer, x)
    dropout(z.mutableBuffer, y.buffer, probability: 0.3, seed: 3)
    fillNormal(normal.mutableBuffer, deviation: 1, seed: 5)
    return y.elements + z.elements + normal.elements
  },
  Workload("embedding") {
    var generator = SeededGenerator(seed: 6)
    let ids = generator.integers(3000, in: 0..<50).map(Int32.init)
    let table = Storage(repeating: 0, count: 50 * 33)
    scatterAddRows(
      MutableMatrix(table.mutableBuffer, rows: 50, columns: 33), generator.normals([3000, 33]).buffer, ids)
    return table.elements
  },
  Workload("softmax") {
    var generator = SeededGenerator(seed: 7)
    let x = generator.normals([500, 300]).buffer
    let (y, dx, z) = (Storage(count: x.count), Storage(count: x.count), Storage(count: 500))
    softmaxForward(y.mutableBuffer, x, columns: 300)
    softmaxBackward(dx.mutableBuffer, x, y.buffer, columns: 300)
    logSumExpForward(z.mutableBuffer, x, columns: 300)
    return y.elements + dx.elements + z.elements
  },
]

/// Products small and large, square and long, around the sizes at which the library changes its method; by the program's
/// kernels, of floats and of numbers rounded to bfloat16, and by the library's.
private let products =
  (isChild ? [] : productShapes + productShapes.map(\.rounded)) + productShapes.map { $0.by(.library) }

private let productShapes: [ProductCase] = {
  let shapes = [
    (40, 40, 41), (100, 96, 90), (100, 100, 100), (101, 100, 100), (144, 96, 80), (192, 100, 64), (300, 64, 64),
    (512, 128, 31), (1000, 17, 130), (65, 700, 50), (1024, 384, 128), (2048, 96, 96), (97, 2000, 33), (4000, 3, 150),
    (3, 4000, 150), (1, 5000, 128), (513, 511, 127), (960, 48, 48), (48, 960, 48), (49, 49, 3000), (250, 250, 17),
  ]
  return shapes.flatMap { shape in
    [(false, true), (false, false), (true, false), (true, true)].map { a, b in
      ProductCase(
        m: shape.0, n: shape.1, k: shape.2, transposeA: a, transposeB: b, accumulate: a == b, gap: 0)
    }
  }
}()

private let threadCounts = [2, 3, 8]

/// Sees to it that no thread does shared work alone: the first thread to take a job waits for a second one.
private final class Participants: Sendable {
  private struct State {
    var job = 0
    var startedPieces = 0
    var threads: Set<Int> = []
    /// The fewest threads that took part in a job; nil before the first job is done.
    var fewest: Int?
  }
  private let state = Mutex(State())

  /// The fewest threads that took part in a job; nil when there was none to share.
  var fewest: Int? { state.withLock { $0.fewest } }

  /// What `body` returns when it is run with `threads` threads.
  func run<Result>(threads: Int, _ body: () -> Result) -> Result {
    Parallel.withThreads(threads) { Parallel.observed(by: arrive, body) }
  }

  @Sendable private func arrive(_ thread: Int, _ pieces: Int) {
    let job = state.withLock { state in
      let job = state.job
      state.threads.insert(thread)
      state.startedPieces += 1
      if state.startedPieces == pieces {
        state.fewest = min(state.fewest ?? .max, state.threads.count)
        (state.job, state.startedPieces, state.threads) = (job + 1, 0, [])
      }
      return job
    }
    let start = ContinuousClock.now
    while state.withLock({ $0.job == job && $0.threads.count == 1 && $0.fewest != 1 }) {
      // A thread that cannot be had fails the test, once.
      if start.duration(to: .now) > .seconds(60) { return state.withLock { $0.fewest = 1 } }
      sched_yield()
    }
  }
}

extension ProductCase {
  /// Whether the product is so large that every kernel shares it between threads.
  fileprivate var isShared: Bool { m * n * k > 4 << 20 && max(m, n) >= 192 }
}

@Suite(.serialized) struct DeterminismTests {
  @Test(arguments: workloads) fileprivate func threadsDoNotChangeABit(_ workload: Workload) {
    let alone = Parallel.withThreads(1) { workload.run() }
    let isNumber = !alone.contains { $0.isNaN }
    #expect(isNumber)
    for threads in threadCounts {
      expectSame(alone, threads: threads, isShared: true) { workload.run() }
    }
  }

  @Test(arguments: products) func threadsDoNotChangeABitOfAProduct(_ product: ProductCase) {
    let inputs = product.inputs(seed: 31)
    let (a, b) = (inputs.a.floats, inputs.b.floats)
    let alone = Parallel.withThreads(1) { product.product(a, b, inputs.before) }
    for threads in threadCounts {
      expectSame(alone, threads: threads, isShared: product.isShared) { product.product(a, b, inputs.before) }
    }
  }

  /// Expects `alone` of `run` with several threads, of which at least two take part in all work that can be shared.
  private func expectSame(_ alone: [Float], threads: Int, isShared: Bool, _ run: () -> [Float]) {
    let deadline = ContinuousClock.now + .seconds(120)
    var together: Int?
    repeat {
      let participants = Participants()
      let result = participants.run(threads: threads, run)
      let isSame = Workload.areIdentical(alone, result)
      #expect(isSame, "\(threads) threads")
      together = participants.fewest
      // Another test may have the threads for itself: then there was nothing to share.
    } while together == nil && isShared && ContinuousClock.now < deadline
    #expect(together == nil ? !isShared : together! >= 2, "\(together ?? 1) of \(threads) threads took part")
  }
}

@Suite struct CoreTypeTests {
  /// OpenBLAS chooses its kernels when it is loaded, so each other choice needs a process of its own: the tests above, run
  /// again by this very program.
  @Test(
    .enabled(if: !isChild, "this process tests one core type for another one"),
    arguments: ["SkylakeX", "Haswell", "Sandybridge", "Prescott"])
  func productsDoNotDependOnThreads(_ coreType: String) throws {
    if !Processor.instructionSets.isSuperset(of: requirements[coreType]!) {
      try Test.cancel("this processor cannot run \(coreType)'s kernels")
    }
    if try BLAS.library.get().coreType == coreType {
      try Test.cancel("\(coreType)'s kernels are those that this process uses")
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = ["--testing-library", "swift-testing", "--filter", "threadsDoNotChangeABitOfAProduct"]
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["OPENBLAS_CORETYPE": coreType, childMark: "1"], uniquingKeysWith: { $1 })
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(coreType): \(text.suffix(3000))")
    #expect(text.contains("threadsDoNotChangeABitOfAProduct"), "\(coreType): nothing ran: \(text.suffix(500))")
  }
}

private let childMark = "TRAIN_TEST_CORETYPE"
private let isChild = ProcessInfo.processInfo.environment[childMark] != nil
private let requirements: [String: Set<String>] = [
  "SkylakeX": ["avx512f", "avx512bw", "avx512dq", "avx512vl"], "Haswell": ["avx2", "fma"], "Sandybridge": ["avx"],
  "Prescott": ["pni"],
]
