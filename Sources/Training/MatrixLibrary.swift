import Files
import Kernels

/// The library behind all matrix products, as a run meets it.
package enum MatrixLibrary {
  /// Its kernels, such as `SkylakeX`, and its version; nil if it cannot be loaded.
  package static var description: (coreType: String, configuration: String)? {
    (try? BLAS.library.get()).map { ($0.coreType, $0.configuration) }
  }

  /// Checks that the library is there and that this machine can run what the kernels were compiled for.
  ///
  /// - Throws: `.resources`, naming what to install.
  package static func require() throws(Failure) {
    if case .failure(let error) = BLAS.library {
      throw Failure(
        .resources, "OpenBLAS cannot be loaded", notes: [error.reason, "install it: apt-get install libopenblas-dev"])
    }
  }
}
