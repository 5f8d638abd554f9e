import Files
import Glibc

/// The one door to an MPI library, loaded at run time: nothing of it is needed to build, or to run alone.
///
/// Open MPI loads parts of itself that look for its names among the global ones, hence `RTLD_GLOBAL`.
package struct MPILibrary {
  typealias Handle = MPIConstants.Handle
  typealias Status = UnsafeMutableRawPointer
  typealias Request = UnsafeMutablePointer<Handle>
  typealias Counts = UnsafePointer<Int32>

  typealias Start = @convention(c) (Int, Int, Int32, UnsafeMutablePointer<Int32>) -> Int32
  typealias Number = @convention(c) (Handle, UnsafeMutablePointer<Int32>) -> Int32
  typealias Duplicate = @convention(c) (Handle, UnsafeMutablePointer<Handle>) -> Int32
  typealias SetHandler = @convention(c) (Handle, Handle) -> Int32
  typealias AllToAll =
    @convention(c) (
      UnsafeRawPointer?, Counts, Counts, Handle, UnsafeMutableRawPointer?, Counts, Counts, Handle, Handle, Request
    ) -> Int32
  typealias AllGather =
    @convention(c) (
      UnsafeRawPointer?, Int32, Handle, UnsafeMutableRawPointer?, Counts, Counts, Handle, Handle, Request
    ) -> Int32
  typealias Broadcast = @convention(c) (UnsafeMutableRawPointer?, Int32, Handle, Int32, Handle, Request) -> Int32
  typealias Send = @convention(c) (UnsafeRawPointer?, Int32, Handle, Int32, Int32, Handle, Request) -> Int32
  typealias Receive =
    @convention(c) (UnsafeMutableRawPointer?, Int32, Handle, Int32, Int32, Handle, Status) -> Int32
  typealias Probe = @convention(c) (Int32, Int32, Handle, UnsafeMutablePointer<Int32>, Status) -> Int32
  typealias Test = @convention(c) (Request, UnsafeMutablePointer<Int32>, Status) -> Int32
  typealias Abort = @convention(c) (Handle, Int32) -> Int32
  typealias Text = @convention(c) (UnsafeMutablePointer<CChar>, UnsafeMutablePointer<Int32>) -> Int32
  typealias ErrorText = @convention(c) (Int32, UnsafeMutablePointer<CChar>, UnsafeMutablePointer<Int32>) -> Int32
  typealias Plain = @convention(c) () -> Int32

  /// The name or path that it was found under.
  package let file: String
  /// Its name and version, by its own word.
  package let version: String
  let constants: MPIConstants
  let start: Start
  let finalize: Plain
  let rank: Number
  let size: Number
  let duplicate: Duplicate
  let setHandler: SetHandler
  let allToAll: AllToAll
  let allGather: AllGather
  let broadcast: Broadcast
  let send: Send
  let receive: Receive
  let probe: Probe
  let test: Test
  let abort: Abort
  let errorText: ErrorText

  /// The variable that names the library to load.
  package static let variable = "TRAIN_MPI_LIBRARY"

  /// The names under which libraries are looked for, those that fit the launcher first: a library takes part in no job but its
  /// own launcher's.
  package static func candidates(for launcher: Launcher?, named: String?) -> [String] {
    if let named, !named.isEmpty { return [named] }
    let (openMPI, mpich) = (["libmpi.so.40"], ["libmpich.so.12", "libmpi.so.12"])
    let (standard, unversioned) = (["libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.so"], ["libmpi.so"])
    switch launcher?.kind {
    case .mpich: return mpich + standard + unversioned + openMPI
    case .openMPI, .slurm, nil: return openMPI + mpich + standard + unversioned
    }
  }

  /// Loads the first library that is there.
  ///
  /// - Throws: `.resources` when there is none, or none whose numbers are known.
  package init(for launcher: Launcher?, named: String? = getenv(variable).map { String(cString: $0) }) throws(Failure) {
    var notes: [String] = []
    for file in Self.candidates(for: launcher, named: named) {
      guard let handle = dlopen(file, RTLD_NOW | RTLD_GLOBAL) else {
        notes.append(dlerror().map { String(cString: $0) } ?? "\(file) was not found")
        continue
      }
      self = try MPILibrary(handle, file)
      return
    }
    throw Failure(
      .resources, "no MPI library can be loaded",
      notes: (named == nil ? [] : notes) + [
        "install the one of your launcher: apt-get install openmpi-bin, or mpich; or load the cluster's module",
        "\(Self.variable)=PATH names a library that lies elsewhere",
      ])
  }

  private init(_ handle: UnsafeMutableRawPointer, _ file: String) throws(Failure) {
    let symbols = Symbols(handle: handle, file: file)
    let version = try Self.version(symbols)
    guard let constants = MPIConstants.of(handle, file: String(file.split(separator: "/").last ?? ""), version: version)
    else {
      throw Failure(
        .resources, "the MPI library is of a kind that is not known", at: file,
        notes: ["it says \"\(version)\"", "Open MPI 4 and 5, MPICH and what shares its ABI, and libmpi_abi are known"])
    }
    (self.file, self.version, self.constants) = (file, version, constants)
    start = try symbols.function("Init_thread", as: Start.self)
    finalize = try symbols.function("Finalize", as: Plain.self)
    rank = try symbols.function("Comm_rank", as: Number.self)
    size = try symbols.function("Comm_size", as: Number.self)
    duplicate = try symbols.function("Comm_dup", as: Duplicate.self)
    setHandler = try symbols.function("Comm_set_errhandler", as: SetHandler.self)
    allToAll = try symbols.function("Ialltoallv", as: AllToAll.self)
    allGather = try symbols.function("Iallgatherv", as: AllGather.self)
    broadcast = try symbols.function("Ibcast", as: Broadcast.self)
    send = try symbols.function("Isend", as: Send.self)
    receive = try symbols.function("Recv", as: Receive.self)
    probe = try symbols.function("Iprobe", as: Probe.self)
    test = try symbols.function("Test", as: Test.self)
    abort = try symbols.function("Abort", as: Abort.self)
    errorText = try symbols.function("Error_string", as: ErrorText.self)
  }

  /// The first line of the library's version text, which it gives before it is started.
  private static func version(_ symbols: Symbols) throws(Failure) -> String {
    let function = try symbols.function("Get_library_version", as: Text.self)
    var text = [CChar](repeating: 0, count: 8193)
    var length: Int32 = 0
    _ = function(&text, &length)
    let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let line = bytes.split(separator: UInt8(ascii: "\n")).first ?? []
    // Open MPI goes on with how it was built.
    let words = String(decoding: line, as: UTF8.self).split(separator: ",").first ?? ""
    return words.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  private struct Symbols {
    let handle: UnsafeMutableRawPointer
    let file: String

    func function<Function>(_ name: String, as type: Function.Type) throws(Failure) -> Function {
      guard let address = dlsym(handle, "MPI_\(name)") else {
        throw Failure(.resources, "the library is no MPI 3 library: it lacks MPI_\(name)", at: file)
      }
      return unsafeBitCast(address, to: type)
    }
  }
}
