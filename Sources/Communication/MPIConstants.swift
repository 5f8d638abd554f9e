import Glibc

/// The numbers behind the names in an MPI library's header. There are three such tables; which one is right is known by the
/// library itself.
struct MPIConstants {
  /// A handle: an address, or a number of 32 bits. Functions that take the latter ignore the upper half.
  typealias Handle = Int

  let world: Handle
  let float: Handle
  let byte: Handle
  let errorsReturn: Handle
  let funneled: Int32
  let anySource: Int32

  /// Those of the library behind `handle` with this file name and version text; nil where they are not known.
  static func of(_ handle: UnsafeMutableRawPointer, file: String, version: String) -> MPIConstants? {
    if file.contains("libmpi_abi") { return standard }
    if version.contains("Open MPI") { return openMPI(handle) }
    // Those that follow the ABI initiative of MPICH say whose they are.
    if ["MPICH", "Intel(R) MPI", "MVAPICH"].contains(where: version.contains) { return mpich }
    return nil
  }

  /// MPICH 3.1 and later, and what shares its ABI: mpi.h of MPICH 4.0.
  private static let mpich = MPIConstants(
    world: 0x4400_0000, float: 0x4c00_040a, byte: 0x4c00_010d, errorsReturn: 0x5400_0001, funneled: 1, anySource: -2)

  /// The ABI of the MPI 5.0 standard, chapter 21.
  private static let standard = MPIConstants(
    world: 0x101, float: 0x210, byte: 0x247, errorsReturn: 0x143, funneled: 1024, anySource: -1)

  /// Open MPI 4 and 5, whose handles are addresses of variables: mpi.h of Open MPI 4.1.
  private static func openMPI(_ handle: UnsafeMutableRawPointer) -> MPIConstants? {
    func address(_ name: String) -> Int? { dlsym(handle, name).map { Int(bitPattern: $0) } }
    guard let world = address("ompi_mpi_comm_world"), let float = address("ompi_mpi_float"),
      let byte = address("ompi_mpi_byte"), let errorsReturn = address("ompi_mpi_errors_return")
    else { return nil }
    return MPIConstants(
      world: world, float: float, byte: byte, errorsReturn: errorsReturn, funneled: 1, anySource: -1)
  }
}
