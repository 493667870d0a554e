"""The linear automaton decides as Python's engine does."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.services.logs.pattern.automaton import compile_any, compile_regex
from fogbank.services.logs.pattern.base import PatternError

atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\d", "\\w", "[a-b0-1]", "\\.", "0"])
pieces = st.builds("{}{}".format, atoms, st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,}", "{0,2}"]))
branch = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "^"]),
    st.lists(pieces, min_size=1, max_size=4).map("".join),
    st.sampled_from(["", "$"]),
)
expressions = st.lists(branch, min_size=1, max_size=3).map("|".join)


@given(expressions, st.text(alphabet="ab01.\n-", max_size=12))
def test_it_finds_what_python_finds(expression: str, text: str) -> None:
    python = expression.replace("$", r"\Z")
    assert compile_any(expression)(text) == bool(re.search(python, text, re.ASCII))


@pytest.mark.parametrize(
    "expression", ["a{2000}{2}", "[a", "a**", "+a", "a{3,1}", "\\", "\\x4", "(a)", "a{1,9999}", "[b-a]"]
)
def test_what_is_refused(expression: str) -> None:
    with pytest.raises(PatternError):
        compile_any(expression)


def test_characters_that_filter_patterns_do_not_take() -> None:
    with pytest.raises(PatternError, match="Invalid character"):
        compile_regex("a!")


def test_hexadecimal_characters_and_case() -> None:
    assert compile_regex("\\x28b\\x29")("a (b) c")
    assert compile_any("err[o]r", ignore_case=True)("an ERROR")


def test_states_stay_few_where_backtracking_explodes() -> None:
    search = compile_regex("a*a*a*a*a*a*b")
    assert not search("a" * 100_000)
    assert search("a" * 100_000 + "b")
