"""Records what Jinja2, set up as Hugging Face's transformers sets it up, makes of small templates. Needs jinja2.

    python3 Tests/recording/templates.py

It writes Tests/Fixtures/templates/snippets.jsonl: a template a line with its text, or "refused" where Jinja2 raises.
"""

import copy
import datetime
import json
from pathlib import Path

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

FIXTURES = Path(__file__).resolve().parent.parent / "Fixtures" / "templates"


class GenerationTag(Extension):
    """{% generation %}, whose body is rendered as it is."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("body"), [], [], body).set_lineno(line)

    def body(self, caller):
        return caller()


def environment():
    """transformers/utils/chat_template_utils.py, _compile_jinja_template."""

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    result = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[GenerationTag, loopcontrols]
    )
    result.filters["tojson"] = tojson
    result.globals["raise_exception"] = raise_exception
    result.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
    return result


ENVIRONMENT = environment()
COMPILED = {}


def render(template, variables):
    """The text, or None where Jinja2 refuses; some filters change the lists that they are given."""
    try:
        if template not in COMPILED:
            COMPILED[template] = ENVIRONMENT.from_string(template)
        return COMPILED[template].render(**copy.deepcopy(variables))
    except Exception:
        return None


VARIABLES = {"a":1,"b":2.5,"s":"Hello World","l":[3,1,2],"d":{"x":1,"y":"z","n":None},"e":[],"t":True,"msgs":[{"role":"user","content":"hi","w":2},{"role":"assistant","content":"yo","w":1},{"role":"user","content":"Äß","w":3}],"u":"ΑΣ σς İı ǅ","big":123456789012345678901234567890,"q":"it's \"q\"\n\t\\ \x7f \u200b é"}
# A template a line.
SNIPPETS = r"""
{{ a + b }}|{{ a // 2 }}|{{ -7 // 2 }}|{{ -7 % 3 }}|{{ 7 / 2 }}|{{ 2 ** 10 }}|{{ 2 ** -1 }}|{{ -2 ** 2 }}|{{ 7.5 // 2 }}|{{ -7.5 % 2 }}
{{ a ~ b ~ s ~ none ~ true ~ missing }}
{{ 1 if a else 2 }}{{ 3 if missing }}{{ 'x' if not a else 'y' if b else 'z' }}
{{ s[0] }}{{ s[-1] }}{{ s[1:3] }}{{ s[::-1] }}{{ s[::2] }}{{ s[-3:] }}{{ s[5:2] }}{{ s[99] }}{{ l[-1] }}{{ l[1:] }}{{ l[::-1] }}{{ u[1:4] }}{{ l[:-1] }}{{ l[3:0:-1] }}
{{ d }}{{ l }}{{ q }}{{ [q] }}{{ d.items() }}
{{ d.items() | list }}{{ d.keys()|list }}{{ d.values()|list }}
{{ d.get('x') }}{{ d.get('zz') }}{{ d.get('zz', 5) }}{{ d['x'] }}{{ d.x }}{{ d['items'] is callable }}{{ d.zz }}
{{ missing }}{{ missing.x }}
{{ missing is defined }}{{ missing is undefined }}{{ d.zz is defined }}{{ d.n is none }}{{ d.n is defined }}
{{ s is string }}{{ a is number }}{{ t is number }}{{ t is integer }}{{ a is integer }}{{ b is float }}{{ l is sequence }}{{ d is mapping }}{{ d is sequence }}{{ s is iterable }}{{ a is iterable }}{{ t is boolean }}{{ t is true }}{{ t is sameas true }}{{ 1 is sameas 1 }}
{{ 3 is odd }}{{ 4 is even }}{{ 9 is divisibleby 3 }}{{ 'a' is in 'abc' }}{{ 1 is in [1,2] }}{{ 5 is eq 5 }}{{ 5 is ge(4) }}{{ 'x' is lower }}{{ 'X' is upper }}
{{ 1 < 2 < 3 }}{{ 1 < 2 > 3 }}{{ 1 == 1.0 == true }}{{ 'a' < 'b' }}{{ [1,2] < [1,3] }}{{ 1 in l }}{{ 9 not in l }}{{ 'x' in d }}{{ 'ell' in s }}
{{ 1 < 'a' }}
{{ 1 + 'a' }}
{{ 'a' + 1 }}
{{ 'a' * 3 }}{{ 3 * 'a' }}{{ [1] * 2 }}{{ [1] + [2] }}{{ (1,) + (2,) }}{{ 'a' * -1 }}
{{ not a }}{{ not missing }}{{ a and b }}{{ a or b }}{{ 0 or missing }}{{ none and 1 }}
{{ s.upper() }}{{ s.lower() }}{{ s.title() }}{{ s.capitalize() }}{{ s.swapcase() }}{{ u.upper() }}{{ u.lower() }}{{ u.title() }}{{ u.capitalize() }}
{{ s.split() }}{{ s.split('o') }}{{ s.split('o', 1) }}{{ s.rsplit('o', 1) }}{{ ' a  b c '.split() }}{{ ' a  b c '.split(none, 1) }}{{ ' a  b c '.rsplit(none, 1) }}{{ ''.split() }}{{ ''.split(',') }}{{ 'a,b,,'.split(',') }}
{{ '  x '.strip() }}|{{ '  x '.lstrip() }}|{{ '  x '.rstrip() }}|{{ 'xxayx'.strip('x') }}|{{ 'xxayx'.lstrip('x') }}|{{ 'abc'.rstrip('cb') }}
{{ s.startswith('He') }}{{ s.endswith(('x','ld')) }}{{ s.find('o') }}{{ s.rfind('o') }}{{ s.find('zz') }}{{ s.index('o') }}{{ s.count('o') }}{{ s.replace('o','0') }}{{ s.replace('o','0',1) }}{{ 'abc'.replace('','-') }}
{{ s.index('zz') }}
{{ ','.join(['a','b']) }}{{ ','.join(l) }}
{{ 'a-b'.partition('-') }}{{ 'a-b-c'.rpartition('-') }}{{ 'ab'.partition('-') }}{{ 'ab'.removeprefix('a') }}{{ 'ab'.removesuffix('b') }}{{ 'a\nb\r\nc\n'.splitlines() }}
{{ 'abc'.isalpha() }}{{ '12'.isdigit() }}{{ 'a1'.isalnum() }}{{ ' '.isspace() }}{{ 'ab'.islower() }}{{ 'AB'.isupper() }}{{ 'ab'.center(5,'*') }}{{ 'ab'.ljust(4) }}|{{ '7'.zfill(3) }}{{ '-7'.zfill(4) }}{{ 'abc'.center(6) }}|
{{ l | length }}{{ s|length }}{{ d|count }}{{ missing|length }}
{{ l | first }}{{ l | last }}{{ e | first }}{{ s|first }}{{ l|sort }}{{ l|sort(reverse=true) }}{{ l|reverse|list }}{{ s|reverse }}{{ l|join }}{{ l|join('-') }}{{ msgs|map(attribute='role')|join(',') }}{{ msgs|map(attribute='w')|sum }}
{{ l|max }}{{ l|min }}{{ l|sum }}{{ e|max }}{{ ['b','A','c']|sort }}{{ ['b','A','c']|sort(case_sensitive=true) }}{{ msgs|sort(attribute='w')|map(attribute='w')|list }}{{ msgs|max(attribute='w') }}
{{ msgs|selectattr('role','equalto','user')|list|length }}{{ msgs|rejectattr('role','eq','user')|map(attribute='content')|list }}{{ l|select('gt',1)|list }}{{ l|reject('odd')|list }}{{ [0,1,'',2]|select|list }}{{ msgs|selectattr('w')|list|length }}
{{ l|map('string')|join }}{{ ['a','b']|map('upper')|list }}{{ ['a ',' b']|map('trim')|join }}{{ msgs|map(attribute='zz', default='D')|list }}
{{ missing|default('x') }}{{ ''|default('x') }}{{ ''|default('x', true) }}{{ none|default('x') }}{{ none|d('x', boolean=true) }}{{ d.zz|default }}
{{ '  x  '|trim }}|{{ 'xxaxx'|trim('x') }}|{{ s|upper }}{{ s|lower }}{{ 'foo bar-baz (qux'|title }}{{ 'FOO bar'|capitalize }}{{ s|replace('l','L',1) }}
{{ 'a\nb\n\nc'|indent }}|{{ 'a\nb'|indent(2, true) }}|{{ 'a\n\nb'|indent(2, blank=true) }}|{{ 'a\nb'|indent('> ') }}|{{ 'a\nb\n'|indent(2) }}|
{{ '5'|int }}{{ '5.7'|int }}{{ 'x'|int }}{{ 'x'|int(7) }}{{ 5.9|int }}{{ -5.9|int }}{{ 'ff'|int(0,16) }}{{ '5.5'|float }}{{ 'x'|float }}{{ 5|float }}{{ true|int }}
{{ 2.5|round }}{{ 3.5|round }}{{ 2.567|round(2) }}{{ 2.1|round(0,'ceil') }}{{ 2.9|round(method='floor') }}{{ -3|abs }}{{ 5|round }}{{ 2.675|round(2) }}
{{ d|tojson }}{{ l|tojson }}{{ q|tojson }}{{ q|tojson(ensure_ascii=true) }}{{ d|tojson(indent=2) }}{{ d|tojson(separators=(',',':')) }}{{ {'b':1,'a':2}|tojson(sort_keys=true) }}{{ []|tojson(indent=2) }}{{ [[],{}]|tojson(indent=4) }}{{ 1.0|tojson }}{{ '🙂'|tojson(ensure_ascii=true) }}{{ {1:2,true:3,none:4}|tojson }}{{ [[1,2],[3]]|tojson(indent=1) }}{{ d|tojson(indent='\t') }}{{ [1]|tojson(true) }}
{{ missing|tojson }}
{{ d|dictsort }}{{ {'b':1,'A':2}|dictsort }}{{ {'b':1,'A':2}|dictsort(by='value') }}{{ d|items|list }}
{{ [1,1,2,'a','A']|unique|list }}{{ msgs|groupby('role') }}
{% for g in msgs|groupby('role') %}{{ g.grouper }}{% endfor %}
{% for k, v in msgs|groupby('role') %}{{ k }}={{ v|length }};{% endfor %}
{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.revindex }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('a','b') }}{{ loop.changed(x > 1) }};{% endfor %}
{% for x in l if x > 1 %}{{ x }}{{ loop.length }}{% else %}none{% endfor %}{% for x in e %}{% else %}empty{% endfor %}
{% for k, v in d.items() %}{{ k }}:{{ v }},{% endfor %}{% for k in d %}{{ k }}{% endfor %}{% for c in 'añ' %}[{{ c }}]{% endfor %}{% for x in missing %}x{% endfor %}
{% for x in none %}{% endfor %}
{% for x in range(5) %}{% if x == 1 %}{% continue %}{% endif %}{% if x == 3 %}{% break %}{% endif %}{{ x }}{% endfor %}
{% set x = 1 %}{% for i in l %}{% set x = i %}{{ x }}{% endfor %}{{ x }}
{% set ns = namespace(x=0) %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y }}
{% set x, y = 1, 2 %}{{ x }}{{ y }}{% set x = [1,2] %}{% set p, r = x %}{{ p }}{{ r }}
{% set x %}block {{ a }}{% endset %}{{ x }}|{% set y | upper %}abc{% endset %}{{ y }}
{% macro m(x, y=2) %}[{{ x }},{{ y }}]{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(y=5, x=6) }}{{ m() }}
{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1,2,k=3) }}
{% macro m(x) %}{{ x }}{{ caller(5) }}{% endmacro %}{% call(v) m(1) %}body{{ v }}{{ a }}{% endcall %}
{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}x{% endcall %}
{% macro m(x) %}{{ x }}{% endmacro %}{{ m(1, 2) }}
{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(5) }}
{% for x in [[1,[2]],[3]] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}@{{ loop.depth }}{% endif %}{% endfor %}
{% with x = 1, y = 2 %}{{ x }}{{ y }}{% endwith %}{{ x }}
{% filter upper %}abc{{ s }}{% endfilter %}{% filter trim | upper %} x {% endfilter %}|
{% raw %}{{ x }}{% if %}{% endraw %}|{%- raw -%}  y  {%- endraw -%}  z
  {% if true %}  
  x
  {% endif %}  
y
  {%- if true -%}  
  x  
  {%- endif -%}  
y
a {#- comment -#} b {# c #}
   {# c #}
x{{- ' y ' -}} z
{%+ if true %} k {%+ endif +%}
n
{{ "a" "b" 'c' }}{{ 'x\ty\n\\\'\"\u00e9\x41\101' }}{{ '\q' }}
{{ 1_000 }}{{ 0x1f }}{{ 0b11 }}{{ 0o17 }}{{ 1e3 }}{{ 1.5e-7 }}{{ 12345678901234567890 }}{{ 1e22 }}{{ 1e16 }}{{ 123456789.123 }}{{ 0.1+0.2 }}{{ 1e-5 }}{{ 100000000000000000000.0 }}
{{ {'a': {'b': 1}} }}{{ {'a':1}.a }}{{ {}|length }}{{ (1,2) }}{{ (1,) }}{{ () }}{{ [1,2,] }}{{ {'a':1,} }}
{{ big }}{{ big|tojson }}{{ b }}{{ b|tojson }}{{ -b }}{{ +a }}{{ - a }}
{{ '%s-%d' % ('a', 3) }}{{ '%s' % 'x' }}{{ '%.2f' % 3.14159 }}{{ '%5d|' % 42 }}{{ '%%' % () }}{{ '%r' % 'x' }}{{ '%s %s'|format('a','b') }}{{ '{} {}'.format('a', 1) }}{{ '{0}{1}{0}'.format('a','b') }}{{ '{x}'.format(x=3) }}
{{ dict(a=1, b=2) }}{{ dict([('a',1)]) }}{{ range(3)|list }}{{ range(1,6,2)|list }}{{ range(3,0,-1)|list }}{{ namespace(a=1).a }}
{% set j = joiner(', ') %}{% for x in l %}{{ j() }}{{ x }}{% endfor %}
{{ l.append(4) }}
{{ d.update({'x':2}) }}
{{ d.pop('x') }}
{{ s.__class__ }}
{{ s._x }}
{{ frob() }}
{{ s|frob }}
{{ s is frob }}
{% frob %}
{% if false %}{{ s|frob }}{% endif %}ok
{% if false %}{{ s is frob }}{% endif %}ok
{% if false %}{% for x in l %}{{ s|frob }}{% endfor %}{% endif %}ok
{% if false %}{% for x in l|frob %}{% endfor %}{% endif %}ok
{% if false %}{% for x in l if x is frob %}{% endfor %}{% endif %}ok
{% if false %}{% set x | frob %}{% endset %}{% endif %}ok
{% if false %}{% filter frob %}{% endfilter %}{% endif %}ok
{% if false %}{% set x = s|frob %}{% with y = s|frob %}{% endwith %}{% endif %}ok
{% if false %}{% with y = 1 %}{{ s|frob }}{% endwith %}{% endif %}ok
{% if false %}{% macro m(x=s|frob) %}{% endmacro %}{% endif %}ok
{% if true %}ok{% elif s|frob %}{% else %}{{ s|frob }}{% endif %}
{% for x in e %}{{ s|frob }}{% endfor %}ok
{% for x in e %}{% if x %}{{ s|frob }}{% endif %}{% endfor %}ok
{% macro m() %}{{ s|frob }}{% endmacro %}ok
{{ s|frob if false else 'ok' }}{{ 'ok' if s or s is frob }}
{{ s|frob ~ ('a' if true) }}
{{ [s|frob, 'a' if true] }}
{{ 'truncate' is filter }}{{ 'frob' is filter }}{{ 'odd' is test }}{{ 'frob' is test }}
{{ namespace({'a': 1}, b=2).b }}{{ namespace([('a', 1)]).a }}{{ dict([('a', 1)], b=2) }}
{{ namespace({'a': 1}, {'b': 2}) }}
{{ namespace('x').a }}
{{ namespace(missing).a }}
{{ dict({'a': 1}, {'b': 2}) }}
{{ dict(missing) }}
{{ 'x' % d }}{{ 'x' % l }}{{ 'x' % [] }}{{ 'x' % missing }}{{ 'x' % range(3) }}{{ '%s' % missing }}{{ '%s' % l }}{{ '%s' % [d] }}
{{ 'x' % (d,) }}
{{ l[] is defined }}{{ d[] is defined }}{{ d[1, 2] is defined }}
{{ l[].x }}
{{ 'x' % none }}
{{ 'x' % 'y' }}
{{ 'x' % d.keys() }}
{{ '%s' % (1, d) }}
{{ '%s %s' % d }}
{{ a.b.c }}
{{ a() }}
{{ s() }}
{{ 1/0 }}
{{ raise_exception('no') }}
{% generation %}x{% set zz = 1 %}{% endgeneration %}{{ zz }}
{% if a == 1 and b > 2 or false %}y{% elif x %}z{% else %}n{% endif %}
{{ a if a is defined and a is not none else 'x' }}{{ 'x' if d.n is not none }}
{{ not 'x' in s }}{{ 'x' not in s and 'H' in s }}
{{ s is not string }}{{ s is not none and s }}
{{ l|length > 2 }}{{ l|length - 1 }}{{ (l|length) * 2 }}{{ -l|length }}
{{ msgs[0].content }}{{ msgs[-1]['content'] }}{{ msgs[0:2]|length }}{{ msgs[l|length - 1].role }}{{ msgs.0.role }}
{{ msgs[99] }}{{ msgs[99].role }}
{{ s['upper']() }}{{ d['get']('x') }}
{{ '<b>&"'|escape }}{{ '<'|e }}{{ s|safe }}{{ 'a b/ü'|urlencode }}{{ 'a b c'|wordcount }}{{ s|center(20) }}|
{{ 'a'|attr('upper') is callable }}{{ d|attr('x') is defined }}{{ [1,[2]]|string }}{{ none|string }}{{ 3|string + 'x' }}
{{ true + 1 }}{{ true and 'x' }}{{ True }}{{ None }}{{ False }}{{ [true, none] }}{{ true|tojson }}
{{ 'a' if true else missing.x }}{{ [1,2,3][1] }}{{ "x"[0] }}{{ {'a':[1,{'b':2}]}.a[1].b }}
{{ l == [3,1,2] }}{{ d == {'x':1,'y':'z','n':none} }}{{ 'a' != 'b' }}{{ missing == missing2 }}{{ missing == '' }}{{ missing == none }}
{{ ['a']|join('') ~ 1 }}{{ [] ~ {} }}{{ 5 ~ 'x' }}
{% set x = {'a': 1} %}{% for k, v in x|items %}{{ k }}{{ v }}{% endfor %}{{ x|list }}
{{ s.split(' ')[0].lower() ~ '!' }}{{ (s ~ 'x').upper() }}{{ 'x'.join(s) }}{{ ', '.join(d.keys()) }}{{ d.items()|map('first')|join }}{{ d.items()|map(attribute=0)|list }}
{% for a in [1,2] %}{% for b in [3,4] %}{{ loop.index }}{{ a }}{{ b }} {% endfor %}{{ loop.index }}{% endfor %}
{% for i in range(3) %}{% set loop_last = loop.last %}{{ loop_last }}{% endfor %}
{% macro outer() %}{% macro inner() %}in{% endmacro %}{{ inner() }}{% endmacro %}{{ outer() }}
{%- macro a2(x) -%}  {{ x }}  {%- endmacro -%}|{{ a2(3) }}|
{% set x = 5 %}{% macro usesx() %}{{ x }}{% endmacro %}{% set x = 6 %}{{ usesx() }}
{% if x is defined %}d{% endif %}{% set x = none %}{{ x is none }}
{{ msgs|tojson }}{{ msgs|map('tojson')|join('\n') }}{{ msgs[0]|string }}
{{ 'é'|length }}{{ 'é'|upper }}{{ 'straße'|upper }}{{ 'ﬁ'|title }}{{ 'ǆ'.title() }}
{{ "a\
b" }}
{{ 1 }}{% if 1 %}
text{% endif %}
{{ s|replace('Hello', '') | trim }}{{ s | lower | title | length }}
{{ [1,2,3]|last }}{{ [[1,2],[3]]|sum(start=[]) }}{{ ['x','y']|sum(start='') }}
{% set a, (b2, c2) = 1, (2, 3) %}{{ b2 }}{{ c2 }}
{% for (x, y) in [(1,2),(3,4)] %}{{ x+y }}{% endfor %}{% for i, (x, y) in [(0,(1,2))] %}{{ i }}{{ x }}{{ y }}{% endfor %}
{{ s is defined and s is string and s|length > 3 }}{{ (missing or 'x')|upper }}{{ missing is defined or 'y' }}
{{ 'abc' is containing('a') }}
{{ loop }}
{% include 'x' %}
{{ 'x' | default(missing.y) }}
{{ [3,2,'a']|sort }}
{{ l.index(1) }}{{ l.count(1) }}{{ (1,2).index(2) }}{{ d.copy() }}
{{ 5 // 0.0 }}
{{ 7 // -2 }}{{ 7 % -3 }}{{ 2 ** 0.5 }}{{ 1e308 * 10 }}{{ -0.0 }}{{ 3.0 }}{{ 3.0|int }}
{{ {'a':1}['b'] is defined }}{{ {}.a }}{{ ''.x }}
{{ {[]:1} }}
{{ 'a' in none }}
{{ 1 in 'a' }}
{{ d.x.y }}{{ d.n.y }}
{{ none.x is defined }}{{ none.x }}
{{ none.x.y }}
{{ none + 'a' }}
{{ s[1:missing] }}
{{ s['a'] }}{{ l['a'] }}{{ a['b'] }}
{{ l|batch(2)|list }}{{ l|batch(2,'x')|list }}
{% set g = l|select('gt', 1) %}{{ g|first }}{% for x in g %}{{ x }}{% endfor %}{{ g|list }}{{ 'y' if e|select else 'n' }}
{{ (l|map('string'))[0] is defined }}
{{ l|select|length }}
{{ range(3) }}{{ range(3)[1] }}{{ d.items()[0] is defined }}
{{ range(3) + [1] }}
{{ d.items()|tojson }}
{{ a[1:] }}
{{ d[1:] }}
{{ d.keys()[1:] }}
{{ range(1,10,3)[1:] }}{{ range(9,0,-2)[::-1] }}{{ range(10)[2:8][1] }}{{ range(0) == [] }}{{ range(3) == range(0,3) }}{{ range(3).index(1) }}
{% for x in l %}{% set y %}{% continue %}{% endset %}{{ x }}{% endfor %}
{% for x in l %}{% filter upper %}a{% if x == 1 %}{% break %}{% endif %}b{% endfilter %}{{ x }}{% endfor %}
{% for x in l %}{% generation %}{% continue %}{% endgeneration %}{% endfor %}
{% for x in l %}{{ x }}{% continue %}{% else %}none came to its end{% endfor %}|{% for x in l %}{% break %}{% else %}E{% endfor %}|{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{% else %}E{% endfor %}
{% for q in l %}{% for x in e %}{% else %}{% if q == 1 %}{% break %}{% endif %}{% endfor %}{{ q }}{% endfor %}
{% for x in e %}{% else %}{% set zz = 1 %}{% endfor %}{{ zz is defined }}
{% for x in l %}{% set loop = 3 %}{% endfor %}
{% for loop in l %}{% endfor %}
{% generation %}{{ varargs }}{{ kwargs }}{% endgeneration %}
{{ l|indent }}
{{ none|indent }}
{{ missing|indent }}
{{ 'ab'.center(9, 'xy') }}
{{ [[1]] is filter }}
{{ 1 is test }}{{ 'odd' is test }}{{ 'upper' is filter }}
{{ 'a' is lower(1) }}
{{ [] in {(1, []): 2} }}
{{ (1, (2, [])) in d }}
{{ [[1]]|unique|list }}
{{ missing <= missing2 }}
{{ none >= none }}
{{ l|select|reverse }}{{ l|select|reverse|first }}
{{ 'ﬀ ß ς'.lower() }}{{ 'ABC'.casefold() }}
{{ '1_0'|int }}{{ '0x1A'|int }}{{ '0x1A'|int(0, 16) }}{{ '0b11'|int(7, 0) }}{{ '٣'|int }}{{ '1__0'|int(7) }}{{ '-5'|int }}{{ '--5'|int(7) }}{{ '5.'|int }}{{ '12345678901234567890123'|int }}
{{ '1_0'|float }}{{ '0x1p3'|float }}{{ '.5'|float }}{{ '5.'|float }}{{ '1_e5'|float(7) }}{{ '-Infinity'|float }}{{ '٣.٥'|float }}
{{ 1e400|int }}
{{ l.append is defined }}{{ d.update is defined }}{{ l.append }}
{{ missing is callable }}{{ 'a b_c d.e é-ß'|wordcount }}
{{ namespace(a=1, b='x') }}
{{ '"ΑΣ" x-yΣ (Σ'|title }}
{% set x = '<'|safe %}{{ x + '<' }}{{ '<' + x }}{{ '<' ~ x ~ '>' }}{{ [x] }}{{ x|e|e }}{{ '<'|e|e }}{{ x|tojson }}{{ (x ~ '<') + '<' }}
{{ namespace(missing) }}
{{ dict(missing) }}
{{ strftime_now('%Y', 1) }}
"""
WITH_LINES = ["  {% if true %}  \n  x\n  {% endif %}  \ny\n","  {%- if true -%}  \n  x  \n  {%- endif -%}  \ny","a\n   {# c #}\nx{{- ' y ' -}} z\n{%+ if true %} k {%+ endif +%}\nn","{{ a }}\n{{ b }}\n\n","a\r\n{% if 1 %}\r\nb\r{% endif %}\r\n","{% for x in l %}\n  {{ x }}\n{% endfor %}\nend\n","{% for x in l -%}\n  {{ x }}\n{%- endfor %}\nend\n","\t{% set x=1 %}\n\t{{ x }}\n{{ 'a\nb' }}","{{ a }}  {% if 1 %}\nq{% endif %}","{% raw %}\n  {{ a }}\n  {% endraw %}\nb","  {% raw %} x {% endraw %}\n y","{# a #}\n{# b #}\nc","  {#- a #}\n b","x\n\n  {%- set y=1 %}\n z","{{ '''a''' }}","{%- if a -%}\n{%- endif %}"," {{ a }} {%if a%}t{%endif%} {{-a-}} {{+a}}","{{ a }}\n","{{ a }}\n\n\n","\n\n{{ a }}","{% if a %}\n\n x{% endif %}","{%set x=1%}{{x}}","{{'}}'}}{{ \"%}\" }}{% if '%}' %}y{% endif %}"]

if __name__ == "__main__":
    lines = [json.dumps({"variables": VARIABLES})]
    for template in SNIPPETS.strip("\n").split("\n") + WITH_LINES:
        text = render(template, VARIABLES)
        lines.append(json.dumps({"template": template, **({"refused": True} if text is None else {"text": text})}))
    FIXTURES.mkdir(exist_ok=True)
    (FIXTURES / "snippets.jsonl").write_text("\n".join(lines) + "\n")
