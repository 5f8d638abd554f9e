import Files
import Foundation
import Runs
import Support
import Testing

@Suite struct RunFolderTests {
  @Test func aNewRunWritesWhatItIs() throws {
    try withScratchFolder { scratch in
      let recipe = try RecipeFixture.decode(RecipeFixture.text, ["seed=7"])
      let folder = try RunFolder(creating: "\(scratch)/a/b/", overwrite: false)
      try folder.write(recipe, environment: [JSONMember("blas", "none")])
      #expect(folder.path == "\(scratch)/a/b")
      #expect(try String(contentsOfFile: folder.recipe, encoding: .utf8) == recipe.text)
      #expect(try RunFolder(existing: folder.path).resolvedRecipe().resolved == recipe.resolved)
      let bytes = Array(try String(contentsOfFile: folder.environment, encoding: .utf8).utf8)
      let environment = try JSONValue.parse(bytes, source: "", area: .data)
      #expect(environment["overrides"] == ["seed=7"])
      #expect(environment["blas"] == "none")
      #expect(environment["machine"]?["usable_cores"]?.integer ?? 0 >= 1)
      try folder.probe()
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 3)
    }
  }

  /// Earlier versions wrote down the defaults of keys that the loss does not read, which a recipe may not have any more.
  @Test func recipesOfEarlierVersionsAreRead() throws {
    try withScratchFolder { scratch in
      let recipe = try RecipeFixture.decode(
        RecipeFixture.text,
        [
          "task=dpo", #"model={"from":"base"}"#, "~tokenizer",
          #"objective={"name":"dpo","loss_type":"sigmoid","label_smoothing":0.1}"#,
        ])
      let folder = try RunFolder(creating: scratch, overwrite: false)
      try folder.write(recipe)
      var earlier = recipe.resolved
      earlier["objective"]?["simpo_gamma"] = 0.5
      earlier["objective"]?["cpo_alpha"] = 1
      try DurableFile.write(earlier.serialized(), to: folder.resolved)
      #expect(try folder.resolvedRecipe().resolved == recipe.resolved)
      earlier["objective"]?["simpo_gamma"] = 0.7
      try DurableFile.write(earlier.serialized(), to: folder.resolved)
      #expect(refusal { _ = try folder.resolvedRecipe() }?.exitCode == 5)
    }
  }

  /// Earlier versions took more threads than they used.
  @Test func runsOfMoreThreadsThanThereCanBeAreRead() throws {
    try withScratchFolder { scratch in
      let recipe = try RecipeFixture.decode(RecipeFixture.text, ["threads=64"])
      let folder = try RunFolder(creating: scratch, overwrite: false)
      try folder.write(recipe)
      var earlier = recipe.resolved
      earlier["threads"] = 96
      try DurableFile.write(earlier.serialized(), to: folder.resolved)
      #expect(try folder.resolvedRecipe().resolved == recipe.resolved)
      earlier["threads"] = 0
      try DurableFile.write(earlier.serialized(), to: folder.resolved)
      #expect(refusal { _ = try folder.resolvedRecipe() }?.exitCode == 5)
    }
  }

  @Test func aRunIsNeverOverwrittenUnasked() throws {
    try withScratchFolder { scratch in
      let recipe = try RecipeFixture.decode()
      try RunFolder(creating: scratch, overwrite: false).write(recipe)
      try DurableFile.write("mine", to: "\(scratch)/notes.txt")
      try FileManager.default.createDirectory(atPath: "\(scratch)/step-000400", withIntermediateDirectories: true)
      let refused = try #require(refusal { _ = try RunFolder(creating: scratch, overwrite: false) })
      #expect(refused.exitCode == 2)
      #expect(refused.notes.contains { $0.contains("train resume \(scratch)") })
      let folder = try RunFolder(creating: scratch, overwrite: true)
      #expect(FileManager.default.fileExists(atPath: folder.recipe))
      try folder.start(recipe)
      #expect(
        Set(try FileManager.default.contentsOfDirectory(atPath: scratch))
          == ["notes.txt", "recipe.json", "environment.json", "resolved.json"])
    }
  }

  /// A start that was stopped while it deleted the earlier run: neither a run nor a stranger's folder.
  @Test func aStartThatWasCutOffStartsAgain() throws {
    try withScratchFolder { scratch in
      let recipe = try RecipeFixture.decode()
      for name in [".unfinished", "recipe.json", ".recipe.json.1.2.tmp", "notes.txt"] {
        try DurableFile.write("mine", to: "\(scratch)/\(name)")
      }
      #expect(
        try #require(refusal { _ = try RunFolder(existing: scratch) }).what == "the start of this run was cut off")
      let folder = try RunFolder(creating: scratch, overwrite: false)
      try FileManager.default.createDirectory(atPath: "\(scratch)/step-000400", withIntermediateDirectories: true)
      #expect(refusal { _ = try RunFolder(creating: scratch, overwrite: false) }?.exitCode == 2)
      _ = try RunFolder(creating: scratch, overwrite: true)
      try folder.start(recipe)
      #expect(
        Set(try FileManager.default.contentsOfDirectory(atPath: scratch))
          == ["notes.txt", "recipe.json", "environment.json", "resolved.json"])
      #expect(try RunFolder(existing: scratch).resolvedRecipe().resolved == recipe.resolved)
    }
  }

  @Test func overwriteDeletesRunsOnly() throws {
    try withScratchFolder { scratch in
      try DurableFile.write("mine", to: "\(scratch)/notes.txt")
      #expect(refusal { _ = try RunFolder(creating: scratch, overwrite: true) }?.exitCode == 2)
      #expect(FileManager.default.fileExists(atPath: "\(scratch)/notes.txt"))
    }
  }

  @Test func anAbortedStartIsAnEmptyFolder() throws {
    try withScratchFolder { scratch in
      try DurableFile.write("", to: "\(scratch)/.lock")
      _ = try RunFolder(creating: scratch, overwrite: false)
    }
  }

  @Test func pathsThatAreNotFoldersAreUsageErrors() throws {
    try withScratchFolder { scratch in
      try DurableFile.write("", to: "\(scratch)/file")
      try FileManager.default.createSymbolicLink(atPath: "\(scratch)/loop", withDestinationPath: "loop")
      try FileManager.default.createSymbolicLink(atPath: "\(scratch)/dangling", withDestinationPath: "nothing")
      for name in ["file", "file/inside", "loop", "loop/inside", "dangling", "../up", "a/../b"] {
        let found = refusal { _ = try RunFolder(creating: "\(scratch)/\(name)", overwrite: true) }
        #expect(found?.exitCode == 2, "\(name): \(String(describing: found))")
      }
    }
  }

  /// No shell has replaced it: a folder called `~` would be made, which nobody deletes with an easy mind.
  @Test func aHomeThatWasNotReplacedIsRefused() throws {
    for path in ["~", "~/runs/a"] {
      let failure = refusal { _ = try RunFolder(creating: path, overwrite: false) }
      #expect(failure?.what == "a run folder's path has no \"~\"" && failure?.exitCode == 2)
      #expect(failure?.notes.first?.contains("run=/") == true && failure?.notes.first?.contains("~") == false)
    }
  }

  @Test func aFileIsNotCalledAMissingFolder() throws {
    let folder = try ScratchFolder()
    let path = try folder.write("{}", to: "r.json")
    let failure = refusal { _ = try RunFolder(existing: path) }
    #expect(failure?.notes == ["it is a file: `train run \(path)` runs a recipe"])
    try FileManager.default.createDirectory(at: folder.url("run/step-000001"), withIntermediateDirectories: true)
    try folder.write("{}", to: "run/resolved.json")
    let step = refusal { _ = try RunFolder(existing: folder("run/step-000001/")) }
    #expect(step?.notes == ["it belongs to the run in \(folder("run")): `train resume \(folder("run"))`"])
  }

  @Test func aFolderThatCannotBeMadeIsAMatterOfResources() {
    #expect(refusal { _ = try RunFolder(creating: "/proc/nothing/run", overwrite: false) }?.exitCode == 6)
  }

  @Test func resumingNeedsARun() throws {
    try withScratchFolder { scratch in
      #expect(refusal { _ = try RunFolder(existing: scratch) }?.exitCode == 2)
      #expect(refusal { _ = try RunFolder(existing: "\(scratch)/none") }?.exitCode == 2)
      try DurableFile.write("{", to: "\(scratch)/resolved.json")
      #expect(refusal { _ = try RunFolder(existing: scratch).resolvedRecipe() }?.exitCode == 5)
    }
  }
}
