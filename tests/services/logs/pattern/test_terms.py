from __future__ import annotations

import pytest

from fogbank.services.logs.pattern import PatternError, parse_pattern


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("", ["", "anything"], []),
        ("ERROR", ["[ERROR 400] BAD REQUEST"], ["error", "WARN"]),
        ("ERROR ARGUMENTS", ["ARGUMENTS before ERROR"], ["ERROR only"]),
        ("?ERROR ?ARGUMENTS", ["ERROR", "ARGUMENTS"], ["none"]),
        ("ERROR -ARGUMENTS", ["ERROR"], ["ERROR ARGUMENTS"]),
        ('"INTERNAL SERVER ERROR"', ["[500] INTERNAL SERVER ERROR"], ["INTERNAL ERROR"]),
        ('-"a b"', ["a  b"], ["x a b y"]),
        ('"say \\"hi\\""', ['they say "hi"'], ["say hi"]),
        ("?ERROR INFO", ["INFO"], ["ERROR"]),  # optional terms beside others count for nothing
        ("%AUTHORIZED%", ["UNAUTHORIZED REQUEST"], ["AUTHOR"]),
        ("%\\d{3}$% ERROR", ["ERROR 404"], ["ERROR 404 x", "404"]),
    ],
)
def test_terms(pattern: str, matching: list[str], other: list[str]) -> None:
    compiled = parse_pattern(pattern)
    assert [message for message in matching + other if compiled.matches(message)] == matching
    assert compiled.extract("ERROR") == {}


@pytest.mark.parametrize("pattern", ["a:b", "“x”", '"open', "%open", "a -", "?", "%(group)%", "%a!%", "x*"])
def test_what_is_not_well_formed(pattern: str) -> None:
    with pytest.raises(PatternError):
        parse_pattern(pattern)
