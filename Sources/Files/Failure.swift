/// An error that a recipe, a file, the machine or a user can cause: what happened, where, why, and what to do.
///
/// Errors of the programmer are preconditions; everything else that can go wrong is one of these.
public struct Failure: Error, Sendable, Equatable {
  /// What kind of thing went wrong; it decides the exit code.
  public enum Area: String, Sendable {
    case usage, recipe, data, checkpoint, model, tokenizer, resources, numerics, verification, interrupted, `internal`
  }

  /// What kind of thing went wrong.
  public var area: Area
  /// What went wrong, in one line.
  public var what: String
  /// The file and line, byte offset, step or tensor it went wrong in.
  public var place: String?
  /// Why (expected and found) and what to do, a line each.
  public var notes: [String]
  /// Further failures found in the same pass.
  public var others: [Failure]

  /// An error of `area`; each note is a line of its own.
  public init(_ area: Area, _ what: String, at place: String? = nil, notes: [String] = [], others: [Failure] = []) {
    self.area = area
    self.what = what
    self.place = place
    self.notes = notes
    self.others = others
  }

  /// Several failures as one: the first, which lists the others; nil for none.
  package static func all(_ failures: [Failure]) -> Failure? {
    guard var first = failures.first else { return nil }
    first.others += failures.dropFirst().flatMap { [$0.withoutOthers] + $0.others }
    return first
  }

  private var withoutOthers: Failure { Failure(area, what, at: place, notes: notes) }

  /// The process's exit code for this failure.
  public var exitCode: Int32 {
    switch area {
    case .internal: 1
    case .usage: 2
    case .recipe: 3
    case .data: 4
    case .checkpoint, .model, .tokenizer: 5
    case .resources: 6
    case .numerics: 7
    case .verification: 8
    case .interrupted: StopRequest.exitCode ?? 130
    }
  }
}

extension Failure: CustomStringConvertible {
  /// The failure as it is shown to the user, without a trailing newline.
  public var description: String {
    var lines = ["error[\(area.rawValue)]: \(what)"]
    if let place { lines.append("  --> \(place)") }
    lines += notes.map { "  = \($0)" }
    lines += others.map(\.description)
    return lines.joined(separator: "\n")
  }
}
