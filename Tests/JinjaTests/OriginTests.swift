import Jinja
import Testing

/// Every character knows where it came from.
@Suite struct OriginTests {
  /// The text with the origin of each of its parts; the template's own parts have none.
  private func parts(_ source: String, _ variables: [(name: String, value: Value)]) throws -> [String] {
    let text = try Template(source).render(variables)
    var start = 0
    return text.marks.map { run in
      defer { start = run.end }
      let part = String(decoding: text.bytes[start..<run.end], as: UTF8.self)
      let mark = run.mark
      let item = mark.item == Mark.none ? "" : "@\(mark.item)"
      return part + (mark.origin == Mark.none ? "" : "#\(mark.origin)") + item + (mark.isGenerated ? "!" : "")
    }
  }

  private let one = Value.string(Text(" One ", origin: 1))
  private let two = Value.string(Text("two", origin: 2))

  @Test(arguments: [
    ("a{{ x }}b", ["a", " One #1", "b"]),
    ("{{ '<' + x | trim + '>' }}", ["<", "One#1", ">"]),
    ("{{ x ~ y }}", [" One #1", "two#2"]),
    ("{{ (x + y)[2:6] }}", ["ne #1", "t#2"]),
    ("{{ x.upper() }}{{ y.replace('w', 'W') }}", [" ONE #1", "t#2", "W", "o#2"]),
    ("{{ [x, y] | join('-') }}", [" One #1", "-", "two#2"]),
    ("{{ x.split('n')[1] }}{{ y | tojson }}", ["e #1", "\"two\"#2"]),
    ("{{ 'a%sb' % y }}{{ '{}!'.format(y) }}", ["a", "two#2", "b", "two#2", "!"]),
    ("{% set z %}[{{ y }}]{% endset %}{{ z }}", ["[", "two#2", "]"]),
    ("{% macro m(v) %}({{ v }}){% endmacro %}{{ m(y) }}", ["(", "two#2", ")"]),
    ("{% filter upper %}a{{ y }}{% endfilter %}", ["A", "TWO#2"]),
    ("a{% generation %}b{{ y }}{% endgeneration %}c", ["a", "b!", "two#2!", "c"]),
    ("{{ x if y else 'z' }}{{ missing | default(y) }}", [" One #1", "two#2"]),
  ])
  func everyPartKeepsItsOrigin(source: String, expected: [String]) throws {
    #expect(try parts(source, [("x", one), ("y", two)]) == expected)
  }

  @Test func theMarksOfContainersAndItems() throws {
    let call = Value.dictionary(
      Value.Dictionary([(.text("name"), .string(Text("f", origin: 4))), (.text("n"), .integer(2))], origin: 5))
    let messages = Value.list(
      Value.List([Value.dictionary(Value.Dictionary([(.text("call"), call)], origin: 7)), two], origin: 9))
    #expect(
      try parts("{{ m[0].call | tojson }}", [("m", messages)]) == [
        "{#5", "\"name\"", ": #5", "\"f\"#4", ", #5", "\"n\"", ": 2}#5",
      ])
    let loop = "{% for x in m %}<{% if loop.first %}{{ x.call.name }}{% endif %}>{% endfor %}."
    #expect(try parts(loop, [("m", messages)]) == ["<@7", "f#4@7", ">@7", "<>@2", "."])
    let held = "{% set ns = namespace(t='') %}{% for x in m %}{% set ns.t = ns.t + '<' + 'x' %}{% endfor %}{{ ns.t }}"
    #expect(try parts(held, [("m", messages)]) == ["<x@7", "<x@2"])
  }
}
