"""Regular expressions: both ways of matching find the same, and as JavaScript would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.asl import jsonata
from fogbank.asl.jsonata_patterns.native import native
from fogbank.asl.jsonata_patterns.program import Program
from fogbank.asl.jsonata_patterns.syntax import PatternError, PatternSyntax
from fogbank.asl.jsonata_runtime.patterns import Match, Pattern, compile_pattern
from fogbank.asl.jsonata_runtime.run import Run
from fogbank.asl.jsonata_runtime.values import UNDEFINED
from fogbank.core.ids import Ids


def _run() -> Run:
    return Run(jsonata.Budget(Ids(1), 0))


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "start", "match", "groups"),
    [
        ("a(b)?c", "", "xxabcac", 2, "abc", ["b"]),
        ("a(b)?c", "", "xac", 1, "ac", [UNDEFINED]),
        (r"^(\w+)\s(\1)$", "", "hey hey", 0, "hey hey", ["hey", "hey"]),
        (r"(?<year>\d{4})-\k<year>", "", "1999-1999", 0, "1999-1999", ["1999"]),
        ("(?<=x)y+", "", "yxyy", 2, "yy", []),
        ("(?<!x)y", "", "xyy", 2, "y", []),
        ("a(?!b)", "", "abac", 2, "a", []),
        ("(z)((a+)?(b+)?(c))*", "", "zaacbbbcac", 0, "zaacbbbcac", ["z", "ac", "a", UNDEFINED, "c"]),
        ("^b", "m", "a\nb", 2, "b", []),
        ("a$", "m", "a\nb", 0, "a", []),
        ("É", "i", "é", 0, "é", []),
        (r"\bcat\b", "", "concat cat", 7, "cat", []),
        (r"\Bat", "", "at cat", 4, "at", []),
        (r"[\w.-]+@[a-z]+\.(?:com|org)", "i", "<A.B@ex.ORG>", 1, "A.B@ex.ORG", []),
        (r"\x41\u0042[^]", "", "AB\n", 0, "AB\n", []),
        ("a{2,3}?", "", "aaaa", 0, "aa", []),
        ("a{,2}", "", "a{,2}", 0, "a{,2}", []),
        (r"[\d-x]+", "", "1-x", 0, "1-x", []),
        (r"\/", "", "a/b", 1, "/", []),
    ],
)
def test_matches(pattern: str, flags: str, text: str, start: int, match: str, groups: list[object]) -> None:
    found = compile_pattern(pattern, flags, 0).find(text, 0, _run())
    assert found == Match(match, start, start + len(match), groups)


@pytest.mark.parametrize(
    "pattern", ["(", ")", "[a", "a**", "*", "(?<n", "[b-a]", "a{3,2}", "(?<=a)*", "a{99999}", "\\"]
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(jsonata.JsonataSyntaxError) as raised:
        compile_pattern(pattern, "", 4)
    assert (raised.value.code, raised.value.position) == ("S0303", 4)


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(a|a)*", "(?:a?){30}b", "(a*)*", "(?:a*a)*", r"(\w+\s?)+x", "(a)\\1"]
)
def test_what_may_explode_is_never_given_to_re(pattern: str) -> None:
    syntax = PatternSyntax(pattern)
    assert native(syntax.parse(), ignore_case=False, multiline=False) is None


_atoms = st.sampled_from(
    ["a", "b", ".", "[ab]", "[^a]", r"\w", r"\d", r"\b", "^", "$", "(?=b)", "(?!a)", "é"]
)
_simple = st.builds(lambda atom, count: atom + count if atom not in ("^", "$", r"\b") else atom, _atoms,
                    st.sampled_from(["", "", "*", "+", "?", "{1,2}", "*?", "{2}"]))  # fmt: skip
_patterns = st.lists(st.one_of(_simple, st.builds("({})".format, _simple), st.builds("(?:{}|{})".format, _simple, _simple)),
                     min_size=1, max_size=5).map("".join)  # fmt: skip


@given(_patterns, st.text("abé1\n A", max_size=12), st.booleans(), st.booleans())
def test_the_machine_and_re_agree(pattern: str, text: str, ignore_case: bool, multiline: bool) -> None:
    syntax = PatternSyntax(pattern)
    try:
        part = syntax.parse()
    except PatternError:
        return
    quick = native(part, ignore_case=ignore_case, multiline=multiline)
    if quick is None:
        return
    program = Program(part, 2 * (syntax.groups + 1), ignore_case=ignore_case, multiline=multiline)
    outcomes: list[Match | str | None] = []
    for way in (Pattern(program, quick, syntax.groups), Pattern(program, None, syntax.groups)):
        try:
            outcomes.append(way.find(text, 0, _run()))
        except jsonata.JsonataError as error:
            outcomes.append(error.code)
    assert outcomes[0] == outcomes[1]
