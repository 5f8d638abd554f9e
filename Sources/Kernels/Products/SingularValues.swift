/// The singular value decomposition of a matrix M [m, n], thin: M = U diag(S) V^T, the largest values first.
package struct SingularValues {
  /// U [m, k], S [k] and V^T [k, n], row-major, for k = min(m, n).
  package let u, values, vt: [Float]

  /// Why a matrix has none.
  package enum Problem: Error {
    /// OpenBLAS is not here, or was built without LAPACK.
    case unavailable(String)
    /// A number is not finite, or the iteration does not converge.
    case notDecomposable
  }

  /// Decomposes `matrix`, row-major, by LAPACK's divide and conquer (sgesdd), on this thread.
  package init(_ matrix: [Float], rows: Int, columns: Int) throws(Problem) {
    require(
      matrix.count == rows * columns && rows > 0 && columns > 0, "\(matrix.count) numbers for [\(rows), \(columns)]")
    let library: BLAS
    do { library = try BLAS.library.get() } catch { throw .unavailable(error.reason) }
    guard let decompose = library.sgesdd else { throw .unavailable("OpenBLAS was built without LAPACK's sgesdd") }
    guard matrix.allSatisfy(\.isFinite) else { throw .notDecomposable }
    let smaller = min(rows, columns)
    // LAPACK's matrices are column-major: it sees M^T = V diag(S) U^T, and what it calls V^T lies in memory as U does here.
    var (m, n, k, info) = (Int32(columns), Int32(rows), Int32(smaller), Int32(0))
    var copy = matrix
    var u = [Float](repeating: 0, count: rows * smaller)
    var vt = [Float](repeating: 0, count: smaller * columns)
    var values = [Float](repeating: 0, count: smaller)
    var indices = [Int32](repeating: 0, count: 8 * smaller)
    var job = CChar(UInt8(ascii: "S"))
    // What LAPACK asks for at least; with more it is faster.
    var count = Int32(clamping: 4 * smaller * smaller + 7 * smaller)
    var (query, size) = (Int32(-1), Float(0))
    var lead = m
    decompose(
      &job, &m, &n, &copy, &lead, &values, &vt, &m, &u, &k, &size, &query, &indices, &info)
    if info == 0, size.isFinite { count = max(count, Int32(clamping: Int64(size * 1.0001) + 1)) }
    var work = [Float](repeating: 0, count: Int(count))
    decompose(
      &job, &m, &n, &copy, &lead, &values, &vt, &m, &u, &k, &work, &count, &indices, &info)
    guard info == 0, values.allSatisfy(\.isFinite) else { throw .notDecomposable }
    (self.u, self.values, self.vt) = (u, values, vt)
  }
}
