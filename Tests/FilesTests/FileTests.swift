import Files
import Foundation
import Support
import Synchronization
import Testing

struct ReadingTests {
  @Test func wholeFilesAndPieces() throws {
    try withScratchFolder { folder in
      let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
      try DurableFile.write(bytes, to: "\(folder)/f")
      #expect(try ReadableFile.contents(of: "\(folder)/f", area: .data) == bytes)
      let file = try ReadableFile("\(folder)/f", area: .data)
      #expect(file.count == 5000)
      #expect(try file.read(7, at: 4000) == Array(bytes[4000..<4007]))
      #expect(refusal { _ = try ReadableFile.contents(of: "\(folder)/f", area: .data, limit: 4999) } != nil)
    }
  }

  @Test func readingPastTheEndIsAFailure() throws {
    try withScratchFolder { folder in
      try DurableFile.write("12345", to: "\(folder)/f")
      for (count, offset) in [(6, 0), (1, 5), (-1, 0), (1, -1), (Int.max, 1), (1, .max)] {
        let failure = refusal { _ = try ReadableFile("\(folder)/f", area: .data).read(count, at: offset) }
        #expect(failure?.area == .data)
      }
    }
  }

  @Test func whatIsNotAFileIsRefusedAtOnce() throws {
    try withScratchFolder { folder in
      #expect(mkfifo("\(folder)/pipe", 0o600) == 0)
      for (path, words) in [
        (folder, "a folder"), ("\(folder)/pipe", "a named pipe"), ("/dev/zero", "a device"),
        ("\(folder)/missing", "No such file"),
      ] {
        for read in [
          { _ = try ReadableFile.contents(of: path, area: .recipe) }, { _ = try MappedFile(path, area: .recipe) },
        ] as [() throws -> Void] {
          let failure = try #require(refusal(read))
          #expect(failure.description.contains(words))
          #expect(failure.place == path)
          #expect(failure.area == .recipe)
        }
      }
    }
  }

  @Test func mappedBytes() throws {
    try withScratchFolder { folder in
      let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 3) }
      try DurableFile.write(bytes, to: "\(folder)/f")
      try DurableFile.write([], to: "\(folder)/empty")
      #expect(try MappedFile("\(folder)/f", area: .data).withBytes { Array($0) } == bytes)
      #expect(try MappedFile("\(folder)/empty", area: .data).count == 0)
    }
  }
}

struct WritingTests {
  @Test func commitReplacesAndLeavesNothingElse() throws {
    try withScratchFolder { folder in
      try DurableFile.write("old", to: "\(folder)/f")
      var file = try DurableFile(at: "\(folder)/f")
      try file.write("ne")
      try file.write("w")
      #expect(try ReadableFile.contents(of: "\(folder)/f", area: .data) == Array("old".utf8))
      try file.commit()
      #expect(try ReadableFile.contents(of: "\(folder)/f", area: .data) == Array("new".utf8))
      #expect(try Folder.names(in: folder, area: .data) == ["f"])
    }
  }

  @Test func withoutCommitNothingChanges() throws {
    try withScratchFolder { folder in
      try DurableFile.write("old", to: "\(folder)/f")
      func abandon() throws {
        var file = try DurableFile(at: "\(folder)/f")
        try file.write("new")
      }
      try abandon()
      #expect(try ReadableFile.contents(of: "\(folder)/f", area: .data) == Array("old".utf8))
      #expect(try Folder.names(in: folder, area: .data) == ["f"])
    }
  }

  @Test func failuresToPutItInPlaceRemoveTheTemporary() throws {
    try withScratchFolder { folder in
      try Folder.create("\(folder)/f/below")
      for path in ["\(folder)/f", "\(folder)/missing/f"] {
        #expect(refusal { try DurableFile.write("new", to: path) }?.exitCode == 6)
      }
      #expect(try Folder.names(in: folder, area: .data) == ["f"])
    }
  }

  /// Each removes what others have left of the file, and never what another is about to put in its place.
  @Test(arguments: [false, true]) func writersOfOneFileDoNotDisturbEachOther(_ isStaged: Bool) throws {
    try withScratchFolder { folder in
      let failures = Mutex<[String]>([])
      DispatchQueue.concurrentPerform(iterations: 4) { _ in
        for _ in 0..<400 {
          do throws(Failure) {
            if isStaged {
              try StagedOutput.write("\(folder)/f", overwrite: true) { (path) throws(Failure) in
                try DurableFile.write("new", to: path)
              }
            } else {
              try DurableFile.write("new", to: "\(folder)/f")
            }
          } catch {
            failures.withLock { $0.append(error.description) }
          }
        }
      }
      let found = failures.withLock { $0 }
      #expect(found == [])
      let names = try Folder.names(in: folder, area: .data)
      #expect(names == ["f"])
    }
  }

  /// As root a file would take the place of `/dev/null`, which is not tried here.
  @Test func whatIsNoFileIsNotReplaced() throws {
    try withScratchFolder { folder in
      #expect(mkfifo("\(folder)/pipe", 0o600) == 0 && symlink("pipe", "\(folder)/link") == 0)
      for path in ["\(folder)/pipe", "\(folder)/link"] {
        #expect(refusal { try DurableFile.write("new", to: path) }?.exitCode == 2, "\(path)")
        let staged = refusal {
          try StagedOutput.write(path, overwrite: true) { (path) throws(Failure) in
            try DurableFile.write("new", to: path)
          }
        }
        #expect(staged?.what == "what is there is no file, and is not replaced by one", "\(path)")
      }
      let names = try Folder.names(in: folder, area: .data)
      #expect(names.sorted() == ["link", "pipe"])
      var status = stat()
      #expect(lstat("\(folder)/pipe", &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
    }
  }

  @Test func foldersAreCreatedWithThoseAbove() throws {
    try withScratchFolder { folder in
      try Folder.create("\(folder)/a/b/c")
      try Folder.create("\(folder)/a/b/c")
      #expect(Folder.exists("\(folder)/a/b/c"))
      try DurableFile.write("x", to: "\(folder)/file")
      #expect(refusal { try Folder.create("\(folder)/file") }?.area == .resources)
      #expect(refusal { try Folder.create("\(folder)/file/below") }?.area == .resources)
    }
  }

  @Test func parents() {
    #expect(Folder.parent(of: "a") == ".")
    #expect(Folder.parent(of: "/a") == "/")
    #expect(Folder.parent(of: "a/b/c") == "a/b")
  }
}
