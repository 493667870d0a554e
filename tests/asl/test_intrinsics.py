"""Intrinsic functions: every recorded case, answers of AWS that were published, and the syntax."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.asl.errors import StatesError
from fogbank.asl.intrinsics import IntrinsicSyntaxError, compile_intrinsic
from fogbank.asl.limits import INTRINSIC_ARRAY_RANGE_MAX, INTRINSIC_TEXT_CHARS_MAX
from tests.support.recordings import recorded
from tests.support.states import scope

_FOLDER = "stepfunctions/v2/intrinsic_functions"
_RECORDED = {
    "test_math_operations/test_math_add": "States.MathAdd($.FunctionInput.fst, $.FunctionInput.snd)",
    "test_math_operations/test_math_random": "States.MathRandom($.FunctionInput.fst, $.FunctionInput.snd)",
    "test_math_operations/test_math_random_seeded": (
        "States.MathRandom($.FunctionInput.fst, $.FunctionInput.snd, $.FunctionInput.trd)"
    ),
    "test_array/TestArray::test_array_0": "States.Array()",
    "test_array/TestArray::test_array_2": "States.Array($.FunctionInput.fst, $.FunctionInput.snd)",
    "test_array/TestArray::test_array_partition": (
        "States.ArrayPartition($.FunctionInput.fst, $.FunctionInput.snd)"
    ),
    "test_array/TestArray::test_array_contains": (
        "States.ArrayContains($.FunctionInput.fst, $.FunctionInput.snd)"
    ),
    "test_array/TestArray::test_array_range": (
        "States.ArrayRange($.FunctionInput.fst, $.FunctionInput.snd, $.FunctionInput.trd)"
    ),
    "test_array/TestArray::test_array_get_item": (
        "States.ArrayGetItem($.FunctionInput.fst, $.FunctionInput.snd)"
    ),
    "test_array/TestArray::test_array_length": "States.ArrayLength($.FunctionInput)",
    "test_array/TestArray::test_array_unique": "States.ArrayLength($.FunctionInput)",
    "test_encode_decode/test_base_64_encode": "States.Base64Encode($.FunctionInput)",
    "test_encode_decode/test_base_64_decode": "States.Base64Decode($.FunctionInput)",
}


def _executions(part: Any) -> list[list[dict[str, Any]]]:
    """Every recorded history in a recording, however deep."""
    if isinstance(part, list):
        return [found for item in part for found in _executions(item)]
    if not isinstance(part, dict):
        return []
    if "events" in part:
        return [part["events"]]
    return [found for item in part.values() for found in _executions(item)]


@pytest.mark.parametrize("name", _RECORDED)
def test_recorded(name: str) -> None:
    file, _, test = name.partition("/")
    compiled = compile_intrinsic(_RECORDED[name])
    histories = _executions(recorded(f"{_FOLDER}/{file}.snapshot.json", test))
    assert histories
    for events in histories:
        given_input = events[0]["executionStartedEventDetails"]["input"]
        answer = compiled.get(scope(given_input))
        expected = events[-1]["executionSucceededEventDetails"]["output"]["FunctionResult"]
        if expected == "RandomNumberGenerated":
            bounds = given_input["FunctionInput"]
            assert type(answer) is int and bounds["fst"] - 1 < answer < bounds["snd"]
        else:
            assert (answer, type(answer)) == (expected, type(expected)), given_input


def _get(text: str, input: Any = None, **others: Any) -> Any:
    return compile_intrinsic(text).get(scope({} if input is None else input, **others))


@pytest.mark.parametrize(
    ("text", "input", "expected"),
    [
        ("States.Format('Hello {}', $.name)", {"name": "Ada"}, "Hello Ada"),
        ("States.Format('{} {} {}', $.a, $.b, $.c)", {"a": "x", "b": 2, "c": True}, "x 2 true"),
        ("States.Format('Name: \\'{}\\', \"{}\"', $.a, $.a)", {"a": "x"}, "Name: 'x', \"x\""),
        ("States.Format('{}|{}|{}', $.n, 3.5, 9007199254740991)", {"n": None}, "null|3.5|9007199254740991"),
        ("States.Format('a\\{b\\} \\\\ {}', 1e7)", {}, "a{b} \\ 1.0E7"),
        ("States.Format($.t, 'x')", {"t": "<{}>"}, "<x>"),
        ("States.Format('{}', $.o)", {"o": {"a": [1, "b"]}}, '{"a":[1,"b"]}'),
        ("States.JsonToString($.o)", {"o": {"a": [1, None, "ü", 0.00001]}}, '{"a":[1,null,"ü",1.0E-5]}'),
        ("States.JsonToString('x')", {}, '"x"'),
        ("States.StringToJson($.s)", {"s": ' {"a":1} '}, {"a": 1}),
        ("States.StringToJson('{\"a\":\"An \\\\\"escaped\\\\\" one\"}')", {}, {"a": 'An "escaped" one'}),
        ("States.StringToJson('\\{\"a\":\"\\\"b\\\"\"\\}')", {}, {"a": '"b"'}),
        ("States.StringToJson('')", {}, None),
        ("States.StringToJson('null')", {}, None),
        ("States.Array(1, States.Array('a', null, true, -1.5e1), $.x)", {"x": [2]}, [1, ["a", None, True, -15.0], [2]]),
        ("States.Array( $.a , $.b )", {"a": 1, "b": 2}, [1, 2]),
        ("States.ArrayPartition($.a, 2.6)", {"a": [1, 2, 3, 4, 5]}, [[1, 2], [3, 4], [5]]),
        ("States.ArrayContains($.a, $.t)", {"a": [{"a": 1, "b": 2}], "t": {"b": 2, "a": 1}}, False),
        ("States.ArrayContains($.a, 9007199254740991)", {"a": ["9007199254740991"]}, True),
        ("States.ArrayContains($.a, true)", {"a": ["true"]}, True),
        ("States.ArrayContains($.a, false)", {"a": [0, 1, -1]}, False),
        ("States.ArrayRange(1.4, 5.6, 2.2)", {}, [1, 3, 5]),
        ("States.ArrayRange(5.4, -0.6, -2.4)", {}, [5, 3, 1]),
        ("States.ArrayRange(1.6, 1.4, 1)", {}, [1]),
        ("States.ArrayRange(5, 1, 1)", {}, []),
        ("States.ArrayGetItem($.a, 1.2)", {"a": [10, 20, 30]}, 20),
        ("States.ArrayGetItem($.a, 999)", {"a": []}, None),
        ("States.ArrayUnique($.a)", {"a": [1, 2, 3, 3, 3, 4]}, [1, 2, 3, 4]),
        ("States.ArrayUnique($.a)", {"a": ["a", "b", "a", "c", "b"]}, ["a", "b", "c"]),
        ("States.ArrayUnique($.a)", {"a": [True, False, True, False]}, [False, True]),
        ("States.ArrayUnique($.a)", {"a": [[1, 2], [1, 2], [2, 1]]}, [[2, 1], [1, 2]]),
        ("States.ArrayUnique($.a)", {"a": [1, "1", 1, "01"]}, [1, "1", "01"]),
        ("States.ArrayUnique($.a)", {"a": [{"a": 1, "b": 2}, {"b": 2, "a": 1}]}, [{"a": 1, "b": 2}]),
        ("States.ArrayUnique($.a)", {"a": [None, None, 1, None]}, [None, 1]),
        ("States.Base64Decode('abc')", {}, "i\ufffd"),
        ("States.Base64Decode(' YWJjZA== ')", {}, "abcd"),
        ("States.Base64Decode('44GT44KT44Gr44Gh44Gv')", {}, "こんにちは"),
        ("States.Hash('hello', 'MD5')", {}, "5d41402abc4b2a76b9719d911017c592"),
        ("States.Hash('hello', 'SHA-1')", {}, "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"),
        ("States.JsonMerge($.a, $.b, false)", {"a": {"x": {"y": 1}, "k": 1}, "b": {"x": {"z": 2}}}, {"x": {"z": 2}, "k": 1}),
        ("States.JsonMerge($.a, $.a, 'false')", {"a": {"x": 1}}, {"x": 1}),
        ("States.MathAdd($.a, -1)", {"a": 111}, 110),
        ("States.MathAdd(2147483646, 1)", {}, 2147483647),
        ("States.StringSplit($.s, ',')", {"s": ",a,,b,"}, ["a", "b"]),
        ("States.StringSplit($.s, '.+,')", {"s": "1+2,3.4"}, ["1", "2", "3", "4"]),
        ("States.StringSplit('', ',')", {}, []),
        ("States.StringSplit('abc', '')", {}, ["abc"]),
        ("States.Array($.a[?(@.x == ')')].x, $['b,c'])", {"a": [{"x": ")"}], "b,c": 1}, [[")"], 1]),
        ("States.Array($$.Task.Token, $v.x)", {}, ["t", 7]),
    ],
)  # fmt: skip
def test_answers(text: str, input: Any, expected: Any) -> None:
    assert _get(text, input, context={"Task": {"Token": "t"}}, variables={"v": {"x": 7}}) == expected


def test_drawn() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", _get("States.UUID()"))
    numbers = {_get("States.MathRandom(1, 4)") for _ in range(50)}
    assert numbers <= {1, 2, 3}
    assert len({_get("States.MathRandom(1, 1000, 42)") for _ in range(5)}) == 1


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("States.Format('{} {}', 'x')", "Format: number of arguments do not match the occurrences of {}."),
        ("States.Format($.n)", "Format"),
        ("States.Format()", "Format"),
        ("States.StringToJson($.bad)", "StringToJson"),
        ("States.StringToJson(1)", "StringToJson"),
        ("States.JsonToString()", "JsonToString"),
        ("States.ArrayPartition($.a, 0.6)", "ArrayPartition"),
        ("States.ArrayPartition('a', 1)", "ArrayPartition"),
        ("States.ArrayPartition($.a, null)", "ArrayPartition"),
        ("States.ArrayContains($.a)", "ArrayContains"),
        ("States.ArrayRange(1, 5)", "ArrayRange"),
        ("States.ArrayRange(1, 5, 0.4)", "ArrayRange"),
        (f"States.ArrayRange(1, {INTRINSIC_ARRAY_RANGE_MAX + 1}, 1)", "ArrayRange"),
        ("States.ArrayGetItem($.a, 1)", "ArrayGetItem"),
        ("States.ArrayGetItem($.a, -1)", "ArrayGetItem"),
        ("States.ArrayLength($.n)", "ArrayLength"),
        ("States.ArrayUnique('x')", "ArrayUnique"),
        ("States.Base64Encode($.long)", "Base64Encode"),
        ("States.Base64Decode(1)", "Base64Decode"),
        ("States.Hash('a', 'sha-256')", "Hash"),
        ("States.Hash($.long, 'MD5')", "Hash"),
        ("States.JsonMerge($.a, $.a, false)", "JsonMerge"),
        ("States.JsonMerge($.o, $.o, true)", "JsonMerge"),
        ("States.MathAdd(2147483647, 1)", "MathAdd"),
        ("States.MathAdd('1', 1)", "MathAdd"),
        ("States.MathAdd(true, 1)", "MathAdd"),
        ("States.MathRandom(1.4, 1.6)", "MathRandom"),
        ("States.MathRandom(1, 10, 'x')", "MathRandom"),
        ("States.StringSplit(1, ',')", "StringSplit"),
        ("States.UUID(1)", "UUID"),
    ],
)
def test_arguments_that_are_refused(text: str, name: str) -> None:
    given_input = {"n": 1, "a": [0], "o": {}, "bad": "{", "long": "x" * (INTRINSIC_TEXT_CHARS_MAX + 1)}
    with pytest.raises(StatesError) as raised:
        _get(text, given_input)
    assert raised.value.error == "States.Runtime"
    assert (
        raised.value.cause
        == f"The function '{text}' had the following error: Invalid arguments in States.{name}"
    )


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("Hello {", "matching '}' not found for '{'."),
        ("Hello {{}}", "matching '}' not found for '{'."),
        ("}", "matching '{' not found for '}'."),
    ],
)
def test_templates_that_are_refused(template: str, why: str) -> None:
    with pytest.raises(StatesError) as raised:
        _get(f"States.Format('{template}')")
    assert raised.value.cause.endswith(f"Invalid template in States.Format: {why}")


def test_a_missing_path_names_the_whole_expression() -> None:
    text = "States.Format('{}', States.Format('{}', $.nope))"
    with pytest.raises(StatesError) as raised:
        _get(text, {"other": 1})
    assert (raised.value.error, raised.value.cause) == (
        "States.Runtime",
        f"The function '{text}' had the following error: The JsonPath argument for the field '$.nope' could not be "
        "found in the input '{\"other\":1}'",
    )
    with pytest.raises(StatesError, match=re.escape("'$.items[5]' could not be found")):
        _get("States.Format('{}', $.items[5])", {"items": [1]})


@pytest.mark.parametrize(
    "text",
    [
        "", "$.a", "States.", "States.format('x')", "States.Nope()", "States.Array", "States.Array(", "States.Array(1.)",
        "States.Array(.5)", "States.Array(01)", "States.Array($.a, )", "States.Array(,1)", "States.Array(1 2)",
        "States.Array($.a) x", "States.Array([1])", "States.Array({})", "States.Array('a)", "States.Array('\\n')",
        "States.Array(\"a\")", "States.Array(truely)", "States.Array($.)", "States.Array(" * 11 + "1" + ")" * 11,
    ],
)  # fmt: skip
def test_what_is_no_call(text: str) -> None:
    with pytest.raises(IntrinsicSyntaxError):
        compile_intrinsic(text)


def test_depth_is_no_crash() -> None:
    deep: Any = 1
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(StatesError, match="nested too deeply"):
        _get("States.ArrayUnique($.a)", {"a": [deep, deep]})
    assert _get("States.ArrayLength($.a)", {"a": deep}) == 1


def test_ten_calls_may_nest() -> None:
    assert _get("States.Array(" * 10 + "1" + ")" * 10) == [[[[[[[[[[1]]]]]]]]]]


def test_variables_are_named() -> None:
    text = "States.Array($b, States.Array($a.x, $.c), $d[?(@.x == $e)])"
    assert compile_intrinsic(text).variables == ("b", "a", "d", "e")


_literals = st.one_of(
    st.none().map(lambda _: ("null", None)),
    st.booleans().map(lambda value: (str(value).lower(), value)),
    st.integers(-(10**6), 10**6).map(lambda value: (str(value), value)),
    st.floats(-1000, 1000, allow_nan=False).map(lambda value: (repr(value), value)),
    st.text("ab'{}\\ $,()é", max_size=5).map(
        lambda value: ("'" + re.sub(r"([\\'{}])", r"\\\1", value) + "'", value)
    ),
)
_calls = st.recursive(
    _literals,
    lambda inner: st.lists(inner, max_size=3).map(
        lambda parts: (f"States.Array({', '.join(part[0] for part in parts)})", [part[1] for part in parts])
    ),
    max_leaves=6,
)


@given(st.lists(_calls, max_size=4))
def test_arguments_are_read_as_they_were_written(parts: list[tuple[str, Any]]) -> None:
    text = f"States.Array({','.join(part[0] for part in parts)})"
    assert _get(text) == [part[1] for part in parts]


@given(st.text("States.Fomat()'{}\\$,.a1 ", max_size=40))
def test_any_text_is_a_call_or_refused(text: str) -> None:
    for candidate in (text, f"States.Format({text})", f"States.Format('{text}', $.a)"):
        try:
            compiled = compile_intrinsic(candidate)
        except IntrinsicSyntaxError:
            continue
        try:
            compiled.get(scope({"a": 1}))
        except StatesError:
            pass
