import CHDF5
import Checkpoints
import Files
import Foundation
import Support
import Testing

/// An HDF5 file made by hand, to be valid but not what this program writes.
struct HandMade {
  let file: hid_t
  let group: hid_t

  /// Makes a file at `path` with the group `model`, which `fill` fills.
  static func make(_ path: String, _ fill: (HandMade) -> Void) throws {
    // Other tests use the library at the same time.
    try HDF5.exclusively {
      let access = H5Pcreate(ch5_file_access_class())
      H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110)
      let file = H5Fcreate(path, 2, hid_t(H5P_DEFAULT), access)
      let group = H5Gcreate2(file, "model", hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT))
      fill(HandMade(file: file, group: group))
      H5Gclose(group)
      H5Pclose(access)
      #expect(H5Fclose(file) >= 0)
    }
  }

  /// An array of ones, four of them, as this program writes it except for what the arguments say.
  func array(
    _ name: String = "w", type: hid_t = ch5_float32_type(), lengths: [hsize_t] = [4], limits: [hsize_t]? = nil,
    chunk: [hsize_t]? = [2], checksum: Bool = true, deflate: Bool = false, writes rows: Int? = nil,
    values given: [Float]? = nil
  ) {
    let properties = H5Pcreate(ch5_dataset_creation_class())
    if let chunk { H5Pset_chunk(properties, Int32(chunk.count), chunk) }
    if deflate { H5Pset_deflate(properties, 1) }
    if checksum { H5Pset_fletcher32(properties) }
    let space = H5Screate_simple(Int32(lengths.count), lengths, limits ?? lengths)
    let dataset = H5Dcreate2(group, name, type, space, hid_t(H5P_DEFAULT), properties, hid_t(H5P_DEFAULT))
    #expect(dataset >= 0)
    if let rows {
      let selection = H5Dget_space(dataset)
      H5Sselect_hyperslab(selection, H5S_SELECT_SET, [0], nil, [hsize_t(rows)], nil)
      let memory = H5Screate_simple(1, [hsize_t(rows)], nil)
      let values = [Float](repeating: 1, count: rows)
      if rows > 0 { H5Dwrite(dataset, ch5_float32_type(), memory, selection, hid_t(H5P_DEFAULT), values) }
      H5Sclose(memory)
      H5Sclose(selection)
    } else {
      let values = given ?? [Float](repeating: 1, count: Int(lengths.reduce(1, *)))
      H5Dwrite(dataset, ch5_float32_type(), hid_t(H5S_ALL), hid_t(H5S_ALL), hid_t(H5P_DEFAULT), values)
    }
    H5Dclose(dataset)
    H5Sclose(space)
    H5Pclose(properties)
  }

  func attribute(_ name: String, type: hid_t, count: hsize_t = 1, value: UnsafeRawPointer) {
    let space = H5Screate_simple(1, [count], nil)
    let attribute = H5Acreate2(file, name, type, space, hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT))
    #expect(H5Awrite(attribute, type, value) >= 0)
    H5Aclose(attribute)
    H5Sclose(space)
  }

  /// A string of variable length, as h5py writes it.
  func variableString(_ name: String, _ text: String) {
    let type = H5Tcopy(ch5_string_type())
    H5Tset_size(type, -1)
    text.withCString { text in
      withUnsafePointer(to: text) { attribute(name, type: type, value: $0) }
    }
    H5Tclose(type)
  }
}

@Suite(.serialized) struct ForeignFileTests {
  private func refusedFile(_ fill: (HandMade) -> Void) throws -> Failure? {
    var failure: Failure?
    try withScratchFolder(inMemory: true) { folder in
      try HandMade.make("\(folder)/f.h5", fill)
      failure = refusal {
        let file = try ArrayFile("\(folder)/f.h5")
        for array in file.arrays { _ = try file.read(array, as: Float.self) }
      }
    }
    return failure
  }

  @Test func whatIsWrittenAsWeDoIsRead() throws {
    #expect(try refusedFile { $0.array() } == nil)
  }

  @Test func arraysOfAnotherKindAreRefused() throws {
    let (bigEndian, compound) = try HDF5.exclusively {
      let bigEndian = H5Tcopy(ch5_float32_type())
      H5Tset_order(bigEndian, H5T_ORDER_BE)
      let compound = H5Tcreate(H5T_COMPOUND, 4)
      H5Tinsert(compound, "x", 0, ch5_float32_type())
      return (bigEndian, compound)
    }
    let cases: [(String, String, (HandMade) -> Void)] = [
      ("big-endian", "a type that is not read", { $0.array(type: bigEndian) }),
      ("compound", "a type that is not read", { $0.array(type: compound, writes: 0) }),
      ("contiguous", "not stored in chunks", { $0.array(chunk: nil, checksum: false) }),
      ("no checksum", "Fletcher-32", { $0.array(checksum: false) }),
      ("another filter", "Fletcher-32", { $0.array(deflate: true) }),
      ("only another filter", "Fletcher-32", { $0.array(checksum: false, deflate: true) }),
      ("never written", "holes", { $0.array(writes: 0) }),
      ("half written", "holes", { $0.array(writes: 2) }),
      ("extendible", "impossible shape", { $0.array(limits: [100]) }),
      ("empty", "impossible shape", { $0.array(lengths: [0], limits: [9], writes: 0) }),
      ("larger than the file", "larger than the file", { $0.array(lengths: [1 << 40], chunk: [1024], writes: 0) }),
      (
        "overflowing", "larger than the file",
        { $0.array(lengths: [1 << 31, 1 << 30], chunk: [1, 1024], writes: 0) }
      ),
    ]
    for (name, words, fill) in cases {
      let refusal = try #require(try refusedFile(fill), "\(name)")
      #expect(refusal.exitCode == 5 && refusal.what.contains(words), "\(name): \(refusal)")
    }
    H5Tclose(bigEndian)
    H5Tclose(compound)
  }

  @Test func linksAreRefusedBeforeTheyAreFollowed() throws {
    let inGroup = hid_t(H5P_DEFAULT)
    let cases: [(String, String, (HandMade) -> Void)] = [
      (
        "external", "a link to somewhere else",
        { H5Lcreate_external("/etc/passwd", "/x", $0.group, "w", inGroup, inGroup) }
      ),
      ("soft", "a link to somewhere else", { H5Lcreate_soft("/model/v", $0.group, "w", inGroup, inGroup) }),
      (
        "external group", "a link to somewhere else",
        { H5Lcreate_external("x.h5", "/", $0.file, "g", inGroup, inGroup) }
      ),
      ("group in a group", "not an array", { H5Gclose(H5Gcreate2($0.group, "g", inGroup, inGroup, inGroup)) }),
      (
        "group that holds itself", "not an array", { H5Lcreate_hard($0.file, "model", $0.group, "g", inGroup, inGroup) }
      ),
      (
        "one array under many names", "larger than the file",
        { file in
          file.array(lengths: [1 << 18], chunk: [1 << 16])
          for index in 0..<300 { H5Lcreate_hard(file.group, "w", file.group, "alias\(index)", inGroup, inGroup) }
        }
      ),
    ]
    for (name, words, fill) in cases {
      let refusal = try #require(try refusedFile(fill), "\(name)")
      #expect(refusal.exitCode == 5 && refusal.what.contains(words), "\(name): \(refusal)")
    }
  }

  @Test func attributesOfAnotherKindAreRefused() throws {
    let numbers: [Int64] = [1, 2]
    let cases: [(String, String, (HandMade) -> Void)] = [
      (
        "many", "too many attributes",
        { file in
          for index in 0..<100 { file.attribute("a\(index)", type: ch5_int64_type(), value: numbers) }
        }
      ),
      ("a list", "not one value", { $0.attribute("a", type: ch5_int64_type(), count: 2, value: numbers) }),
      ("variable length", "variable length", { $0.variableString("config", "{}") }),
      (
        "edited", "damaged or were edited",
        { file in
          let type = H5Tcopy(ch5_string_type())
          H5Tset_size(type, 64)
          let digest = [UInt8](repeating: UInt8(ascii: "0"), count: 64)
          file.attribute("attributes_sha256", type: type, value: digest)
          H5Tclose(type)
        }
      ),
    ]
    for (name, words, fill) in cases {
      let refusal = try #require(try refusedFile(fill), "\(name)")
      #expect(refusal.exitCode == 5 && refusal.what.contains(words), "\(name): \(refusal)")
    }
  }

  @Test func variableStringsAreReadFromProbedFiles() throws {
    try withScratchFolder(inMemory: true) { folder in
      try HandMade.make("\(folder)/f.h5") { $0.variableString("config", "{\"é\": 1}") }
      let file = try ArrayFile("\(folder)/f.h5", isProbed: true)
      #expect(file.attributes["config"]?.string == "{\"é\": 1}")
    }
  }

  // MARK: The probe

  /// Runs the probe with a shell script in place of the program.
  private func probe(_ script: String, _ check: (Failure?) -> Void) throws {
    try withScratchFolder(inMemory: true) { folder in
      try HandMade.make("\(folder)/f.h5") { $0.array() }
      let program = "\(folder)/program"
      #expect(try Shell.run("printf '#!/bin/sh\n%s\n' \"$1\" > \"$0\" && chmod +x \"$0\"", [program, script]) == 0)
      check(refusal { try ForeignFileProbe.run(path: "\(folder)/f.h5", executable: program) })
    }
  }

  @Test func theProbeReportsHowTheChildEnded() throws {
    try probe("[ $1 = __probe-h5 ] && [ -f $2 ]") { #expect($0 == nil) }
    try probe("kill -SEGV $$") { #expect($0?.what == "the HDF5 library could not read this safely (signal 11)") }
    try probe("echo 'array w has holes' >&2; echo 'a note' >&2; exit 5") {
      #expect($0?.what == "array w has holes")
      #expect($0?.notes == ["a note"])
    }
    // What the machine lacks says nothing about the file.
    try probe("echo 'cannot open the file' >&2; exit 6") { #expect($0?.exitCode == 6) }
    try probe("exit 134") { #expect($0?.what.contains("exit 134") == true) }
    let start = ContinuousClock.now
    try probe("exec sleep 60") { #expect($0?.what.contains("did not come to an end") == true) }
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test func theProbeNeedsAnExecutable() throws {
    try withScratchFolder(inMemory: true) { folder in
      try HandMade.make("\(folder)/f.h5") { $0.array() }
      let refusal = refusal { try ForeignFileProbe.run(path: "\(folder)/f.h5", executable: "\(folder)/none") }
      #expect(refusal?.exitCode == 6)
    }
  }

  @Test func filesWithoutAManifestAreProbedWhereTheProgramSaysHow() throws {
    try withScratchFolder(inMemory: true) { folder in
      try HandMade.make("\(folder)/model.h5") { $0.variableString("config", "{}") }
      let location = try CheckpointLocation(folder)
      #expect(refusal { _ = try location.open(probe: nil) }?.what.contains("variable length") == true)
      #expect(try location.open(probe: "/bin/true").attributes["config"]?.string == "{}")
      #expect(refusal { _ = try location.open(probe: "/bin/false") }?.exitCode == 5)
    }
  }
}
