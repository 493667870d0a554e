"""Java's regular expressions: syntax that Python lacks, replacements and splits as Java has them, a bound on time."""

from __future__ import annotations

import pytest

from fogbank.java.expressions import Expression, ExpressionError, ExpressionTimeout
from fogbank.java.text import double_text, text_of


@pytest.mark.parametrize(
    ("pattern", "text", "fills"),
    [
        ("[a-z]+", "abc", True),
        ("[a-z]+", "abc1", False),
        (r"\p{Lu}\p{L}*", "Élan", True),
        ("a++b", "aab", True),
        (r"\Qa.b\E.", "a.bc", True),
        (r"\Qa.b\E.", "axbc", False),
        ("(?<year>\\d{4})-\\k<year>", "2020-2020", True),
    ],
)
def test_syntax(pattern: str, text: str, fills: bool) -> None:
    assert Expression(pattern).fills(text) is fills


def test_replacements() -> None:
    assert Expression(r"\\'").replace(r"it\'s", "'") == "it's"
    assert Expression(r"(\w)(\w)").replace("abcd", "$2$1") == "badc"
    assert Expression("b").replace("abab", r"\$", count=1) == "a$ab"
    for wrong in ("$x", "\\", "$9"):
        with pytest.raises(ExpressionError):
            Expression("b").replace("abab", wrong)


@pytest.mark.parametrize(
    ("pattern", "text", "limit", "pieces"),
    [
        (",", "a,b,,", 0, ["a", "b"]),
        (",", ",a", 0, ["", "a"]),
        (",", "a,b,c", 2, ["a", "b,c"]),
        (",", "a,b,,", -1, ["a", "b", "", ""]),
        ("", "abc", 0, ["a", "b", "c"]),
        (",", "", 0, [""]),
    ],
)
def test_split(pattern: str, text: str, limit: int, pieces: list[str]) -> None:
    assert Expression(pattern).split(text, limit) == pieces


def test_an_expression_that_explodes_ends() -> None:
    with pytest.raises(ExpressionTimeout):
        Expression(r"(a|aa)+$").fills("a" * 60 + "!")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.5, "1.5"),
        (100.0, "100.0"),
        (1e7, "1.0E7"),
        (0.001, "0.001"),
        (1e-5, "1.0E-5"),
        (1.25e22, "1.25E22"),
    ],
)
def test_doubles_as_java_prints_them(number: float, text: str) -> None:
    assert double_text(number) == text


def test_maps_print_as_java_maps_and_lists_as_json() -> None:
    assert text_of({"a": [{"b": "c/d"}], "n": None, "t": True}) == '{a=[{"b":"c\\/d"}], n=null, t=true}'
