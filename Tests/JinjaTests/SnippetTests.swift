import Files
import Foundation
import Jinja
import Support
import Testing

/// Small templates against what Jinja2 makes of them, set up as Hugging Face's libraries set it up; recorded by
/// Tests/recording/templates.py.
@Suite struct SnippetTests {
  private static let recorded: [JSONValue] = {
    let url = fixtureFolder.appendingPathComponent("templates/snippets.jsonl")
    let text = try! String(contentsOf: url, encoding: .utf8)
    return text.split(separator: "\n").map {
      try! JSONValue.parse(Array($0.utf8), source: "snippets", area: .data)
    }
  }()

  private func render(_ source: String) -> Result<String, TemplateError> {
    let variables = Self.recorded[0]["variables"]!.object!.map { (name: $0.key, value: Value($0.value)) }
    return Result { () throws(TemplateError) in try Template(source).render(variables).string }
  }

  @Test func everySnippetIsAsJinjaHasIt() throws {
    for snippet in Self.recorded.dropFirst() {
      let source = try #require(snippet["template"]?.string)
      switch render(source) {
      case .success(let text):
        #expect(snippet["text"].map { Array($0.string!.utf8) } == Array(text.utf8), "\(source)")
      case .failure(let error):
        #expect(snippet["refused"]?.bool == true, "\(source): \(error)")
        #expect(error.line > 0 && error.column > 0, "\(source): \(error)")
      }
    }
  }

  /// What Jinja2 can do and this interpreter cannot is refused with its name and place.
  @Test(arguments: [
    ("a\n {{ 'x'|truncate(3) }}", "no filter named \"truncate\"", 2, 9),
    ("{% block b %}{% endblock %}", "the tag \"block\" is not supported", 1, 1),
    ("{{ cycler('a') }}", "\"cycler\" is not supported", 1, 4),
    ("{{ 9223372036854775807 + 1 }}", "the number is beyond 64 bits", 1, 24),
    ("{% if x %}", "\"if\" has no end: {% elif %} or {% else %} or {% endif %}", 1, 1),
    ("{{ a b }}", "unexpected \"b\"", 1, 6),
    ("x {{ 'abc }}", "the text has no closing quote", 1, 6),
    ("{# x", "the comment has no end: #}", 1, 1),
    ("é{{ 1 is odd is even }}", "tests cannot be chained with \"is\"", 1, 14),
  ])
  func whatIsNotKnownIsRefusedByName(source: String, message: String, line: Int, column: Int) throws {
    let result = render(source)
    guard case .failure(let error) = result else {
      Issue.record("\(source) renders: \(result)")
      return
    }
    #expect(error.message == message)
    #expect((error.line, error.column) == (line, column), "\(source)")
  }

  @Test func aTemplateRaisesItsOwnError() throws {
    guard case .failure(let error) = render("{{ raise_exception('roles must alternate') }}") else {
      throw Unreachable()
    }
    #expect(error.kind == .raised && error.message == "roles must alternate")
  }

  @Test func theTimeIsTheOneGiven() throws {
    let template = try Template("{{ strftime_now('%Y-%m-%d') }}")
    setenv("TZ", "UTC", 1)
    #expect(try template.render([], now: TemplateTime(seconds: 951_782_400)).string == "2000-02-29")
  }

  private struct Unreachable: Error {}
}
