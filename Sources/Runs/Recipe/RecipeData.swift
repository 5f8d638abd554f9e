import Communication
import Corpus
import Files
import Jinja
import Tokenizers
import Training

extension Recipe {
  /// `tokenizer`: trained on the data, or read from somewhere.
  package enum Tokenizer: Sendable, Equatable {
    /// A byte-level BPE of the training text.
    case train(Training)
    /// A tokenizer.json, a run or a Hugging Face folder.
    case from(String)
    /// The 256 bytes and the end of text.
    case bytes

    package struct Training: Sendable, Equatable {
      package var vocabularySize: Int
      /// How text is cut into pieces before bytes are merged.
      package var pattern: PreTokenizer
      /// Tokens that stand for themselves besides the end of text.
      package var specialTokens: [String]
    }

    package init(from section: inout SettingsSection) {
      let training = section.optionalSection("train", "A byte-level BPE is trained on the data", Training.init)
      let source = section.optional("from", .string, "A tokenizer.json, a run, a Hugging Face folder, or \"bytes\"")
      section.rule(
        "train", "from", holds: (training == nil) != (source == nil),
        "\"tokenizer\" has either \"train\" or \"from\"")
      self = training.map { .train($0) } ?? (source == "bytes" ? .bytes : .from(source ?? "bytes"))
    }

    /// The size of the vocabulary, nil if it is known only from a file.
    package var vocabularySize: Int? {
      switch self {
      case .train(let training): training.vocabularySize
      case .from: nil
      case .bytes: 257
      }
    }
  }

  /// `data`: the examples.
  package struct Data: Sendable, Equatable {
    /// What happens to an example that is longer than `sequence_length`.
    package enum Overflow: String, Sendable, CaseIterable {
      case split, drop, truncate, error
    }

    /// What is trained on.
    package var sources: [Source]
    package var validation: [String]
    /// The share of the training data that is held out, when `validation` is not given.
    package var validationFraction: Double?
    /// Whether what is held out is drawn by the seed; else it is the end of the data.
    package var shuffleSplit: Bool
    /// What the files hold; nil detects it.
    package var format: CorpusFormat?
    /// Tokens a row; nil takes the longest sequence of a model that comes from files.
    package var sequenceLength: Int?
    package var packing: Bool
    package var documentMask: Bool
    package var onOverflow: Overflow
    package var onError: RowErrorPolicy
    package var shuffle: Bool
    /// The chat template: the name of a built-in one, or a file with a Jinja text; nil takes the model's.
    package var template: String?
    /// What the template reads besides messages, such as `enable_thinking`.
    package var templateVariables: [JSONMember]
    /// The day that a template is told; it stays the same when a run resumes.
    package var date: TemplateTime?
    /// The names that the files have for columns, by the names used here.
    package var fields: [String: String]

    init(from section: inout SettingsSection, task: Task, model: Model) {
      let hasConversations = task.examples.allSatisfy(\.hasConversations)
      sources = section.required(
        "train", .sources,
        "Files, folders or globs: text, JSONL, CSV, TSV (also .gz, .zst), token shards; weights mix them")
      validation = section.value(
        "validation", .list(of: .string).orOne, default: [], "Files, folders or globs held out")
      validationFraction = section.optional(
        "validation_fraction", .number(above: 0, below: 1), "Share of the training data held out instead")
      shuffleSplit = section.value(
        "shuffle_split", .boolean, default: true,
        "Whether validation_fraction draws documents or rows by the seed; else it takes the last ones")
      format = section.value(
        "format", .auto(or: .oneOf(CorpusFormat.self)), default: nil, "What the files hold; auto looks into them")
      sequenceLength = section.optional("sequence_length", .integer(), "Tokens a row; default: the model's positions")
      packing = section.value("packing", .boolean, default: true, "Whether several documents share a row")
      documentMask = section.value(
        "document_mask", .boolean, default: true, "Whether attention stays inside a document")
      onOverflow = section.value(
        "on_overflow", .oneOf(Overflow.self), derived: hasConversations ? .truncate : .split,
        "What happens to a longer example; default: split for pretrain, else truncate")
      onError = section.value(
        "on_error", .oneOf(RowErrorPolicy.self), derived: hasConversations ? .skip : .stop,
        "What happens at a row that cannot be used; default: stop for pretrain, else skip")
      shuffle = section.value("shuffle", .boolean, default: true, "Whether each epoch has an order of its own")
      template = section.optional(
        "template", .string,
        "Chat template: \(ChatTemplate.builtIn.map(\.name).joined(separator: ", ")) or a file; default: the model's")
      templateVariables = section.value(
        "chat_template_kwargs", .members, default: [],
        "What the chat template reads besides messages: {\"enable_thinking\": false}")
      date =
        hasConversations
        ? section.value(
          "date", .day, derived: .today, "The day that a chat template is told, YYYY-MM-DD; default: today")
        : section.optional("date", .day, "The day that a chat template is told, YYYY-MM-DD; default: today")
      fields = section.value("fields", .names, default: [:], "The files' names of columns: {\"prompt\": \"query\"}")
      section.rule(
        "document_mask", holds: !hasConversations || documentMask,
        "document_mask can only be left out for task \"pretrain\": examples must not see each other")
      section.rule(
        "chat_template_kwargs", holds: !templateVariables.contains { ChatInput.ownVariables.contains($0.key) },
        "\(ChatInput.ownVariables.joined(separator: ", ")) are given by the rows, not by chat_template_kwargs")
      let weighted = sources.count { $0.weight != nil }
      section.rule(
        "train", holds: weighted == 0 || weighted == sources.count,
        "every source of \"train\" needs a weight where one has it: \(weighted) of \(sources.count) have one")
      section.rule(
        "validation_fraction", "validation", holds: validation.isEmpty || validationFraction == nil,
        "\"validation\" and \"validation_fraction\" exclude each other")
      section.rule(
        "on_overflow", holds: !hasConversations || onOverflow != .split,
        "on_overflow \"split\" is for task \"pretrain\": half a conversation is not an example")
      if sequenceLength == nil { sequenceLength = model.description?.maximumPositions }
    }

    /// Files in their order, and everything else as if a recipe did not mention it.
    init(files: [String], fields: [String: String], task: Task) {
      let decoder = SettingsDecoder(source: "", area: .recipe)
      let document: JSONValue = ["train": JSONValue(files.map { JSONValue($0) }), "shuffle": false]
      self = decoder.read(document) { Data(from: &$0, task: task, model: .from("")) }
      self.fields = fields
    }
  }
}

extension Recipe.Tokenizer.Training {
  fileprivate init(from section: inout SettingsSection) {
    vocabularySize = section.required(
      "vocab_size", .integer(from: 257, to: 1 << 24), "Tokens: 256 bytes, the end of text, and merges")
    pattern = section.value(
      "pattern", .oneOf(PreTokenizer.self), default: .gpt2, "How text is cut before its pieces are merged")
    specialTokens = section.value(
      "special_tokens", .list(of: .string), default: [], "Tokens that stand for themselves besides the end of text")
  }
}

extension SettingsType where Value == [JSONMember] {
  /// An object whose keys are not checked.
  fileprivate static var members: Self {
    Self(
      "an object", placeholder: [], schema: ["type": "object"], read: { $0.object }, write: { JSONValue($0) })
  }
}

extension Recipe.Data {
  /// Lets all ranks tell templates the day of the first one: midnight is not everywhere at once.
  package static func shareDay(over ranks: any Communicator) throws(Failure) {
    if ranks.isSolo { return }
    let days = try ranks.gather(Array(TemplateTime.now.day.utf8))
    TemplateTime.commonDay = String(decoding: days[0], as: UTF8.self)
  }
}

extension Recipe.Data {
  /// Whether nothing is said that is for conversations alone.
  var readsPlainText: Bool {
    template == nil && templateVariables.isEmpty && date == nil && fields.keys.allSatisfy { $0 == "text" }
  }
}

extension SettingsType where Value == TemplateTime {
  /// A day.
  fileprivate static var day: Self {
    Self(
      "a day, YYYY-MM-DD", placeholder: .today,
      schema: ["type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"],
      read: { $0.string.flatMap { TemplateTime(day: $0) } },
      write: { JSONValue($0.day) })
  }
}

extension SettingsType where Value == [String] {
  /// A single string counts as a list of one.
  var orOne: Self {
    Self(
      "a string or \(expectation)", placeholder: [],
      schema: ["anyOf": [SettingsType<String>.string.schema, schema]],
      read: { [read] value in value.string.map { $0.isEmpty ? nil : [$0] } ?? read(value) }, write: write)
  }
}

extension SettingsType where Value == [String: String] {
  /// An object whose members are strings.
  fileprivate static var names: Self {
    Self(
      "an object of strings", placeholder: [:],
      schema: ["type": "object", "additionalProperties": ["type": "string"]],
      read: { value in
        guard let members = value.object else { return nil }
        var names: [String: String] = [:]
        for member in members {
          guard let name = member.value.string else { return nil }
          names[member.key] = name
        }
        return names
      },
      write: { names in
        JSONValue(names.sorted { $0.key < $1.key }.map { JSONMember($0.key, JSONValue($0.value)) })
      })
  }
}
