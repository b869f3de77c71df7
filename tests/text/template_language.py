"""Writes language.json: templates that use each part of the language once, and what Jinja 3 makes of them.

    python tests/text/template_language.py OUT.json    # needs jinja2
"""
import json
import sys

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
env.filters["tojson"] = lambda x, ensure_ascii=False, indent=None, separators=None, sort_keys=False: json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
def raise_exception(m): raise jinja2.exceptions.TemplateError(m)
env.globals["raise_exception"] = raise_exception
V = {"s": "Hello, Wörld", "e": "", "n": None, "i": 7, "f": 2.5, "t": True, "l": [3, 1, 2], "ls": ["b", "A", "c", "a"],
     "d": {"b": 1, "a": {"x": [1, 2]}, "items": 5}, "m": [{"role": "user", "n": 1, "c": "hi"}, {"role": "bot", "n": 2}, {"role": "user", "n": 3, "c": "yo"}],
     "nest": [[1, [2, 3]], {"k": None, "q": "it's"}], "big": 10000000000, "sp": "  a b\n c  ", "u": "日本語 텍스트 🙂"}
T = r'''
{{ s }}|{{ e }}|{{ n }}|{{ i }}|{{ f }}|{{ t }}|{{ l }}|{{ d }}
{{ nest }}|{{ nest[1].q }}|{{ nest[1]['k'] }}|{{ (1,) }}|{{ (1, 'a') }}|{{ () }}
{{ missing }}|{{ d.missing }}|{{ d['zzz'] }}|{{ l[10] }}
{{ missing.x }}
{{ d.missing.x }}
{{ missing() }}
{{ missing + 1 }}
{{ 1 + 'a' }}
{{ 'a' + 'b' ~ 1 ~ n }}
{{ 7 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 6 / 3 }} {{ 1e3 }} {{ 1.5e-7 }} {{ 1e16 }} {{ 123456789.125 }} {{ 0.1 + 0.2 }}
{{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 2.0 ** 0.5 }} {{ 1_000 }} {{ -i }} {{ +f }} {{ - -i }}
{{ 1 / 0 }}
{{ 1 // 0 }}
{{ 'ab' * 3 }} {{ [1] * 2 }} {{ [1] + [2] }} {{ 3 * 'x' }}
{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 'a' < 'b' }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' == 1 }} {{ [1,2] == [1,2] }} {{ none == missing }}
{{ 1 < 'a' }}
{{ 'ö' in s }} {{ 'x' not in s }} {{ 3 in l }} {{ 'b' in d }} {{ 'z' in d }} {{ not 1 in l }}
{{ 1 in 'abc' }}
{{ 'yes' if t else 'no' }} {{ 'yes' if e }} {{ 'a' if e else 'b' if n else 'c' }}
{{ t and 'x' }} {{ e or 'dflt' }} {{ not e }} {{ e and 1 or 2 }} {{ n or e or [] }}
{{ s[0] }}{{ s[-1] }}{{ s[1:3] }}{{ s[::-1] }}{{ s[-5:] }}{{ u[2] }}{{ u[::2] }}{{ u|length }}
{{ l[1:] }} {{ l[:-1] }} {{ l[::-1] }} {{ l[5:] }} {{ l[::2] }} {{ l[-2:] }} {{ l[2:0:-1] }}
{{ l[::0] }}
{{ d.items() | list }} {{ d['items'] }} {{ d.keys() | list }} {{ d.values() | list }} {{ d.get('b') }} {{ d.get('q') }} {{ d.get('q', 3) }}
{{ s.upper() }} {{ s.lower() }} {{ s.title() }} {{ 'hELLO wORLD'.capitalize() }} {{ s.startswith('He') }} {{ s.endswith(('x', 'ld')) }} {{ s.find('ö') }} {{ s.find('q') }} {{ s.index('l') }} {{ s.count('l') }}
{{ sp.strip() }}|{{ sp.lstrip() }}|{{ sp.rstrip() }}|{{ 'xxaxx'.strip('x') }}|{{ sp.split() }}|{{ 'a,b,,c'.split(',') }}|{{ 'a,b,c'.split(',', 1) }}|{{ 'a,b,c'.rsplit(',', 1) }}|{{ ' a  b c '.split(None, 1) }}
{{ 'a\nb\r\nc'.splitlines() }} {{ 'k=v=w'.partition('=') }} {{ 'k=v=w'.rpartition('=') }} {{ 'kv'.partition('=') }} {{ '-'.join(ls) }} {{ 'aXbX'.replace('X', '-') }} {{ 'aXbX'.replace('X', '-', 1) }}
{{ 'abc'.isalpha() }} {{ '123'.isdigit() }} {{ 'a1'.isalnum() }} {{ ' '.isspace() }} {{ 'Ab'.isupper() }} {{ 'ab'.islower() }} {{ ''.isalpha() }} {{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x.py'.removesuffix('.py') }}
{{ '{} and {}'.format(1, 'x') }} {{ '{0}{1}{0}'.format('a', 'b') }} {{ '{name:>6}|{f:.2f}|{i:05d}'.format(name='bob', f=3.14159, i=42) }} {{ '{{}}'.format() }} {{ '{:,}'.format(1234567) }} {{ '{:<5}|{:^5}|'.format('a', 'b') }}
{{ '%s is %d years, %.1f%%' % ('Bob', 42, 99.5) }} {{ '%05d|%-5s|%x' % (42, 'ab', 255) }} {{ '%s' % 'x' }} {{ '%(a)s' % {'a': 1} }} {{ '%s'|format('q') }} {{ '%r' % 'x' }}
{{ '%s %s' % 'x' }}
{{ l|sort }} {{ ls|sort }} {{ ls|sort(case_sensitive=true) }} {{ l|sort(reverse=true) }} {{ m|sort(attribute='n', reverse=true)|map(attribute='n')|list }} {{ l|sum }} {{ l|min }} {{ l|max }} {{ l|first }} {{ l|last }} {{ [] | first }} {{ l|reverse|list }} {{ 'abc'|reverse }}
{{ l|join(', ') }} {{ m|join('/', attribute='role') }} {{ l|length }} {{ d|length }} {{ s|count }} {{ ls|map('upper')|join }} {{ m|map(attribute='c')|list }} {{ m|map(attribute='c', default='-')|list }}
{{ m|selectattr('role', 'equalto', 'user')|map(attribute='n')|list }} {{ m|rejectattr('role', 'eq', 'user')|list|length }} {{ l|select('odd')|list }} {{ l|reject('>', 1)|list }} {{ [0, 1, '', 'a', none]|select|list }} {{ m|selectattr('c')|list|length }} {{ m|selectattr('c', 'defined')|list|length }}
{{ [1,2,1,3]|unique|list }} {{ ls|unique|list }} {{ d|dictsort }} {{ {'b':1,'A':2}|dictsort }} {{ {'b':1,'A':2}|dictsort(by='value') }} {{ [1,2,3,4,5]|batch(2)|list }} {{ [1,2,3]|batch(2, 'x')|list }} {{ [1,2,3,4,5]|slice(2)|list }}
{% for r, g in m|groupby('role') %}{{ r }}:{{ g|length }};{% endfor %}
{{ d|items|list }} {{ missing|default('x') }} {{ e|default('x') }} {{ e|default('x', true) }} {{ n|d('y') }} {{ missing|d }}
{{ '3'|int + 1 }} {{ '3.7'|int }} {{ 'x'|int }} {{ 'x'|int(5) }} {{ 3.9|int }} {{ '2.5'|float }} {{ 'x'|float(1.5) }} {{ 3|string ~ 'a' }} {{ 2.567|round(2) }} {{ 2.5|round }} {{ 2.1|round(method='ceil') }} {{ -3|abs }} {{ 3.0 }} {{ 1e22 }} {{ 100000000000000000.0 }}
{{ sp|trim }}|{{ 'xax'|trim('x') }}|{{ 'a b c'|wordcount }}|{{ 'ab'|center(6) }}|{{ 'hello world foo bar'|truncate(12) }}|{{ 'hello world'|truncate(8, true) }}|{{ 'a\nb\n\nc'|indent }}|{{ 'a\nb'|indent(2, true) }}|{{ '<a&b>'|e }}|{{ 'a b/ü'|urlencode }}|{{ s|safe }}|{{ 'ab'|list }}|{{ 'one two'|title }}|{{ s|replace('l', 'L') }}|{{ s|replace('l', 'L', 1) }}
{{ d|tojson }} {{ nest|tojson }} {{ s|tojson }} {{ u|tojson(ensure_ascii=true) }} {{ 'a"b\\c\n\t\u0001'|tojson }} {{ f|tojson }} {{ 1.0|tojson }} {{ [1, 2]|tojson(separators=(',', ':')) }}
{{ d|tojson(indent=2) }}
{{ {}|tojson(indent=4) }} {{ []|tojson(indent=4) }} {{ d|tojson(sort_keys=true) }}
{{ missing|tojson }}
{{ t is true }} {{ i is number }} {{ t is number }} {{ s is string }} {{ l is sequence }} {{ s is sequence }} {{ d is mapping }} {{ l is iterable }} {{ i is iterable }} {{ n is none }} {{ missing is defined }} {{ missing is undefined }} {{ i is odd }} {{ i is even }} {{ i is divisibleby 7 }} {{ i is divisibleby(3) }} {{ f is float }} {{ i is integer }} {{ t is boolean }} {{ t is integer }} {{ 'A' is upper }} {{ 'a' is lower }} {{ i is eq 7 }} {{ i is sameas 7 }} {{ 1 is in l }} {{ 5 is not in l }} {{ n is not none }} {{ range is callable }} {{ i is gt 3 and i is lt 10 }} {{ e is false }}
{{ i is nonsense }}
{{ i|nonsense }}
{% for x in l %}{{ loop.index }}/{{ loop.length }}:{{ x }}{{ ',' if not loop.last }}{% endfor %}
{% for x in l %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('a', 'b') }}{{ loop.changed(x > 1) }};{% endfor %}
{% for x in [] %}x{% else %}none{% endfor %}{% for x in missing %}x{% else %}empty{% endfor %}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}{% for k in d %}{{ k }}{% endfor %}{% for c in 'añb' %}[{{ c }}]{% endfor %}
{% for x in l if x > 1 %}{{ loop.index }}{{ x }}{% endfor %}
{% for x in i %}{% endfor %}
{% for a, b in [[1, 2], [3, 4]] %}{{ a }}{{ b }}{% endfor %}
{% for a, b in [[1, 2, 3]] %}{% endfor %}
{% for x in range(10) %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}{% endif %}{{ x }}{% endfor %}
{% for x in nest recursive %}{% if x is iterable and x is not string and x is not mapping %}[{{ loop(x) }}]{% else %}{{ x }}{% endif %}{% endfor %}
{% for x in l %}{% for y in l %}{{ loop.index }}{% if y == 1 %}{% break %}{% endif %}{% endfor %}{{ loop.index }}{% endfor %}
{% set x = 1 %}{% for y in l %}{% set x = x + y %}{{ x }}{% endfor %}{{ x }}
{% set ns = namespace(x=1, s='q') %}{% for y in l %}{% set ns.x = ns.x + y %}{% endfor %}{{ ns.x }}{{ ns.s }}{{ ns.zz }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set c %}text {{ a }}{% endset %}{{ c|upper }}{% set g | upper | trim %} abc {% endset %}{{ g }}|
{% if false %}a{% elif e %}b{% elif i > 3 %}c{% else %}d{% endif %}{% if x is defined and x %}1{% endif %}
{% if true %}{% set inner = 5 %}{% endif %}{{ inner }}
{% macro f(a, b=2, c='z') %}{{ a }}-{{ b }}-{{ c }}{% endmacro %}{{ f(1) }} {{ f(1, c='q') }} {{ f(a=3, b=4) }} {{ f() }}
{% macro g(x) %}{% if x > 0 %}{{ x }}{{ g(x - 1) }}{% endif %}{% endmacro %}{{ g(4) }}
{% macro v(a) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ v(1, 2, 3, k=4) }}
{% macro w() %}<{{ caller() }}>{% endmacro %}{% call w() %}in{% endcall %}{% macro w2() %}<{{ caller(5) }}>{% endmacro %}{% call(x) w2() %}{{ x + 1 }}{% endcall %}
{% filter upper %}abc {{ s }}{% endfilter %}{% filter replace('a', 'b') | upper %}aaa{% endfilter %}
{% with x = 5, y = i %}{{ x }}{{ y }}{% endwith %}{{ x }}
{% raw %}{{ not evaluated }} {% if %}{% endraw %}|{%- raw -%}  x  {%- endraw -%}|
a {# comment #} b{#- trimmed -#} c
{{ 'a' -}}   b   {{- 'c' }}
{{ "dq 'x' \"y\"" }} {{ 'esc \'q\' \\ \n \x41 \u00e9' }} {{ 'adjacent' ' strings' }}
{{ [1, 2,] }} {{ {'a': 1,} }} {{ {'a': {'b': [1]}}['a'].b[0] }} {{ {1: 'x'}[1] }} {{ {'k': 1}.k }}
{{ (1 if t else 2) + 3 }} {{ -f|abs }} {{ (-f)|abs }} {{ 'a' ~ 1 + 2 ~ 'b' }} {{ 2 + 3 * 4 - 1 }} {{ not t == false }} {{ 10 - 2 - 3 }} {{ 2 ** 3 ** 2 }} {{ 1 + 2|string|length }}
{{ dict(a=1, b=2) }} {{ range(3)|list }} {{ range(1, 10, 3)|list }} {{ range(5, 0, -2)|list }} {{ namespace(a=1).a }}
{{ raise_exception('my message') }}
{{ loop }}
{% set x = [] %}{{ x.append(1) }}
{{ m[0].role }} {{ m[0]['role'] }} {{ m[-1].n }} {{ m[1].c }} {{ m[1].c is defined }} {{ (m|first).c }} {{ m|map(attribute='role')|unique|join(',') }}
{{ s is string and s|length > 3 }} {{ 'abc' if s is not string else s[:3] }} {{ s.split(', ')[1] }} {{ (s.split(', ')|last)[0] }} {{ '</think>' in 'a</think>b' }} {{ 'a</think>b'.split('</think>')[-1].lstrip('\n') }}
{% for x in range(3) -%}
  {{ x }}
{%- endfor %}|
{{ 'x' }} {% if t -%}   y   {%- endif %} z
{{ [1,2,3][1:][0] }} {{ 'abc'[1:]|upper }} {{ ('a', 'b')[1] }} {{ [[1,2],[3]]|map('first')|list }} {{ [1,2]|map('string')|join('+') }} {{ ['a','b']|map('replace', 'a', 'c')|list }}
{{ true and none }} {{ none is none }} {{ True }} {{ False }} {{ None }} {{ true|string }} {{ [true, none, 1.0, 'x'] }} {{ {'a': none} }}
{% set a = 1 %}{% set f2 = namespace(v=false) %}{% for q in m if q.role == 'user' %}{% if loop.first %}{% set f2.v = true %}{% endif %}{% endfor %}{{ f2.v }}
{{ 'ß'.upper() }}{{ 'İ'|length }}{{ 'ÀÉ'.lower() }}
{{ l.index(1) }} {{ l.count(1) }} {{ d.a.x[1] }} {{ d.a['x'] }} {{ (d.a.x|length) }}
{{ 9223372036854775807 }} {{ big * 100 }} {{ 5 // 0.3 }} {{ 5.5 % 2 }} {{ (7 / 2)|int }} {{ '%d' % 3.9 }} {{ 1.0 == 1 }} {{ 3 * 1.0 }}
{{ a.b.c }}
{% for m2 in m %}{% if m2.role == 'user' and not m2.zz %}{{ m2.c|trim }}{% endif %}{% endfor %}
{% if x = 1 %}{% endif %}
{% for %}{% endfor %}
{{ (1 }}
{% endif %}
{% if t %}unclosed
{{ 'unclosed }}
{% unknown %}
{% break %}
{{ 1 + }}
{{ a b }}
'''.strip().split("\n")
# templates of several lines
T = [t for t in T if not t.startswith(("{% for x in range(3) -%}", "  {{ x }}", "{%- endfor %}|"))]
T += ["line1\n  {% if t %}\n    inner\n  {% endif %}\nline2\n", "{% for x in l %}\n  - {{ x }}\n{% endfor %}\nend\n\n", "a\n   {%+ if t %}b{% endif +%}\nc", "  {{ s }}\n  {% set x = 1 %}  \n{{ x }}\n",
      "{% for x in range(3) -%}\n  {{ x }}\n{%- endfor %}|", "{#- c -#}\n  x\n{#+ y #}\n z {# q #}\n", "a\r\nb\r{{ s }}\r\n", "{%- if t -%}\n\n  x\n\n{%- endif -%}\n", "\n\n{{ s }}\n\n", "  {# c #}\n  a\n", "x {% if t %} y\n {% endif %} z\n", "{{ s }}\n{{- e }}\n", "{% macro a() %}\n  in\n{% endmacro %}\n{{ a() }}", "{% raw %}\n{{ x }}\n{% endraw %}\nz", "{{ 'multi\nline' }}", "{%\nif t\n%}\nq{%endif%}", "{% set x %}\n  body\n{% endset %}[{{ x }}]", "a {% if not t %}\nb\n{% else %}\nc\n{% endif %}d"]
out = []
for t in T:
    try: out.append({"template": t, "expected": env.from_string(t).render(**V)})
    except Exception as e: out.append({"template": t, "error": f"{type(e).__name__}: {e}"})
json.dump({"variables": V, "cases": out}, open(sys.argv[1], "w"), ensure_ascii=False, indent=0)
print(len(out), sum("error" in o for o in out))
