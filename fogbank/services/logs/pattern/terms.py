"""Plain term patterns: `ERROR "exact phrase" -excluded ?either ?or %regex%`.

A message matches when it contains every required term and none of the excluded ones. Optional terms (`?`) count only when
there are no others: then one of them must be there.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fogbank.services.logs.pattern.base import Pattern, PatternError, extract_nothing, match_all
from fogbank.services.logs.pattern.values import Scanner

_WORD = re.compile(r"\S+")
_PLAIN = re.compile(r"\w+$")

Test = Callable[[str], bool]


def parse_terms(text: str) -> Pattern:
    """Compile a term pattern. Raises PatternError."""
    scanner = Scanner(text)
    required: list[Test] = []
    excluded: list[Test] = []
    optional: list[Test] = []
    regexes = 0
    while not scanner.ended():
        kind = required
        if scanner.peek() in "-?":
            kind = excluded if scanner.peek() == "-" else optional
            scanner.at += 1
        regexes += scanner.peek() == "%"
        kind.append(_term(scanner))
    return Pattern(_decide(required, excluded, optional), extract_nothing, regexes=regexes)


def _term(scanner: Scanner) -> Test:
    if scanner.peek() == '"':
        phrase = scanner.quoted()
        return lambda message: phrase in message
    if scanner.peek() == "%":
        return scanner.regex()
    if not scanner.peek() or scanner.peek().isspace():
        raise PatternError("Invalid filter pattern")
    word = scanner.find(_WORD) or ""
    if not _PLAIN.match(word):
        raise PatternError(f"Invalid character(s) in term '{word}'")
    return lambda message: word in message


def _decide(required: list[Test], excluded: list[Test], optional: list[Test]) -> Test:
    if not required and not excluded:
        if not optional:
            return match_all
        return lambda message: any(test(message) for test in optional)
    if len(required) == 1 and not excluded:
        return required[0]
    return lambda message: (
        all(test(message) for test in required) and not any(test(message) for test in excluded)
    )
