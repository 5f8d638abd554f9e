import Glibc
import Machine

/// The one door to OpenBLAS, loaded at run time.
///
/// OpenBLAS picks its kernels when it is loaded, and versions older than the CPU fall back to very slow ones; so the
/// core type is chosen from the CPU's own features first. Its own threads are switched off: `Parallel` splits the work.
package struct BLAS: Sendable {
  private typealias SGEMM =
    @convention(c) (
      Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>?, Int32, UnsafePointer<Float>?, Int32,
      Float,
      UnsafeMutablePointer<Float>?, Int32
    ) -> Void
  /// LAPACK's singular value decomposition, as Fortran is called: everything by address.
  typealias SGESDD =
    @convention(c) (
      _ job: UnsafePointer<CChar>, _ m: UnsafePointer<Int32>, _ n: UnsafePointer<Int32>,
      _ a: UnsafeMutablePointer<Float>,
      _ lda: UnsafePointer<Int32>, _ s: UnsafeMutablePointer<Float>, _ u: UnsafeMutablePointer<Float>,
      _ ldu: UnsafePointer<Int32>, _ vt: UnsafeMutablePointer<Float>, _ ldvt: UnsafePointer<Int32>,
      _ work: UnsafeMutablePointer<Float>, _ lwork: UnsafePointer<Int32>, _ iwork: UnsafeMutablePointer<Int32>,
      _ info: UnsafeMutablePointer<Int32>
    ) -> Void
  private typealias Text = @convention(c) () -> UnsafePointer<CChar>?

  /// Why OpenBLAS could not be used.
  package struct Unavailable: Error {
    package let reason: String
  }

  private let sgemm: SGEMM
  /// Nil where the library was built without LAPACK.
  let sgesdd: SGESDD?
  /// The kernels in use, such as `SkylakeX`.
  package let coreType: String
  /// Whether a product may be split by columns without changing a bit: true of the AVX-512 kernels.
  let columnsMaySplit: Bool
  /// The library's version and build options.
  package let configuration: String

  /// The loaded library, or why there is none.
  package static let library: Result<BLAS, Unavailable> = Result { () throws(Unavailable) in try BLAS() }

  /// The loaded library. Callers have checked `library` when the program started.
  static let shared: BLAS = {
    switch library {
    case .success(let library): return library
    case .failure(let error): fatalError(error.reason)
    }
  }()

  private init() throws(Unavailable) {
    setenv("OPENBLAS_NUM_THREADS", "1", 1)
    if getenv("OPENBLAS_CORETYPE") == nil, let coreType = Self.preferredCoreType {
      setenv("OPENBLAS_CORETYPE", coreType, 1)
    }
    guard let handle = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL) ?? dlopen("libopenblas.so", RTLD_NOW) else {
      throw Unavailable(reason: dlerror().map { String(cString: $0) } ?? "libopenblas.so.0 was not found")
    }
    guard let sgemm = dlsym(handle, "cblas_sgemm"), let core = dlsym(handle, "openblas_get_corename"),
      let configuration = dlsym(handle, "openblas_get_config")
    else {
      throw Unavailable(reason: "libopenblas.so.0 is not OpenBLAS: it lacks cblas_sgemm or openblas_get_corename")
    }
    self.sgemm = unsafeBitCast(sgemm, to: SGEMM.self)
    sgesdd = dlsym(handle, "sgesdd_").map { unsafeBitCast($0, to: SGESDD.self) }
    self.coreType = unsafeBitCast(core, to: Text.self)().map { String(cString: $0) } ?? "unknown"
    columnsMaySplit = ["SkylakeX", "Cooperlake", "SapphireRapids"].contains(coreType)
    self.configuration = unsafeBitCast(configuration, to: Text.self)().map { String(cString: $0) } ?? "unknown"
  }

  /// The fastest kernels that this CPU can run, nil where OpenBLAS's own choice is as good.
  private static var preferredCoreType: String? {
    let features = Processor.instructionSets
    if features.isSuperset(of: ["avx512f", "avx512bw", "avx512dq", "avx512vl"]) { return "SkylakeX" }
    if features.isSuperset(of: ["avx2", "fma"]) { return "Haswell" }
    return nil
  }

  /// C = A B + (accumulate ? C : 0) on one thread.
  func gemm(_ c: RawMutableMatrix, _ a: RawMatrix, _ b: RawMatrix, accumulate: Bool) {
    let rowMajor: Int32 = 101
    sgemm(
      rowMajor, a.isTransposed ? 112 : 111, b.isTransposed ? 112 : 111, Int32(c.rows), Int32(c.columns),
      Int32(a.columns), 1, a.pointer, Int32(a.stride), b.pointer, Int32(b.stride), accumulate ? 1 : 0, c.pointer,
      Int32(c.stride))
  }
}
