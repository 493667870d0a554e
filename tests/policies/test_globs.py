"""Wild cards and variables, also against a definition that is too plain to be wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.policies.globs import compile_glob
from fogbank.policies.templates import arn_matches, glob_matches, text_matches

CONTEXT = {"aws:username": ["bob"], "aws:principaltag/team": ["a*"], "aws:tagkeys": ["x", "y"]}


def plain(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(plain(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and plain(pattern[1:], text[1:])


@given(st.text(alphabet="ab*?\n", max_size=8), st.text(alphabet="ab\n", max_size=8))
def test_globs_against_a_plain_definition(pattern: str, text: str) -> None:
    assert compile_glob(pattern)(text) is plain(pattern, text)


def test_no_pattern_takes_long() -> None:
    pattern = "a*" * 2000 + "b"
    assert compile_glob(pattern)("a" * 50_000) is False
    assert compile_glob("?*" * 500 + "b")("a" * 5000) is False


@pytest.mark.parametrize(
    ("text", "value", "matches"),
    [
        ("home/${aws:username}/*", "home/bob/x", True),
        ("home/${AWS:UserName}", "home/bob", True),
        ("home/${aws:username}/*", "home/eve/x", False),
        ("home/${aws:missing}/*", "home//x", False),
        ("home/${aws:missing, 'all'}/*", "home/all/x", True),
        ("home/${aws:username, 'all'}/*", "home/bob/x", True),
        ("home/${aws:tagkeys}", "home/x", False),  # several values
        ("${aws:PrincipalTag/team}", "a*", True),
        ("${aws:PrincipalTag/team}", "abc", False),  # a value's star is no wild card
        ("a${*}b", "a*b", True),
        ("a${*}b", "axb", False),
        ("a${?}${$}", "a?$", True),
        ("${}", "", False),
    ],
)
def test_variables(text: str, value: str, matches: bool) -> None:
    assert glob_matches(text, variables=True)(value, CONTEXT) is matches


def test_before_variables_came_their_form_was_text() -> None:
    assert glob_matches("${aws:username}", variables=False)("${aws:username}", CONTEXT)
    assert text_matches("${aws:username}", variables=True)("bob", CONTEXT)
    assert text_matches("${aws:username}-X", variables=True, fold=True)("BOB-x", CONTEXT)
    assert not text_matches("b*", variables=True)("bob", CONTEXT)


def test_a_variables_colon_divides_no_arn() -> None:
    test = arn_matches("arn:aws:iam::1:user/${aws:username}", variables=True)
    assert test("arn:aws:iam::1:user/bob", CONTEXT)
    assert not test("arn:aws:iam::1:user/eve", CONTEXT)
    assert not arn_matches("arn:aws:*", variables=True)("arn:aws:iam::1:user/bob", CONTEXT)
