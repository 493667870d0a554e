"""Jayway's JsonPath: what paths mean, what they refuse, and that no path runs away."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.java.jsonpath import PathError, PathNotFound, compile_path

STORE = {
    "store": {
        "book": [
            {"title": "a", "price": 8.95, "tags": ["x"]},
            {"title": "b", "price": 12.99, "isbn": "1"},
            {"title": "c", "price": 5},
        ],
        "bicycle": {"price": 20, "full name": "r"},
    },
    "limit": 10,
    "nothing": None,
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", STORE),
        ("$.limit", 10),
        ("$.nothing", None),
        ("limit", 10),
        ("$['store']['bicycle'][\"full name\"]", "r"),
        ("$.store.book[0].title", "a"),
        ("$.store.book[-1].title", "c"),
        ("$.store.book[*].title", ["a", "b", "c"]),
        ("$.store.book[0,2].title", ["a", "c"]),
        ("$.store.book[1:].title", ["b", "c"]),
        ("$.store.book[:-1].title", ["a", "b"]),
        ("$.store.bicycle['price','absent']", {"price": 20}),
        ("$..price", [8.95, 12.99, 5, 20]),
        ("$..book[1].title", ["b"]),
        ("$.store.*.price", [20]),
        ("$.store.book[?(@.price < 10)].title", ["a", "c"]),
        ("$.store.book[?(@.price <= $.limit)].title", ["a", "c"]),
        ("$.store.book[?(@.isbn)].title", ["b"]),
        ("$.store.book[?(!@.isbn && (@.price == 5 || @.title == 'x'))].title", ["c"]),
        ("$.store.book[?(@.title in ['a', 'b'])].price", [8.95, 12.99]),
        ("$.store.book[?(@.title nin ['a', 'b'])].price", [5]),
        ("$.store.book[?(@.title =~ /[AB]/i)].title", ["a", "b"]),
        ("$.store.book[?(@.tags contains 'x')].title", ["a"]),
        ("$.store.book[?(@.tags size 1)].title", ["a"]),
        ("$.store.book[?(@.price != 5)].title", ["a", "b"]),
        ("$.store.book.length()", 3),
        ("$..price.max()", 20.0),
        ("$..price.sum()", 46.94),
        ("$.store.bicycle.keys()", ["price", "full name"]),
        ("$.store.book[9,10]", []),
        ("$..absent", []),
    ],
)
def test_paths(path: str, expected: Any) -> None:
    found = compile_path(path).find(STORE)
    assert found == pytest.approx(expected) if isinstance(expected, float) else found == expected


@pytest.mark.parametrize(
    "path", ["$.absent", "$.limit.x", "$.store.book.title", "$.store.book[3]", "$.store[0]"]
)
def test_a_definite_path_that_leads_nowhere(path: str) -> None:
    with pytest.raises(PathNotFound):
        compile_path(path).find(STORE)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "$.",
        "$..",
        "$[",
        "$['a",
        "$[?(@.a",
        "$[?(@.a ==)]",
        "$.a.nope()",
        "$[x]",
        "$.length().a",
        "$[?(@.a =~ /(/)]",
    ],
)
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(PathError):
        compile_path(path)


def test_a_path_that_visits_too_much_ends() -> None:
    document: Any = list(range(200))
    for _ in range(3):
        document = [document] * 20
    with pytest.raises(PathError, match="too many"):
        compile_path("$..*..*..*").find(document)


@given(st.text(alphabet="$.[]'\"*?(@)=<>!&|:,0123abc -~/\\", max_size=40))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    try:
        path = compile_path("$" + text)
    except PathError:
        return
    try:
        path.find(STORE)
    except PathError:
        pass


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab'\\", max_size=2), inner, max_size=3)
    ),
    max_leaves=12,
)


def walk(value: Any, path: str = "$") -> list[tuple[str, Any]]:
    found = [(path, value)]
    if isinstance(value, dict):
        for key, item in value.items():
            quoted = key.replace("\\", "\\\\").replace("'", "\\'")
            found += walk(item, f"{path}['{quoted}']")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += walk(item, f"{path}[{index}]")
    return found


@given(JSON)
def test_every_value_is_found_by_its_own_path(document: Any) -> None:
    for path, value in walk(document):
        assert compile_path(path).find(document) == value


@given(JSON)
def test_a_deep_scan_sees_every_value_but_the_root(document: Any) -> None:
    assert len(compile_path("$..*").find(document)) == len(walk(document)) - 1
