import Files
import Foundation
import Support
import Testing

/// What the command line answers to what people type.
@Suite struct HelpfulWordsTests {
  @Test func aBuiltInRecipeIsKnownByItsName() throws {
    let folder = try ScratchFolder()
    let path = RecipeCommandTests.recipes.appending(path: "tiny.json").path
    for word in ["tiny", "tiny.json", "recipes/tiny.json"] {
      let outcome = try Binary.run(["validate", word], in: folder)
      #expect(outcome.code == 0, "\(outcome.log)")
      #expect(outcome.log == "recipe: \(path)\n")
    }
    let near = try Binary.run(["pretrain", "tinny"], in: folder)
    #expect(near.code == 2 && near.log.contains("did you mean \"tiny\"?"))
    // A file of one's own counts first.
    try folder.write("{", to: "tiny")
    #expect(try Binary.run(["validate", "tiny"], in: folder).code == 3)
  }

  @Test(arguments: [
    (["pretrain", "tiny", "--learning-rate", "1"], "here it is \"optimizer.learning_rate\"", false),
    (["pretrain", "tiny", "--learning-rate", "1"], "without dashes: optimizer.learning_rate=VALUE", true),
    (["pretrain", "tiny", "--lr", "1"], "it is given without dashes: optimizer.learning_rate=VALUE", true),
    (["sft", "smollm2-sft", "--num_train_epochs=3"], "training.epochs=VALUE", true),
    (["generate", "x", "--max_new_tokens", "5"], "here it is \"--max-tokens\"", true),
    (["generate", "x", "-p", "5"], "here it is \"--prompt\"", true),
    (["generate", "x", "--prompt", "--greedy"], "\"--greedy\" is an option; as a value", true),
    (["pretrain", "tiny.json", "tiny.json"], "data is given with its key: data.train=tiny.json", true),
    (["eval", "x", "--data", "y", "--limit", "all"], "without --limit there is no limit", true),
    (["generate", "x", "--top-k", "-1"], "without --top-k there is no limit", true),
    (["generate", "x", "--top-k", "0"], "without --top-k there is no limit", true),
    (["plan", "tiny", "--ranks", "-1"], "there is no limit", false),
    (["generate", "x", "--max-tokens", "-1"], "there is no limit", false),
    (["export", "x", "out"], "only .gguf and .safetensors say it by the name", true),
    (["tiny"], "`train run tiny` runs a recipe", true), (["mine.json"], "`train run mine.json` runs a recipe", true),
    (["generate", "-m", "x.gguf"], "the model stands without an option: train generate MODEL", true),
    (["eval", "--model", "hf", "--tasks", "piqa"], "the model stands without an option: train eval MODEL", true),
    (["finetune"], "`train sft RECIPE` tunes", true), (["evaluate", "x"], "`train eval MODEL` measures", true),
    (["quantize", "x"], "--dtype q8_0", true), (["serve"], "there is no server", true),
    (["cp", "a", "b"], "`train recipes copy NAME FILE` copies one", true),
    (["pretrain", "tiny.json", "training.max_steps", "3"], "without blanks: training.max_steps=VALUE", true),
    (["pretrain", "tiny.json", "'run=a'"], "the quotes are part of the word here", true),
  ])
  func whatIsMeantIsSaid(_ arguments: [String], _ note: String, _ isSaid: Bool) throws {
    let tiny = try TinyRun()
    let outcome = try Binary.run(arguments, in: tiny.folder)
    #expect(outcome.code == 2, "\(outcome.log)")
    #expect(outcome.log.contains(note) == isSaid, "\(outcome.log)")
  }

  @Test func theNameOfTheFileSaysTheFormat() throws {
    let outcome = try Binary.run(["export", "none", "m.gguf"])
    #expect(!outcome.log.contains("--to is missing"), "\(outcome.log)")
  }

  @Test func aRunThatIsRefusedLeavesNothing() throws {
    let tiny = try TinyRun()
    let refused: [[String]] = [
      ["pretrain", "tiny.json", "data.train=none.txt"],
      ["pretrain", "tiny.json", "data.train=data/stories/train.txt", "tokenizer={\"from\":\"none.json\"}"],
      ["sft", "stories-sft"], ["pretrain", "tiny", "training.max_steps=1", "schedule.warmup_steps=2"],
    ]
    for arguments in refused {
      let outcome = try Binary.run(arguments, in: tiny.folder)
      #expect(outcome.code != 0)
      #expect(
        try tiny.folder.names().filter { !["text.txt", "tiny.json"].contains($0) } == [], "\(outcome.log)")
    }
    #expect(try Binary.run(["sft", "stories-sft"], in: tiny.folder).log.contains("`train run tiny` makes it"))
    let imported = try Binary.run(["sft", "smollm2-sft"], in: tiny.folder).log
    #expect(imported.contains("`train import MODEL checkpoints/smollm2` puts one there"), "\(imported)")
    #expect(!imported.contains("over the network"), "\(imported)")
  }

  @Test func aRunIsResumedExactlyWithWeightedSources() throws {
    let tiny = try TinyRun()
    try tiny.write(String(TinyRun.text.reversed()), to: "other.txt")
    let train = #"data.train=[{"path":"text.txt","weight":0.25},{"path":"other.txt","weight":0.75}]"#
    let log = try tiny.train("pretrain", "tiny.json", train)
    #expect(log.contains("source text.txt: 25.0 % of the samples, read "), "\(log)")
    try tiny.copy("runs/tiny", as: "runs/half", upTo: 6)
    try tiny.train("resume", "runs/half")
    #expect(try tiny.contents("runs/half", step: 12).differences(tiny.contents("runs/tiny", step: 12)) == [])
    let other = try tiny.train(
      "resume", "runs/half", train.replacing("0.75", with: "0.5"), "training.max_steps=20", code: 4)
    #expect(other.contains("the training data is not what the run started with"))
  }

  @Test func whatARecipeStartsWithIsMissedWhileItIsChecked() throws {
    let tiny = try TinyRun()
    let outcome = try Binary.run(["validate", "tiny.json", #"tokenizer={"from":"gpt2"}"#], in: tiny.folder)
    #expect(outcome.code == 0 && outcome.log.contains("warning: nothing is at gpt2 yet, which tokenizer.from names"))
    #expect(try !Binary.run(["validate", "tiny.json"], in: tiny.folder).log.contains("warning"))
  }

  @Test func whatIsElsewhereIsNotLookedForInSilence() throws {
    let tiny = try TinyRun()
    let model = try Binary.run(["generate", "HuggingFaceTB/SmolLM2-135M", "--prompt", "a"], in: tiny.folder)
    #expect(model.code == 5 && model.log.contains("hf download HuggingFaceTB/SmolLM2-135M --local-dir"), "\(model.log)")
    #expect(try !Binary.run(["generate", "runs/tinny", "--prompt", "a"], in: tiny.folder).log.contains("hf download"))
    let data = try Binary.run(["validate", "tiny.json", "data.train=https://a.org/b.txt"], in: tiny.folder)
    #expect(data.code == 4 && data.log.contains("curl -LO https://a.org/b.txt"), "\(data.log)")
  }

  /// Where a package of Debian puts them, and the container of the page.
  @Test func aBinaryInBinFindsTheRecipesInShare() throws {
    let folder = try ScratchFolder()
    for part in ["usr/bin", "usr/share/train", "work"] {
      try FileManager.default.createDirectory(at: folder.url(part), withIntermediateDirectories: true)
    }
    #expect(try Shell.run("cp \"$0\" \"$1\"", [Binary.url.path, folder("usr/bin/train")]) == 0)
    try FileManager.default.copyItem(at: RecipeCommandTests.recipes, to: folder.url("usr/share/train/recipes"))
    let process = Process()
    process.executableURL = folder.url("usr/bin/train")
    process.arguments = ["validate", "tiny"]
    process.currentDirectoryURL = folder.url("work")
    let log = Pipe()
    (process.standardOutput, process.standardError) = (FileHandle.nullDevice, log)
    try process.run()
    let text = String(decoding: log.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0 && text.hasSuffix("/usr/share/train/recipes/tiny.json\n"), "\(text)")
  }

  // MARK: For machines

  @Test func problemsAreJSONToo() throws {
    let tiny = try TinyRun()
    let outcome = try Binary.run(
      ["validate", "tiny.json", "--json", "training.max_steps=x", "optimizer.lr=1"], in: tiny.folder)
    #expect(outcome.code == 3)
    let json = try JSONValue.parse(Array(outcome.results.utf8), source: "", area: .data)
    #expect(json["valid"]?.bool == false && json["problems"]?.array?.count == 2)
    #expect(json["problems"]?.array?.first?["notes"]?.array?.isEmpty == false)
  }

  @Test func aRunsResultIsOneObjectOfNumbers() throws {
    let tiny = try TinyRun()
    let outcome = try Binary.run(["pretrain", "tiny.json", "training.max_steps=5", "--json"], in: tiny.folder)
    let json = try JSONValue.parse(Array(outcome.results.utf8), source: "", area: .data)
    #expect(json["run"]?.string == "runs/tiny" && json["step"]?.integer == 5 && json["best_step"]?.integer == 5)
    #expect(json["loss"]?.double != nil && json["eval_loss"]?.double != nil)
    let rows = try tiny.folder.text(of: "runs/tiny/metrics.jsonl").split(separator: "\n").map {
      try JSONValue.parse(Array($0.utf8), source: "", area: .data)["time"]?.double
    }
    let now = Date().timeIntervalSince1970
    #expect(rows.count == 6 && rows.allSatisfy { $0.map { abs($0 - now) < 600 } ?? false })
  }

  // MARK: Help

  @Test func everyCommandHasAnExampleFirst() throws {
    let overview = try Binary.run(["help"]).results.split(separator: "\n")
    let names = overview.filter { $0.hasPrefix("  ") }.map { $0.split(separator: " ")[0] }
    #expect(names.count > 20)
    for name in names {
      let text = try Binary.run(["help", String(name)]).results.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(text[0].hasPrefix("  ") && text[0].contains("train \(name)"), "\(name): \(text)")
    }
  }

  @Test(arguments: [
    (["help", "recipe", "schedule"], "schedule.warmup_steps\n"),
    (["help", "learning_rate"], "optimizer.learning_rate\n"),
    (["help", "training.epochs"], "training.epochs\n"), (["help", "lr"], "here it is \"optimizer.learning_rate\""),
    (["help", "adapter"], "adapter.target_modules\n"), (["help", "exit-codes"], "130  stopped by Ctrl-C"),
    (["help", "man"], ".TH TRAIN 1"), (["help", "recipe", "lr"], "here it is \"optimizer.learning_rate\""),
    (["--help", "lr"], "here it is \"optimizer.learning_rate\""),
  ])
  func aTopicIsExplained(_ arguments: [String], _ text: String) throws {
    let outcome = try Binary.run(arguments)
    #expect(outcome.code == 0 && outcome.results.contains(text), "\(outcome.results)\(outcome.log)")
    #expect(!outcome.results.contains("data.train\n"))
  }

  @Test func everyExitCodeIsExplained() throws {
    let areas: [Failure.Area] = [
      .usage, .recipe, .data, .checkpoint, .model, .tokenizer, .resources, .numerics, .verification, .interrupted,
      .internal,
    ]
    let codes = Set(
      try Binary.run(["help", "exit-codes"]).results.split(separator: "\n").map { Int32($0.prefix { $0 != " " }) })
    for area in areas { #expect(codes.contains(Failure(area, "").exitCode), "\(area)") }
  }

  @Test func recipesAreWholeSentencesWithBenchesLast() throws {
    let lines = try Binary.run(["recipes"]).results.split(separator: "\n")
    #expect(lines.allSatisfy { $0.hasSuffix(".") || $0.contains("data.train=") }, "\(lines)")
    let names = lines.map { $0.prefix { $0 != " " } }
    let benches = names.drop { !$0.hasPrefix("bench-") }
    #expect(!benches.isEmpty && benches.allSatisfy { $0.hasPrefix("bench-") })
  }

  @Test func theScriptOfBashCompletes() throws {
    let folder = try ScratchFolder()
    let script = try Binary.run(["completions", "bash"]).results
    try folder.write(script, to: "train.bash")
    // A folder with the name of a command, and a file with a blank in its name.
    try FileManager.default.createDirectory(at: folder.url("recipes"), withIntermediateDirectories: true)
    try folder.write("", to: "my rows.json")
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/bash")
    shell.arguments = [
      "-c",
      """
      source '\(folder("train.bash"))'
      complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _train 2>/dev/null; echo "${COMPREPLY[*]}"; }
      complete_words train pre; complete_words train pretrain ti; complete_words train generate x --max; complete_words train sft r optimizer.b
      complete_words train resume r training.ep; complete_words train recipes copy ti; complete_words train sft my; complete -p train
      complete_words train export m o --to g; complete_words train export m o --to = pe; complete_words train eval m --precision ""
      complete_words train chat m --template zep; complete_words train chat m --template my; complete_words train sft r training.precision = bf
      complete_words train sft r data.packing =; complete_words train sft r data.train = my; complete_words train sft r run = ti
      complete_words train help recipe sched; complete_words train help optimizer.be; complete_words train tokenizer en
      """,
    ]
    shell.currentDirectoryURL = folder.url("")
    let pipe = Pipe()
    shell.standardOutput = pipe
    try shell.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let more = "training.epochs=\ntiny\nmy rows.json\ncomplete -F _train train\n"
    let values = """
      gguf gguf-lora
      peft
      float32 bfloat16
      zephyr
      my rows.json
      bfloat16
      true false
      my rows.json

      schedule
      optimizer.betas
      encode

      """
    #expect(text == "pretrain prepare\ntiny\n--max-tokens\noptimizer.betas=\n\(more)\(values)", "\(text)")
  }

  @Test(arguments: [
    ("zsh", [#""export --to"|"export --to=") values=('hf:a folder' 'safetensors:the weights alone'"#]),
    ("zsh", [#"*" training.precision=") values=('float32' 'bfloat16') ;;"#, #""help recipe") values=('model'"#]),
    ("fish", ["-l to -x -a 'hf safetensors gguf peft gguf-lora' -d", "-l template -r -a 'chatml llama3 "]),
    ("fish", ["-n '__train_ends_with help recipe' -a 'model ", "-n '__train_has eval' -l limit -r"]),
    ("fish", [" training.precision=float32 training.precision=bfloat16 ", " optimizer.betas= "]),
  ])
  func theScriptsOfOtherShellsNameValues(_ shell: String, _ parts: [String]) throws {
    let script = try Binary.run(["completions", shell])
    #expect(script.code == 0 && script.results.contains("generate") && script.results.contains("max-tokens"))
    for part in parts { #expect(script.results.contains(part), "\(part)") }
  }

  @Test(arguments: [
    (
      ["export", "m", "o", "--to", "gguff"], "--to must be one of hf, safetensors, gguf", "did you mean \"gguf\"?",
      ": hf (a folder), "
    ),
    (
      ["eval", "m", "--precision", "bf16"], "--precision must be one of float32, bfloat16", "usage: train eval",
      ": float32 (the default) or bfloat16\n"
    ),
    (
      ["tokenizer", "train", "x", "--pattern=gpt"], "--pattern must be one of gpt2", "did you mean \"gpt2\"?",
      ": gpt2 (the default), "
    ),
  ])
  func anOptionNamesItsValues(_ arguments: [String], _ what: String, _ note: String, _ help: String) throws {
    let refused = try Binary.run(arguments)
    #expect(refused.code == 2 && refused.log.contains("error[usage]: \(what)"), "\(refused.log)")
    #expect(refused.log.contains(note), "\(refused.log)")
    #expect(try Binary.run(["help", arguments[0]]).results.contains(help))
  }
}
