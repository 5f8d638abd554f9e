import Jinja
import Testing

/// A hostile template ends with an error, soon and in little memory.
@Suite struct LimitTests {
  /// Smaller than those of users, for the tests' time.
  private var limits: Limits {
    var limits = Limits()
    (limits.steps, limits.bytes) = (limits.steps / 40, limits.bytes / 16)
    return limits
  }

  private func error(_ source: String) -> TemplateError? {
    do throws(TemplateError) {
      _ = try Template(source).render([], limits: limits)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
    "{% set ns = namespace(x='0123456789abcdef') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "{{ 'x' * 99999999999 }}", "{{ [1] * 9999999999 }}", "{{ range(999999999) }}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% for x in [[]] recursive %}{{ loop([[]]) }}{% endfor %}",
    "{% for i in range(100000) %}{{ 'x' * 100000 }}{% endfor %}",
    "{{ 'x'.ljust(99999999999) }}", "{{ 'a'|indent(99999999999) }}", "{{ [[]]|tojson(indent=99999999999) }}",
    "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
    "{{ ('a' * 300000).replace('', 'b' * 300000) }}",
    "{% set x = 'ab' * 10000 %}{% for i in range(9999) %}{{ x.upper()|length }}{{ x|lower|length }}{% endfor %}",
    "{% set x = 'a ' * 10000 %}{% for i in range(9999) %}{{ x.split()|length }}{% endfor %}",
    "{% set l = range(9999)|list %}{% for i in l %}{{ l|sum }}{% endfor %}",
    "{% set l = range(9999)|list %}{% for i in l %}{{ l.index(9998) }}{% endfor %}",
    "{% set ns = namespace(d={}) %}{% for i in range(9999) %}{% set ns.d = dict(ns.d, **{'k' ~ i: i}) %}{% endfor %}",
    "{% set s = 'é' * 100000 %}{% for i in range(9999) %}{{ s[i] }}{% endfor %}",
  ])
  func endsWithAnError(source: String) throws {
    let error = try #require(self.error(source), "\(source)")
    #expect(error.kind == .limit, "\(error)")
  }

  /// A text is found in time even where it almost occurs at every place.
  @Test func searchingIsLinear() throws {
    let source =
      "{% set x = 'a' * 400000 %}{% set y = 'a' * 200000 ~ 'b' %}{{ y in x }}{{ x.find(y) }}{{ x.split(y)|length }}"
      + "{% set z = 'b' ~ 'a' * 200000 %}{{ x.rfind(z) }}{{ x.rsplit(z)|length }}"
    #expect(try Template(source).render([]).string == "False-11-11")
  }

  /// A namespace may hold itself, and a list that holds it: neither has a text that ends.
  @Test func whatHoldsItselfIsNotWritten() throws {
    let start = "{% set n = namespace() %}{% set l = [n] %}{% set n.a = l %}"
    for value in ["n", "l", "[l]", "n ~ ''", "l|string"] {
      #expect(try #require(error("\(start){{ \(value) }}")).message.contains("cannot be written as text"))
    }
  }

  /// The parser and the release of what it has read recurse: both have to end before the stack does.
  @Test(arguments: [
    (String(repeating: "(", count: 20_000), ""), ("1" + String(repeating: "+1", count: 20_000), ""),
    ("x" + String(repeating: ".a", count: 20_000), ""), ("x" + String(repeating: "|trim", count: 20_000), ""),
    (String(repeating: "not ", count: 20_000) + "x", ""), (String(repeating: "[", count: 20_000), ""),
    ("1" + String(repeating: " if 1 else 1", count: 20_000), ""), (String(repeating: "-", count: 20_000) + "1", ""),
    ("", String(repeating: "{% if 1 %}", count: 20_000)), ("", String(repeating: "{% for x in y %}", count: 20_000)),
    ("x is " + String(repeating: "not in [", count: 10_000), ""),
  ])
  func deepNestingIsRefused(expression: String, statements: String) throws {
    let source = expression.isEmpty ? statements : "{{ \(expression) }}"
    #expect(try #require(error(source)).kind == .syntax)
  }
}
