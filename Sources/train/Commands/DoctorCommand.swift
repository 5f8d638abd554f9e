import Checkpoints
import Communication
import Files
import Kernels
import Machine
import Runs

struct DoctorCommand: Command {
  static let name = "doctor"
  static let summary = "Shows what the machine offers: cores, memory, libraries"
  static let examples = ["train doctor"]
  static let options = [Option.json]

  private let isJSON: Bool

  init(_ arguments: inout Arguments) throws(Failure) { isJSON = arguments.flag("json") }

  func run() throws(Failure) {
    try MatrixLibrary.requireInstructionSets()
    try MatrixLibrary.requireAskedInstructions()
    let blas = MatrixLibrary.description
    let peak = (try? MatrixLibrary.require()).map { GEMMPeak.measure(duration: 0.3) }
    let roundedPeak = peak.map { _ in GEMMPeak.measure(.bfloat16, duration: 0.3) }
    let hdf5 = try? ArrayFile.libraryVersion()
    if isJSON {
      let result: JSONValue = [
        "version": JSONValue(Build.version), "machine": MachineReport.json,
        "blas": JSONValue(blas?.configuration ?? "missing"), "core_type": JSONValue(blas?.coreType ?? "missing"),
        "product_kernels": JSONValue(MatrixLibrary.coreType(in: .float32)), "hdf5": JSONValue(hdf5 ?? "missing"),
        "mpi": JSONValue((try? MPILibrary(for: Ranks.launcher))?.version ?? "missing"),
        "gemm_gflops_per_second": peak.map { JSONValue($0 / 1e9) } ?? .null,
        "gemm_bfloat16_gflops_per_second": roundedPeak.map { JSONValue($0 / 1e9) } ?? .null,
      ]
      return Output.results.line(result.serialized())
    }
    let quota = Processor.quota.map { ", the control group grants \($0)" } ?? ""
    let limit = SystemMemory.limit.map { ", the control group's limit is \(gibibytes($0))" } ?? ""
    let rows: [(name: String, value: String)] = [
      ("train", Build.version),
      ("system", OperatingSystem.description),
      ("processor", Processor.name),
      ("features", MachineReport.features.joined(separator: " ")),
      ("cores", "\(Processor.usableCount) usable of \(Processor.onlineCount)\(quota)"),
      (
        "BLAS", blas.map { "\($0.configuration), kernels \($0.coreType)" } ?? "missing: apt-get install libopenblas-dev"
      ),
      ("GEMM", peak.map(inFloat32) ?? "-"),
      ("", roundedPeak.map { inBFloat16($0, beside: peak ?? 0) } ?? "-"),
      ("HDF5", hdf5 ?? "missing: apt-get install libhdf5-dev"),
      ("MPI", mpi),
      ("memory", "\(gibibytes(SystemMemory.available)) available of \(gibibytes(SystemMemory.total))\(limit)"),
    ]
    for (name, value) in rows { Output.results.line("\(name.padded(to: 10)) \(value)") }
  }

  /// The library that a training command would load here, and the launcher.
  private var mpi: String {
    let launcher = Ranks.launcher.map { ", started by \($0.name)" } ?? ""
    do throws(Failure) {
      let library = try MPILibrary(for: Ranks.launcher)
      return "\(library.version) (\(library.file))\(launcher)"
    } catch {
      let isMissing = error.place == nil
      return isMissing
        ? "none, needed for several processes alone: apt-get install openmpi-bin or mpich\(launcher)"
        : "\(error.place!): \(error.what)"
    }
  }

  private func inFloat32(_ peak: Double) -> String {
    let kernels = MatrixLibrary.coreType(in: .float32)
    return "\(Progress.fixed(peak / 1e9, 0)) GFLOP/s in float32 on \(GEMMPeak.threads) threads, \(kernels) kernels"
  }

  /// Processors differ: to some the instructions are as fast as those of float32, or slower.
  private func inBFloat16(_ peak: Double, beside single: Double) -> String {
    let way =
      TileInstructions.chosen == .amx
      ? "by AMX" : "\(ProductKernels.hasBFloat16Instructions ? "by" : "without") the processor's instructions"
    let advice = peak < single ? ": training.precision float32 is faster here" : ""
    return "\(Progress.fixed(peak / 1e9, 0)) GFLOP/s in bfloat16, \(way)\(advice)"
  }

  private func gibibytes(_ bytes: Int) -> String {
    let tenths = (Double(bytes) / Double(1 << 30) * 10).rounded() / 10
    return "\(tenths) GiB"
  }
}
