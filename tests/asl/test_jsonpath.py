"""JSONPath: Jayway's documented examples, AWS's recorded ones, and a slow oracle."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.asl.errors import StatesError
from fogbank.asl.jsonpath import NotFound, PathSyntaxError, Why, compile_path, compile_reference
from fogbank.asl.templates_jsonpath import compile_template
from fogbank.java.jsonpath_syntax import CHARS_MAX
from tests.support.recordings import recorded
from tests.support.states import scope

_STORE: dict[str, Any] = {
    "store": {
        "book": [
            {"category": "reference", "author": "Nigel Rees", "title": "Sayings", "price": 8.95},
            {"category": "fiction", "author": "Evelyn Waugh", "title": "Sword", "price": 12.99},
            {"category": "fiction", "author": "Melville", "title": "Moby", "isbn": "0-553", "price": 8.99},
            {"category": "fiction", "author": "Tolkien", "title": "Lord", "isbn": "0-395", "price": 22.99},
        ],
        "bicycle": {"color": "red", "price": 19.95},
    },
    "expensive": 10,
    "list": [1, 2, 3],
    "tags": {"a.b": 1, "it's": 2, "": 3, "in": 4},
}


def _find(path: str, document: Any = _STORE, **others: Any) -> Any:
    return compile_path(path).find(scope(document, **others))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.store.book[*].title", ["Sayings", "Sword", "Moby", "Lord"]),
        ("$..title", ["Sayings", "Sword", "Moby", "Lord"]),
        ("$.store..price", [8.95, 12.99, 8.99, 22.99, 19.95]),
        ("$..book[2].title", ["Moby"]),
        ("$..book[-2].title", ["Moby"]),
        ("$.store.book[-1].title", "Lord"),
        ("$.store.book[0, 1].title", ["Sayings", "Sword"]),
        ("$.store.book[:2].title", ["Sayings", "Sword"]),
        ("$.store.book[ 1 : 2 ].title", ["Sword"]),
        ("$.store.book[-2:].title", ["Moby", "Lord"]),
        ("$.store.book[2:].title", ["Moby", "Lord"]),
        ("$.store.book[7:]", []),
        ("$..book[?(@.isbn)].title", ["Moby", "Lord"]),
        ("$.store.book[?(!@.isbn)].title", ["Sayings", "Sword"]),
        ("$.store.book[?(@.price < 10)].title", ["Sayings", "Moby"]),
        ("$.store.book[?(@.price<10&&@.category=='fiction')].title", ["Moby"]),
        ("$.store.book[?((@.price < 9 || @.price > 20) && @.isbn)].title", ["Moby", "Lord"]),
        ("$..book[?(@.price <= $['expensive'])].title", ["Sayings", "Moby"]),
        ("$..book[?(10 >= @['price'])].title", ["Sayings", "Moby"]),
        ("$..book[?(@.author =~ /.*REES/i)].title", ["Sayings"]),
        ("$..book[?(@.author =~ /Rees/)].title", []),  # the whole text must match
        ("$..book[?(@.title in ['Moby', \"Lord\"])].price", [8.99, 22.99]),
        ("$..book[?(@.title nin ['Moby', 'Lord'])].price", [8.95, 12.99]),
        ("$..book[?(@.title contains 'or')].title", ["Sword", "Lord"]),
        ("$..book[?(@.title size 4)].title", ["Moby", "Lord"]),
        ("$..book[?(@.isbn empty false)].title", ["Moby", "Lord"]),
        ("$..book[?(@.isbn != '0-553')].title", ["Sayings", "Sword", "Lord"]),
        ("$..book[?(@.price == '8.95')].title", ["Sayings"]),
        ("$..book[?(@.nope == null)].title", []),
        ("$[?(@.expensive == 10)].expensive", [10]),  # an object is asked itself
        ("$.[?(@.expensive == 10)].expensive", [10]),
        ("$.list[?(@ > 1)]", [2, 3]),
        ("$.list[?(@ in $.list)]", [1, 2, 3]),
        ("$.store.book.length()", 4),
        ("$..book.length()", 4),
        ("$.list.sum()", 6.0),
        ("$.list.min()", 1.0),
        ("$.list.avg()", 2.0),
        ("$.list.stddev()", pytest.approx(0.8164965)),
        ("$..price.max()", 22.99),
        ("$.store.keys()", ["book", "bicycle"]),
        ("$.list.first()", 1),
        ("$.list.last()", 3),
        ("$.list.index(-2)", 2),
        ("$.list.append(4)", [1, 2, 3, 4]),
        ("$.store.bicycle.concat('a', $.store.bicycle.color)", "ared"),
        ("$.list.sum($.expensive)", 16.0),
        ("$.store.book[?(@.author.length() == null)].price", [8.95, 12.99, 8.99, 22.99]),
        ("$['store']['bicycle']['color', 'price']", {"color": "red", "price": 19.95}),
        ("$.store['book','bicycle'].price", [19.95]),
        ("$.tags['a.b']", 1),
        ("$.tags['it\\'s']", 2),
        ('$.tags["it\'s"]', 2),
        ("$.tags['']", 3),
        ("$.tags.in", 4),
        ("$.*.bicycle.color", ["red"]),
        ("$.list[*]", [1, 2, 3]),
        ("$.list", [1, 2, 3]),
        ("$", _STORE),
    ],
)
def test_paths(path: str, expected: Any) -> None:
    assert _find(path) == expected


def test_variables_and_the_context() -> None:
    others = {"variables": {"v": {"x": [5, 6]}, "ü": 1}, "context": {"Task": {"Token": "t"}}}
    assert _find("$v.x[1]", **others) == 6
    assert _find("$v", **others) == {"x": [5, 6]}
    assert _find("$ü", **others) == 1
    assert _find("$$.Task.Token", **others) == "t"
    assert _find("$$", **others) == others["context"]
    assert _find("$.list[?(@ in $limits)]", variables={"limits": [2]}) == [2]
    assert compile_path("$v.x[?(@ == $w.y || @ > $v.z)]").variables == ("v", "w")


@pytest.mark.parametrize(
    ("path", "why", "detail"),
    [
        ("$.nope", Why.LEAF, "No results for path: $['nope']"),
        ("$.store.nope", Why.LEAF, "No results for path: $['store']['nope']"),
        ("$.nope.x", Why.INNER, "Missing property in path $['nope']"),
        ("$.list[3]", Why.INDEX, "No results for path: $['list'][3]"),
        ("$.list[-4]", Why.INDEX, "No results for path: $['list'][-4]"),
        ("$.list[3].x", Why.INNER, "No results for path: $['list'][3]"),
        ("$.expensive[0]", Why.INNER, "Filter: [0] can only be applied to arrays. Current context is: 10"),
        ("$v", Why.VARIABLE, "The variable '$v' is not defined."),
    ],
)
def test_what_is_not_found(path: str, why: Why, detail: str) -> None:
    with pytest.raises(NotFound) as raised:
        _find(path)
    assert (raised.value.why, raised.value.detail) == (why, detail)


@pytest.mark.parametrize(
    ("field", "cause"),
    [
        ("InputPath", "Invalid path '$.a' : No results for path: $['a']"),
        ("SecondsPath", "The SecondsPath parameter does not reference an input value: $.a"),
        (
            "x.$",
            "The JSONPath '$.a' specified for the field 'x.$' could not be found in the input '{\"b\":1}'",
        ),
        ("Variable", "Invalid path '$.a': The choice state's condition path references an invalid value."),
    ],
)
def test_causes(field: str, cause: str) -> None:
    with pytest.raises(StatesError) as raised:
        compile_path("$.a").get(scope({"b": 1}), field)
    assert (raised.value.error, raised.value.cause) == ("States.Runtime", cause)


def test_a_cause_quotes_the_input_as_it_was_written() -> None:
    written = scope({"b": 1})
    written.input_text = '{ "b": 1 }'
    with pytest.raises(StatesError) as raised:
        compile_path("$.a").get(written, "x.$")
    assert raised.value.cause.endswith("could not be found in the input '{ \"b\": 1 }'")


def test_null_input_has_no_paths() -> None:
    with pytest.raises(StatesError) as raised:
        compile_path("$").get(scope(None), "x.$")
    assert raised.value.cause == "Unable to apply Path transformation to null or empty input."


@pytest.mark.parametrize(
    "path",
    [
        "", "a", "$.", "$..", "$.a.", "$.a..", "$...a", "$.a[", "$.a[]", "$.a['b", "$.a['b''c']", "$.a b", "$[:]",
        "$.a[?()]", "$.a[?(@.x]", "$.a[?(@.x ==)]", "$.a[?(@.x =~ 'y')]", "$.a[?(@.x =~ /(/)]", "$.a.foo()",
        "$.a.length().b", "$.a[1,]", "$.a[1:2:3]", "@.a", "$$$", "$.a[?(@ in [1,)]", "$" + ".a" * CHARS_MAX,
        "$[?(" + "(" * 50 + "@" + ")" * 50 + ")]",
    ],
)  # fmt: skip
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(PathSyntaxError):
        compile_path(path)


def test_work_is_bounded() -> None:
    deep: Any = [1]
    for _ in range(40):
        deep = [deep, deep]
    with pytest.raises(StatesError, match="exceeded its limit"):
        _find("$..*", deep)


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_depth_is_no_crash() -> None:
    with pytest.raises(StatesError, match="exceeded its limit"):
        _find("$.a[?(@.x == $.b)]", {"a": [{"x": _nested(5_000)}], "b": _nested(5_000)})


def _history(test: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = recorded("stepfunctions/v2/base/test_base.snapshot.json", test)[
        "get_execution_history"
    ]["events"]
    return events


_PATHS_OF_NO_INPUT = [
    "$[*]", "$.items[*]", "$.items[1:]", "$.items[:1]", "$.item.items[*]", "$.item.items[1:]", "$.item.items[:1]",
    "$.item.items[1:5]", "$.items[*].itemValue", "$.items[1:].itemValue", "$.items[:1].itemValue",
    "$.item.items[1:5].itemValue",
]  # fmt: skip


@pytest.mark.parametrize(
    ("test", "path"),
    [(f"test_json_path_array_wildcard_or_slice_with_no_input[{path}]", path) for path in _PATHS_OF_NO_INPUT]
    + [(f"test_json_path_array_access[{path}]", path) for path in ("$.items[0]", "$.items[10]")]
    + [("test_state_pass_regex_json_path_base", "$.users[?(@.status == 0)]")],
)
def test_recorded_pass_states(test: str, path: str) -> None:
    started, *_, last = _history(test)
    output = last["executionSucceededEventDetails"]["output"]
    given_input = started["executionStartedEventDetails"]["input"]
    name = next(iter(output))
    assert compile_template({f"{name}.$": path}).get(scope(given_input)) == output


# --- reference paths -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "document", "expected"),
    [
        ("$", {"a": 1}, 9),
        ("$.b", {"a": 1}, {"a": 1, "b": 9}),
        ("$.b.c.d", {"a": 1}, {"a": 1, "b": {"c": {"d": 9}}}),
        ("$['b'].c", {"b": {"x": 0}}, {"b": {"x": 0, "c": 9}}),
        ("$.a[1]", {"a": [1, 2, 3]}, {"a": [1, 9, 3]}),
        ("$.b", None, {"b": 9}),
    ],
)
def test_references_put(path: str, document: Any, expected: Any) -> None:
    before = json.dumps(document)
    assert compile_reference(path).put(document, 9) == expected
    assert json.dumps(document) == before


@pytest.mark.parametrize(
    ("path", "document"), [("$.a.b", {"a": 1}), ("$.a[0]", {}), ("$.a[5]", {"a": [1]}), ("$.a", [1])]
)
def test_references_that_lead_nowhere(path: str, document: Any) -> None:
    with pytest.raises(StatesError) as raised:
        compile_reference(path).put(document, 9)
    assert raised.value.error == "States.ResultPathMatchFailure"


@pytest.mark.parametrize(
    "path", ["$.a[*]", "$..a", "$.a[1:2]", "$$.a", "$v.a", "$.a[?(@)]", "$.a.length()", "x"]
)
def test_what_is_no_reference(path: str) -> None:
    with pytest.raises(PathSyntaxError):
        compile_reference(path)


def test_put_shares_what_is_not_on_the_path() -> None:
    document = {"a": {"deep": [1]}, "b": {"c": 1}}
    assert compile_reference("$.b.d").put(document, 1)["a"] is document["a"]


# --- the oracle ------------------------------------------------------------------------------------------------------

_keys = st.sampled_from(["a", "b", "c"])
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | _keys,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=12,
)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("name"), _keys),
        st.tuples(st.just("index"), st.integers(-3, 3)),
        st.tuples(st.just("any"), st.none()),
        st.tuples(st.just("slice"), st.tuples(st.none() | st.integers(-3, 3), st.none() | st.integers(-3, 3))),
        st.tuples(st.just("deep"), _keys),
        st.tuples(st.just("equal"), st.tuples(_keys, st.integers(-2, 2))),
    ).filter(lambda step: step != ("slice", (None, None))),
    max_size=4,
)  # fmt: skip


def _written(kind: str, value: Any) -> str:
    match kind:
        case "name":
            return f".{value}"
        case "index":
            return f"[{value}]"
        case "any":
            return "[*]"
        case "slice":
            return f"[{':'.join('' if part is None else str(part) for part in value)}]"
        case "deep":
            return f"..{value}"
        case _:
            return f"[?(@.{value[0]} == {value[1]})]"


def _below(document: Any) -> list[Any]:
    """A value and all objects and arrays in it, outer ones first."""
    parts = (
        document.values() if isinstance(document, dict) else document if isinstance(document, list) else []
    )
    return [document] + [found for part in parts if isinstance(part, (dict, list)) for found in _below(part)]


def _slowly(document: Any, steps: list[tuple[str, Any]]) -> list[Any]:
    if not steps:
        return [document]
    (kind, value), rest = steps[0], steps[1:]
    found: list[Any] = []
    if (kind == "name" and isinstance(document, dict) and value in document) or (
        kind == "index" and isinstance(document, list) and -len(document) <= value < len(document)
    ):
        found = [document[value]]
    elif kind == "any":
        found = (
            list(document.values())
            if isinstance(document, dict)
            else list(document)
            if isinstance(document, list)
            else []
        )
    elif kind == "slice" and isinstance(document, list):
        found = document[slice(*value)]
    elif kind == "deep":
        found = [part[value] for part in _below(document) if isinstance(part, dict) and value in part]
    elif kind == "equal":
        candidates = document if isinstance(document, list) else [document]
        name, number = value
        found = [
            each
            for each in candidates
            if isinstance(each, dict) and type(each.get(name)) is int and each[name] == number
        ]
    return [answer for part in found for answer in _slowly(part, rest)]


@given(document=_json, steps=_steps)
def test_finds_what_the_oracle_finds(document: Any, steps: list[tuple[str, Any]]) -> None:
    text = "$" + "".join(_written(*step) for step in steps)
    expected = _slowly(document, steps)
    if all(kind in ("name", "index") for kind, _ in steps):
        if expected:
            assert _find(text, document) == expected[0]
        else:
            with pytest.raises(NotFound):
                _find(text, document)
    else:
        assert _find(text, document) == expected


@given(st.text(alphabet="$@.[]()'\"*?:,ab01 <>=!&|/\\{}", max_size=30))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    for candidate in (text, "$" + text, f"$.a[?({text})]"):
        try:
            path = compile_path(candidate)
        except PathSyntaxError:
            continue
        try:
            path.find(scope({"a": [{"b": 1}, "ab"]}))
        except (NotFound, StatesError):
            pass
