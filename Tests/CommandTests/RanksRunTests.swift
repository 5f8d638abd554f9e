import Files
import Foundation
import Support
import Testing

/// The launchers that are installed.
struct Mpirun: Sendable, CustomStringConvertible {
  let description: String
  let program: String
  let options: [String]

  static let openMPI = Mpirun("Open MPI", ["mpirun.openmpi"], options: ["--allow-run-as-root", "--oversubscribe"])
  static let mpich = Mpirun("MPICH", ["mpiexec.mpich", "mpiexec.hydra"], options: [])
  static let all = [openMPI, mpich].compactMap { $0 }
  static let absence: Comment = "no MPI is installed: apt-get install openmpi-bin mpich"

  private init?(_ description: String, _ names: [String], options: [String]) {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let paths = names.flatMap { name in folders.map { "\($0)/\(name)" } }
    guard let program = paths.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else { return nil }
    (self.description, self.program, self.options) = (description, program, options)
  }

  func words(_ ranks: Int) -> [String] { [program] + options + ["-n", "\(ranks)"] }
}

/// Runs of several processes, by the launchers and libraries that their users have.
@Suite(.serialized, .enabled(if: !Mpirun.all.isEmpty, Mpirun.absence)) struct RanksRunTests {
  @discardableResult
  private func run(
    _ tiny: TinyRun, _ mpirun: Mpirun, _ ranks: Int, _ arguments: [String], code: Int32 = 0
  ) throws -> String {
    let outcome = try Binary.run(arguments, in: tiny.folder, under: mpirun.words(ranks))
    #expect(outcome.code == code, "\(mpirun), \(ranks) ranks, \(arguments): \(outcome.log)")
    return outcome.log
  }

  private func losses(_ tiny: TinyRun, _ run: String) throws -> [Double] {
    try tiny.metrics(run).compactMap { $0["loss"]?.double ?? $0["eval_loss"]?.double }
  }

  private func expectSameCurve(_ found: [Double], _ expected: [Double]) {
    #expect(found.count == expected.count)
    for (loss, other) in zip(found, expected) { #expect(abs(loss - other) < 1e-5, "\(found), expected \(expected)") }
  }

  /// An epoch's last batch has two samples: two of four ranks have nothing then.
  @Test func severalLearnWhatOneLearns() throws {
    let (tiny, mpirun) = (try TinyRun(), Mpirun.all[0])
    try tiny.train("pretrain", "tiny.json", "run=runs/alone", "checkpoint.every=6")
    let log = try run(tiny, mpirun, 4, ["pretrain", "tiny.json", "checkpoint.every=6"])
    // One of them writes.
    #expect(log.split(separator: "\n").count { $0.hasPrefix("step  5/12") } == 1, "\(log)")
    let expected = try losses(tiny, "runs/alone")
    expectSameCurve(try losses(tiny, "runs/tiny"), expected)
    #expect(try tiny.steps("runs/tiny") == tiny.steps("runs/alone"))
    let (all, alone) = (try tiny.contents("runs/tiny", step: 12), try tiny.contents("runs/alone", step: 12))
    #expect(all.arrays.keys.sorted() == alone.arrays.keys.sorted())
    // On from there with another number, to the same curve.
    try tiny.copy("runs/tiny", as: "runs/two", upTo: 6)
    let resumed = try run(tiny, mpirun, 2, ["resume", "runs/two"])
    #expect(resumed.contains("the run was on 4 processes and goes on with 2"), "\(resumed)")
    expectSameCurve(try losses(tiny, "runs/two"), expected)
  }

  /// As many ranks: the same bits, resumed or not, whatever is sharded, and whichever library carries them.
  @Test func asManyRanksHaveTheSameBits() throws {
    let (tiny, mpirun) = (try TinyRun(), Mpirun.all[0])
    try run(tiny, mpirun, 2, ["pretrain", "tiny.json", "training.max_steps=6"])
    let whole = try tiny.contents("runs/tiny", step: 6)
    try run(
      tiny, Mpirun.all.last!, 2,
      ["pretrain", "tiny.json", "training.max_steps=6", "optimizer.shard_state=false", "run=runs/b"])
    #expect(try tiny.contents("runs/b", step: 6).differences(whole) == [])
    try tiny.copy("runs/tiny", as: "runs/c", upTo: 3)
    try run(tiny, mpirun, 2, ["resume", "runs/c"])
    #expect(try tiny.contents("runs/c", step: 6).differences(whole) == [])
  }

  @Test func anErrorIsShownOnce() throws {
    let (tiny, mpirun) = (try TinyRun(), Mpirun.all[0])
    let log = try run(tiny, mpirun, 3, ["pretrain", "tiny.json", "data.train=none.txt"], code: 4)
    #expect(log.components(separatedBy: "error[data]").count == 2, "\(log)")
    #expect(log.contains("on rank 0 of 3"), "\(log)")
  }

  /// Rank 1 finds its files in a folder of its own, as on a machine of its own.
  private static let apart = [
    "/bin/sh", "-c", "[ \"${OMPI_COMM_WORLD_RANK:-$PMI_RANK}\" = 1 ] && cd other; exec \"$0\" \"$@\"",
  ]

  /// What keeps one rank out is found before there is a run that a batch script would resume.
  @Test(arguments: [nil, "other text than the others have, and longer than a window of it"])
  func oneWithOtherDataLeavesNoRun(_ text: String?) throws {
    let tiny = try TinyRun()
    try FileManager.default.createDirectory(atPath: tiny.path("other"), withIntermediateDirectories: false)
    try tiny.write(TinyRun.recipe, to: "other/tiny.json")
    if let text { try tiny.write(String(repeating: text, count: 9), to: "other/text.txt") }
    let outcome = try Binary.run(
      ["pretrain", "tiny.json"], in: tiny.folder, under: Mpirun.all[0].words(2) + Self.apart)
    let words = text == nil ? "= on rank 1 of 2" : "error[data]: rank 1 has other data than rank 0"
    #expect(outcome.code == 4 && outcome.log.contains(words), "\(outcome.log)")
    #expect(!FileManager.default.fileExists(atPath: tiny.path("runs")))
  }

  /// The day that a template is told is that of the first rank, whatever the clocks and time zones of the others say.
  @Test func ranksAreToldOneDay() throws {
    let tiny = try TinyRun()
    try tiny.write(
      "{{ strftime_now('%d %b %Y') }}{% for m in messages %}{{ m.role }}: {{ m.content }}<|endoftext|>{% endfor %}"
        + "{% if add_generation_prompt %}assistant: {% endif %}", to: "day.jinja")
    try tiny.write(#"{"prompt": "say", "completion": "yes"}"#, to: "rows.jsonl")
    let words = [
      "sft", "tiny.json", "task=sft", "objective.name=sft", "data.train=rows.jsonl", "~data.validation_fraction",
      "data.template=day.jinja", "data.sequence_length=64", "model.max_position_embeddings=64", "training.max_steps=1",
    ]
    let zones =
      "[ \"${OMPI_COMM_WORLD_RANK:-$PMI_RANK}\" = 1 ] && TZ=AAA-14 || TZ=BBB+12; export TZ; exec \"$0\" \"$@\""
    let outcome = try Binary.run(
      words, in: tiny.folder, under: Mpirun.all[0].words(2) + ["/bin/sh", "-c", zones])
    #expect(outcome.code == 0, "\(outcome.log)")
  }

  /// Frozen weights, a reference model, and the moments of a checkpoint are those of the files that each rank reads.
  @Test func oneWithAnotherModelIsRefused() throws {
    let tiny = try TinyRun()
    try FileManager.default.createDirectory(atPath: tiny.path("other/runs"), withIntermediateDirectories: true)
    try tiny.train("pretrain", "tiny.json", "training.max_steps=1", "run=runs/base")
    try tiny.train("pretrain", "tiny.json", "training.max_steps=1", "run=other/runs/base", "seed=8")
    try tiny.write(tiny.folder.text(of: "runs/base/resolved.json"), to: "other/runs/base/resolved.json")
    for folder in ["", "other/"] {
      try tiny.write(TinyRun.text, to: "\(folder)text.txt")
      try tiny.write(#"{"prompt": "say", "chosen": "yes", "rejected": "no"}"#, to: "\(folder)pairs.jsonl")
      try tiny.write(
        """
        { "task": "dpo", "run": "runs/dpo", "model": { "from": "runs/base" },
          "data": { "train": "pairs.jsonl", "template": "plain" }, "optimizer": { "learning_rate": 1e-3 },
          "training": { "batch_size": 1, "max_steps": 1 } }
        """, to: "\(folder)dpo.json")
    }
    let cases = [
      (["dpo", "dpo.json", #"adapter={"r": 2, "lora_alpha": 4, "target_modules": "all-linear"}"#], "model"),
      (["dpo", "dpo.json", "objective.reference=runs/base"], "reference model"),
      (["resume", "runs/base", "training.max_steps=2"], "checkpoint"),
    ]
    for (words, thing) in cases {
      let outcome = try Binary.run(words, in: tiny.folder, under: Mpirun.all[0].words(2) + Self.apart)
      #expect(outcome.code == 5, "\(words): \(outcome.log)")
      #expect(outcome.log.contains("rank 1 has another \(thing) than rank 0"), "\(words): \(outcome.log)")
    }
    // Scores of which another model computed a part would be taken for those of the first rank's.
    #expect(!Folder.exists(tiny.path("data/.cache/reference")))
  }

  /// A signal to one stops all, with everything saved; one that is killed ends the job.
  @Test func oneThatIsStoppedStopsAll() throws {
    let tiny = try TinyRun()
    let cases = [(SIGTERM, Mpirun.all[0]), (SIGKILL, Mpirun.all.last!)]
    for (index, (signal, mpirun)) in cases.enumerated() {
      let launched = try Binary.started(
        [
          "pretrain", "tiny.json", "training.max_steps=100000", "evaluation.every=100000", "checkpoint.every=20",
          "run=runs/\(index)",
        ],
        in: tiny.folder, under: mpirun.words(2))
      #expect(tiny.wait { tiny.loggedSteps("runs/\(index)") >= 25 })
      let ranks = Self.processes(of: "run=runs/\(index)")
      #expect(ranks.count == 2)
      kill(try #require(ranks.last), signal)
      launched.process.waitUntilExit()
      let outcome = try launched.outcome()
      #expect(outcome.code != 0, "\(outcome.log)")
      let newest = try #require(try tiny.steps("runs/\(index)").last)
      if signal == SIGTERM {
        #expect(outcome.code == 143 && outcome.log.contains("stopped after step \(newest);"), "\(outcome)")
      }
      #expect(Self.processes(of: "run=runs/\(index)") == [])
      let resumed = try tiny.train("resume", "runs/\(index)", "training.max_steps=\(newest + 1)")
      #expect(resumed.contains("resuming after step \(newest)\n"))
    }
  }

  /// The processes of the program with a word, ascending.
  private static func processes(of word: String) -> [pid_t] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return all.compactMap { pid_t($0) }.filter { process in
      guard let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else { return false }
      let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      return words.first == Binary.url.path && words.contains(word)
    }.sorted()
  }
}

/// What a launcher's variables alone make of a process: no MPI is needed for it.
@Suite struct LauncherVariableTests {
  private func variables(rank: Int) -> [String: String] {
    ["OMPI_COMM_WORLD_RANK": "\(rank)", "OMPI_COMM_WORLD_SIZE": "4", "TRAIN_MPI_LIBRARY": "/nothing/libmpi.so"]
  }

  @Test func workThatIsNotDividedSaysSoOnce() throws {
    let logs = try (0..<2).map { try Binary.run(["validate", "none.json"], environment: variables(rank: $0)).log }
    #expect(logs[0].hasPrefix("note: `train validate` does not divide its work: each of the processes that Open MPI's"))
    #expect(logs[1].hasPrefix("error["), "\(logs[1])")
    #expect(try Binary.run(["version"], environment: variables(rank: 0)).log == "")
  }

  /// `srun` gives the greatest of the processes' codes, and ends the others when one has ended: 143 would mean that all was saved.
  @Test func whoIsKeptOutHasTheFailuresCodeAlsoWhenTerminated() throws {
    let launched = try Binary.started(["pretrain", "none.json"], environment: variables(rank: 1))
    let process = launched.process.processIdentifier
    var caught = 0
    for _ in 0..<100 where caught >> (SIGTERM - 1) & 1 == 0 {
      usleep(10_000)
      let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
      let line = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
      caught = line.flatMap { UInt64($0.dropFirst(8), radix: 16) }.map { Int(truncatingIfNeeded: $0) } ?? 0
    }
    kill(process, SIGTERM)
    launched.process.waitUntilExit()
    let outcome = try launched.outcome()
    // The one that the launcher has ended them for has told the reason.
    #expect(outcome.code == 6 && outcome.log == "", "\(outcome.log)")
  }

  /// A library that one machine lacks: the others wait in MPI's start, and nobody else knows why.
  @Test func whoAloneIsKeptOutSaysSo() throws {
    let outcome = try Binary.run(["pretrain", "none.json"], environment: variables(rank: 1))
    #expect(
      outcome.code == 6 && outcome.log.contains("error[resources]: no MPI library can be loaded"), "\(outcome.log)")
    #expect(outcome.log.contains("= on rank 1 of 4"), "\(outcome.log)")
  }
}
