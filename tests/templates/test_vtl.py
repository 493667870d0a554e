"""VTL: what each part of the language writes, and the bounds of a rendering."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.templates import UTIL, Input, TemplateError, compile_template

BODY = '{"a": 1, "list": [1, {"url": "http://x"}], "text": "it\'s", "empty": [], "no": null}'


def scope(body: str = BODY) -> dict[str, Any]:
    parameters = {
        "path": {"id": "7"},
        "querystring": {"q": "x y", "id": "8"},
        "header": {"X-Token": "h", "id": "9"},
    }
    return {
        "input": Input(body, lambda: parameters),
        "util": UTIL,
        "context": {"requestId": "r1", "responseOverride": {"header": {}}},
        "stageVariables": {"stage": "dev"},
    }


def render(template: str, body: str = BODY) -> str:
    return compile_template(template).render(scope(body))


CASES = {
    "references": [
        ("$stageVariables.stage", "dev"),
        ("${stageVariables.stage}x", "devx"),
        ("$!{stageVariables.stage}", "dev"),
        ("<$undefined|$!undefined|${un.defined.too()}>", "<||>"),
        ("cost: $5, 100$, $", "cost: $5, 100$, $"),
        ("${input.params('q')", "${input.params('q')"),
        ("$context.requestId.", "r1."),
        ("#set($x = 'v')\\$x \\\\$x", "$x \\v"),
        ("$input.path('$.list')[1].url", "http://x"),
        ("$input.path('$.list').get(0)", "1"),
    ],
    "set": [
        ("#set($x = 1)$x", "1"),
        ("#set($x = 1)\n$x", "1"),
        ("a #set($x = 1) b", "a b"),
        ("#set($x = 1)#set($x = $undefined)$x", "1"),
        ("#set($m = {'a': 1, 'b': {}})#set($m.b.c = 2)#set($m['d'] = 3)$m", "{a=1, b={c=2}, d=3}"),
        ("#set($l = [1, 2])#set($l[0] = 5)$l", "[5,2]"),
    ],
    "if": [
        ("#if(true)a#{else}b#end", "a"),
        ("#if(false)a#elseif(1 == 1)b#{else}c#end", "b"),
        ("#if($undefined)a#{else}b#end", "b"),
        ("#if('')a#{else}b#end", "a"),
        ("#if(!$undefined && (1 < 2 || false))a#end", "a"),
        ("#if(1 lt 2 and 2 ge 2 and not (1 eq 2) and 1 ne 2)a#end", "a"),
        ("#if($input.path('$.no') == '')a#end", "a"),
        ("#if($input.path('$.no') == $undefined)a#end", "a"),
        ("#if(1 == 1.0)a#end#if('1' == 1)b#end", "ab"),
        ("x\n#if(true)\n  y\n#end\nz", "x\n  y\nz"),
    ],
    "foreach": [
        ("#foreach($i in [1..3])$i#if($foreach.hasNext),#end#end", "1,2,3"),
        ("#foreach($i in [3..1])$foreach.index$foreach.count$velocityCount:$i #end", "011:3 122:2 233:1 "),
        ("#set($m = {'a': 1, 'b': 2})#foreach($e in $m.entrySet())$e.key=$e.getValue();#end", "a=1;b=2;"),
        ("#set($m = {'a': 1, 'b': 2})#foreach($v in $m)$v#end#foreach($k in $m.keySet())$k#end", "12ab"),
        ("#foreach($i in [1, 2, 3])#if($i == 2)#break#end$i#end", "1"),
        ("#foreach($i in [1, 2])#foreach($j in [1, 2])$foreach.parent.count$j #end#end", "11 12 21 22 "),
        ("#set($i = 'o')#foreach($i in [1])$i#end$i$!foreach.index", "1o"),
        ("#foreach($x in $undefined)a#end#foreach($x in [])b#end.", "."),
    ],
    "values": [
        ("#set($x = 7 / 2)$x #set($x = -7 / 2)$x #set($x = -7 % 3)$x", "3-3-1"),
        ("#set($x = 7 / 2.0)$x #set($x = 1 + 2 * 3 - 4)$x", "3.53"),
        ("#set($x = 1 / 0)[$x]", "[]"),
        ("#set($x = 'a' + 1)$x", "a1"),
        ("#set($n = 'w')#set($x = \"hello $n ${n}s\")$x #set($y = 'hello $n')$y", "hello w wshello $n"),
        ('#set($x = \'it\'\'s\')$x #set($x = "a ""q""")$x', 'it\'sa "q"'),
        ("#set($x = [1, 'a', true, [2], {'k': 'v'}])$x", '[1,"a",true,[2],{"k":"v"}]'),
    ],
    "methods": [
        ("#set($s = 'Hello')$s.length() $s.substring(1, 3) $s.toUpperCase() $s.indexOf('l')", "5 el HELLO 2"),
        ("#set($s = 'a,b')#foreach($p in $s.split(','))<$p>#end", "<a><b>"),
        ("$util.escapeJavaScript($input.path('$.text')).replaceAll(\"\\\\'\", \"'\")", "it's"),
        (
            "#set($s = 'Hello')$s.contains('ell') $s.startsWith('He') $s.replace('l', 'L') $s.matches('H.*')",
            "true true HeLLo true",
        ),
        ("#set($l = [])#set($v = $l.add(1))$l.size() $l.isEmpty() $l.contains(1) $l", "1 false true [1]"),
        ("#set($m = {})$!m.put('a', 1)$m.containsKey('a') $m.get('a') $m.a $m.size() $m", "true 1 1 1 {a=1}"),
        ("#set($n = 0)$n.parseInt('42')", "42"),
        ("#set($s = 'x')$s.getClass() $s.class.name", " "),
    ],
    "strings": [
        (
            "#set($s = ' aXbX ')$s.trim().length() $s.toLowerCase().trim() $s.lastIndexOf('X') $s.charAt(1)",
            "4 axbx 4 a",
        ),
        (
            "#set($s = 'abcabc')$s.replaceFirst('b', '-') $s.indexOf('b', 2) $s.endsWith('bc') $s.isEmpty()",
            "a-cabc 4 true false",
        ),
        (
            "#set($s = 'ab')$s.concat('c') $s.compareTo('ac') $s.equals('ab') $s.equalsIgnoreCase('AB') $s.hashCode()",
            "abc -1 true true 3105",
        ),
        ("#set($s = 'x')$s.join('-', ['a', 'b']) $s.repeat(3) $s.format('%s!', 'hi')", "a-b xxx hi!"),
        ("#set($s = 'x')$s.valueOf(5) $s.empty $s.isBlank()", "5 false false"),
    ],
    "collections": [
        (
            "#set($l = [3, 1, 2])$l.indexOf(1) $l.set(0, 9)$l.remove(1)$l $l.subList(0, 1) $l.empty",
            "1 31[9,2] [9] false",
        ),
        (
            "#set($l = [1])$!l.addAll([2, 3])$!l.add(0, 7)$l $l.containsAll([1, 2]) $l.lastIndexOf(3) $l[9]",
            "true[7,1,2,3] true 3 ",
        ),
        ("#set($l = [1, 2])$!l.remove('x')$!l.clear()$l", "false[]"),
        (
            "#set($m = {'a': 1})$!m.putAll({'b': 2})$m.values() $m.getOrDefault('z', 9) $m.containsValue(2)",
            "[1,2] 9 true",
        ),
        (
            "#set($m = {'a': 1})$m.remove('a')$m.isEmpty()$!m.putIfAbsent('b', 3)$m.putIfAbsent('b', 4)$m['b']",
            "1true33",
        ),
        ("#set($m = {'a': 1})$!m.clear()$m.size() #set($n = {})$!n.put(1, 2)$n.get('1')", "02"),
        ("#foreach($e in $input.params().path.entrySet())$e $e.getKey() $e.getValue()#end", "id=7 id 7"),
    ],
    "numbers": [
        (
            "#set($n = 7)$n.toString() $n.intValue() $n.doubleValue() $n.compareTo(8) $n.equals(7) $n.toHexString(255)",
            "7 7 7.0 -1 true ff",
        ),
        (
            "#set($n = -7)$n.abs() $n.max(1, 2) $n.min(1, 2) $n.parseDouble('1.5') $n.valueOf('3')",
            "7 2 1 1.5 3",
        ),
        ("#set($b = true)$b.parseBoolean('TRUE') $b.toString() $b.booleanValue()", "true true true"),
        (
            "#foreach($i in [1, 2])#if($foreach.first)f#end#if($foreach.last)l#end$foreach.getCount()#end",
            "f1l2",
        ),
        ("#foreach($i in [1, 2, 3])$i#if($i == 2)$foreach.stop()#end#end", "12"),
    ],
    "blocks": [
        ("#macro(m $a $b)[$a|$b]#end#m('x' 2)#m('y')", "[x|2][y|]"),
        ("#define($d)<$x>#end#set($x = 1)$d#set($x = 2)$d", "<1><2>"),
        ("#evaluate('#set($z = 5)$z')", "5"),
        ("a#stop b", "a"),
        ("a## comment\nb#* many\nlines *#c", "abc"),
        ("#[[ $raw #if ]]#", " $raw #if "),
        ("#nothing(1) #fff", "#nothing(1) #fff"),
    ],
    "input": [
        ("$input.json('$.list')", '[1,{"url":"http://x"}]'),
        ("$input.json('$.text') $input.json('$.absent')", '"it\'s" ""'),
        ("$input.path('$').text", "it's"),
        (
            "$input.params('id') $input.params('q') $input.params('x-token') [$input.params('absent')]",
            "7 x y h []",
        ),
        ("$input.params().header.get('X-Token') $input.params().querystring.id", "h 8"),
        ("$input.body.absent", ""),
    ],
    "util": [
        ("$util.urlEncode('a b&c~*') $util.urlDecode('a+b%26')", "a+b%26c%7E* a b&"),
        ("$util.base64Encode('hé') $util.base64Decode('aMOp')", "aMOp hé"),
        ("$util.escapeJavaScript('a\"b/c\\d\né')", 'a\\"b\\/c\\\\d\\n\\u00E9'),
        ("$util.parseJson('{\"a\": [1]}').a[0]", "1"),
        ("[$util.escapeJavaScript($context)]", "[]"),
    ],
}


@pytest.mark.parametrize(("template", "expected"), [case for cases in CASES.values() for case in cases])
def test_what_is_written(template: str, expected: str) -> None:
    assert render(template) == expected


def test_without_a_payload() -> None:
    """AWS recordings: the body reads `{}`, a path into it nothing."""
    assert (
        render("$input.body|$input.json('$')|$input.path('$')|$util.urlEncode($input.body)", "")
        == "{}|{}||%7B%7D"
    )
    assert render("$input.body|$input.path('$')", "no json") == "no json|no json"


def test_overrides_are_seen_outside() -> None:
    variables = scope()
    compile_template(
        "#set($context.responseOverride.status = 400)#set($context.responseOverride.header.X = 'v')"
    ).render(variables)
    assert variables["context"]["responseOverride"] == {"header": {"X": "v"}, "status": 400}


def test_names_tell_what_a_template_reads() -> None:
    assert compile_template('#foreach($x in $context.a)#set($y = "$stageVariables.s")#end').names >= {
        "context",
        "stageVariables",
    }
    assert "input" not in compile_template("$context.requestId").names


@pytest.mark.parametrize(
    "template",
    [
        "#if(true)",
        "#set($x)",
        "#set(x = 1)",
        "#foreach($x of $y)#end",
        "#end",
        "#if(1 +)a#end",
        "$x.f(",
        "#parse('a')",
    ],
)
def test_what_is_no_template(template: str) -> None:
    with pytest.raises(TemplateError):
        compile_template(template)


@pytest.mark.parametrize(
    "template",
    [
        "#set($l = [1..1000])" + "#foreach($a in $l)" * 3 + "x" + "#end" * 3,
        "#macro(m $a)#m($a)#end#m(1)",
        "#define($d)$d#end$d",
        "#set($x = '#evaluate($x)')#evaluate($x)",
        "#set($s = 'aaaaaaaaaa')#foreach($i in [1..40])#set($s = $s + $s)#end",
        "#set($n = 10)#foreach($i in [1..40])#set($n = $n * $n)#end",
        "#set($s = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!')$s.matches('(a|aa)+$')",
        "$util.parseJson('{')",
        "#set($s = 'aaaaaaaaaaaaaaaa')#foreach($i in [1..18])#set($s = $s + $s)#end#foreach($i in [1..1000])"
        "#set($t = $s.replace('a', 'b'))#end",
        "#set($s = 'aaaaaaaaaaaaaaaa')#foreach($i in [1..18])#set($s = $s + $s)#end#foreach($i in [1..1000])"
        '#set($t = "$s")#end',
    ],
)
def test_renderings_that_would_not_end(template: str) -> None:
    with pytest.raises(TemplateError):
        render(template)


@pytest.mark.parametrize(
    "template", ["(" * 500, "#if(" + "(" * 500, "#if(true)" * 500, "#set($x = " + "[" * 500]
)
def test_deep_nesting_is_refused_or_plain(template: str) -> None:
    try:
        render(template)
    except TemplateError:
        pass


@given(
    st.text(
        alphabet="$#!{}[]().,'\"\\ \n=<>&|+-*/%0123abx",
        max_size=60,
    )
    | st.lists(
        st.sampled_from(
            [
                "#if(",
                "true",
                ")",
                "#end",
                "#else",
                "$x",
                "#set(",
                "=",
                "1",
                "'a'",
                '"$x"',
                "#foreach(",
                " in ",
                "[1..2]",
                "#",
                "$",
                ".a",
                ".size()",
                "\n",
                "{",
                "}",
            ]
        ),
        max_size=20,
    ).map("".join)
)
def test_any_text_renders_or_is_refused(text: str) -> None:
    try:
        render(text)
    except TemplateError:
        pass


@given(st.text(alphabet=st.characters(exclude_characters="$#\\", codec="utf-8")))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert render(text) == text


@given(st.text(max_size=30))
def test_escaped_text_survives_a_round_trip_through_json(text: str) -> None:
    """What `"$util.escapeJavaScript(…)"` makes is a JSON string, once its single quotes are freed."""
    import json

    from fogbank.templates.util import escape_javascript

    assert json.loads('"' + escape_javascript(text).replace("\\'", "'") + '"') == text
