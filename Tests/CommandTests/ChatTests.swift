import Files
import Foundation
import ModelFiles
import Models
import Support
import Testing
import Tokenizers

/// `train chat` on a terminal.
@Suite struct ChatTests {
  /// A terminal with a process on it.
  private final class Terminal {
    private let master: Int32
    let process = Process()
    private(set) var shown = ""

    init(_ arguments: [String], in folder: ScratchFolder) throws {
      master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
      // TIOCSPTLCK unlocks the other end, TIOCGPTN is its number: glibc's calls for that are not imported.
      var (locked, number): (Int32, Int32) = (0, 0)
      try #require(master >= 0 && ioctl(master, 0x4004_5431, &locked) == 0 && ioctl(master, 0x8004_5430, &number) == 0)
      let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
      try #require(slave >= 0)
      let handle = FileHandle(fileDescriptor: slave, closeOnDealloc: true)
      process.executableURL = Binary.url
      process.arguments = arguments
      process.currentDirectoryURL = folder.url("")
      process.environment = ProcessInfo.processInfo.environment.merging(["TERM": "xterm", "NO_COLOR": "1"]) { $1 }
      (process.standardInput, process.standardOutput, process.standardError) = (handle, handle, handle)
      try process.run()
    }

    deinit {
      if process.isRunning { process.terminate() }
      close(master)
    }

    func type(_ text: String) { _ = text.withCString { write(master, $0, strlen($0)) } }

    /// Waits until the terminal has shown a text since it was last asked, and forgets everything up to it.
    func shows(_ text: String) -> Bool {
      waits {
        guard let range = shown.range(of: text) else { return false }
        shown = String(shown[range.upperBound...])
        return true
      }
    }

    /// Waits until the terminal has shown so much more.
    func shows(bytes count: Int) -> Bool { waits { shown.utf8.count >= count } }

    private func waits(until condition: () -> Bool) -> Bool {
      let end = ContinuousClock.now + .seconds(30)
      while ContinuousClock.now < end {
        if condition() { return true }
        var ready = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        var buffer = [UInt8](repeating: 0, count: 4096)
        guard poll(&ready, 1, 100) > 0 else { continue }
        let count = read(master, &buffer, buffer.count)
        if count <= 0 { return false }
        shown += String(decoding: buffer[..<count], as: UTF8.self)
      }
      return false
    }
  }

  /// A folder with a model that goes on and on.
  private func withModel<T>(_ body: (ScratchFolder) throws -> T) throws -> T {
    let folder = try ScratchFolder()
    let text = """
      { "model_type": "llama", "vocab_size": 257, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1,
        "num_attention_heads": 2, "max_position_embeddings": 100000, "initializer_range": 0.4 }
      """
    let configuration = try ModelDescription(configuration: text, source: "").configuration(vocabularySize: 257)
    let template = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
    try ModelFile.contents(
      configuration.makeModel(seed: 1), configuration, tokenizer: .bytes, chatTemplate: template, endTokens: [0],
      step: 1234
    ).write(to: folder("model.h5"))
    return try body(folder)
  }

  @Test func aConversationIsEditedSavedAndEnded() throws {
    try withModel { folder in
      let chat = try Terminal(["chat", "model.h5", "--max-tokens", "5"], in: folder)
      #expect(chat.shows("model.h5: ") && chat.shows("100,000 positions, step 1,234") && chat.shows("/help"))
      #expect(chat.shows("> "))
      chat.type("/hep\u{1B}[Dl\r")
      #expect(chat.shows("/reset        forget"))
      #expect(chat.shows("> "))
      chat.type("/save talk.jsonl\r")
      #expect(chat.shows("nothing has been said yet"))
      #expect(chat.shows("> "))
      chat.type("Hi\u{1}Oh \r")
      #expect(chat.shows("(ended after 5 tokens"))
      #expect(chat.shows("> "))
      chat.type("/save talk.jsonl\r")
      #expect(chat.shows("saved 2 messages to talk.jsonl"))
      #expect(chat.shows("> "))
      chat.type("/nonsense\r")
      #expect(chat.shows("/nonsense is nothing that is known here"))
      #expect(chat.shows("> "))
      chat.type("/system Be brief.\r")
      #expect(chat.shows("a new conversation"))
      // What was typed before, by the arrow; Ctrl-C drops it.
      #expect(chat.shows("> "))
      chat.type("\u{1B}[A\u{3}")
      #expect(chat.shows("^C"))
      #expect(chat.shows("> "))
      chat.type("\u{4}")
      chat.process.waitUntilExit()
      #expect(chat.process.terminationStatus == 0)
      let row = try JSONValue.parse(
        Array(try folder.text(of: "talk.jsonl").utf8), source: "talk.jsonl", area: .data)
      #expect(row["messages"]?.array?.map { $0["role"] } == ["user", "assistant"])
      #expect(row["messages"]?.array?[0]["content"] == "Oh Hi")
    }
  }

  @Test func ctrlCEndsTheAnswerOnly() throws {
    try withModel { folder in
      let chat = try Terminal(["chat", "model.h5", "--max-tokens", "90000", "--greedy"], in: folder)
      #expect(chat.shows("> "))
      chat.type("Hi\r")
      // More than the line: the answer has begun.
      #expect(chat.shows(bytes: 250))
      chat.process.interrupt()
      #expect(chat.shows("(interrupted)") && chat.shows("> "), "\(chat.shown)")
      chat.type("/exit\r")
      chat.process.waitUntilExit()
      #expect(chat.process.terminationStatus == 0 && chat.process.terminationReason == .exit)
    }
  }

  /// As `train generate --chat` writes it, which differs.
  @Test func answersAreWrittenInEitherPrecision() throws {
    try withModel { folder in
      var answers: [String] = []
      for precision in ["float32", "bfloat16"] {
        let options = ["--temperature", "3", "--max-tokens", "600", "--precision", precision]
        let chat = try Binary.run(["chat", "model.h5"] + options, in: folder, input: "Hi\n")
        let generated = try Binary.run(["generate", "model.h5", "--chat", "--prompt", "Hi"] + options, in: folder)
        #expect(chat.code == 0 && chat.results == generated.results, "\(precision): \(chat.log)")
        answers.append(chat.results)
      }
      #expect(answers[0] != answers[1])
      #expect(try Binary.run(["chat", "model.h5", "--precision", "half"], in: folder, input: "Hi\n").code == 2)
    }
  }

  @Test func turnsThatTheTemplateRefusesCanBeTakenBack() throws {
    try withModel { folder in
      try folder.write(
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}{{ messages[0].content }}:",
        to: "strict.jinja")
      let chat = try Terminal(["chat", "model.h5", "--template", "strict.jinja", "--max-tokens", "5"], in: folder)
      #expect(chat.shows("> "))
      chat.type("/system Be brief.\r")
      #expect(chat.shows("a new conversation") && chat.shows("> "))
      chat.type("Hi\r")
      #expect(chat.shows("refuses the turns: no system") && chat.shows("> "), "\(chat.shown)")
      chat.type("/system -\r")
      #expect(chat.shows("a new conversation") && chat.shows("> "))
      chat.type("\u{4}")
      chat.process.waitUntilExit()
      #expect(chat.process.terminationStatus == 0)
    }
  }

  /// The terminal keeps it as a zero byte until keys are read.
  @Test func ctrlDThatIsTypedIntoAnAnswerEndsTheConversation() throws {
    try withModel { folder in
      let chat = try Terminal(["chat", "model.h5", "--max-tokens", "90000", "--greedy"], in: folder)
      #expect(chat.shows("> "))
      chat.type("Hi\r")
      #expect(chat.shows(bytes: 250))
      chat.type("\u{4}")
      chat.process.interrupt()
      #expect(chat.shows("(interrupted)"), "\(chat.shown)")
      let end = ContinuousClock.now + .seconds(10)
      while chat.process.isRunning, ContinuousClock.now < end { usleep(10_000) }
      #expect(!chat.process.isRunning)
    }
  }

  @Test func linesAreAnsweredThroughPipes() throws {
    try withModel { folder in
      let outcome = try Binary.run(
        ["chat", "model.h5", "--max-tokens", "5", "--greedy"], in: folder, input: "Hi\n\n/exit\n")
      #expect(outcome.results.hasSuffix("\n") && outcome.results.utf8.count > 1)
      #expect(outcome.log.isEmpty)
    }
  }

  /// As `train generate` refuses them: a model that reads other bytes in their place answers something else.
  @Test func bytesThatAreNotUTF8AreRefused() throws {
    try withModel { folder in
      let input = #"printf 'Hi\r\nna\303\257ve\ncaf\351\nHi\n' | "$0" "$@""#
      let outcome = try Binary.run(
        ["chat", "model.h5", "--max-tokens", "5", "--greedy"], in: folder, under: ["/bin/sh", "-c", input])
      #expect(outcome.code == 2 && outcome.log.contains("error[usage]: the line is not UTF-8"), "\(outcome.log)")
      #expect(outcome.log.contains("--> standard input, line 3, byte 3\n"), "\(outcome.log)")
      #expect(!outcome.results.isEmpty)
    }
  }

  /// A row more would spoil a model or a log of other rows, and one that has no end of its line.
  @Test func conversationsAreSavedBesideOthersAlone() throws {
    try withModel { folder in
      try folder.write("{\"messages\": []}", to: "rows.jsonl")
      let step = #"{"kind": "train", "step": 1}"# + "\n"
      try folder.write(step, to: "metrics.jsonl")
      let model = try Data(contentsOf: folder.url("model.h5"))
      let outcome = try Binary.run(
        ["chat", "model.h5", "--max-tokens", "5"], in: folder,
        input: "Hi\n/save model.h5\n/save metrics.jsonl\n/save   rows.jsonl \n/save  \n")
      #expect(outcome.code == 0, "\(outcome)")
      #expect(
        outcome.log.components(separatedBy: "has no conversations, and gets none").count == 3, "\(outcome)")
      #expect(outcome.log.contains("/save needs the name of a file"), "blanks are no name")
      #expect(try Data(contentsOf: folder.url("model.h5")) == model)
      #expect(try folder.text(of: "metrics.jsonl") == step)
      let lines = try folder.text(of: "rows.jsonl").split(separator: "\n")
      #expect(lines.count == 2 && lines[0] == "{\"messages\": []}", "\(lines)")
    }
  }
}
