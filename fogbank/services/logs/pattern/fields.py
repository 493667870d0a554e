"""Space-delimited patterns: `[ip, user, ..., status = 4* && status != 404, bytes > 1000]`.

A message is cut at spaces; what stands in double quotes or square brackets is one field. Every field of the message must have
its place in the pattern; `...` takes any number of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from fogbank.services.logs.pattern.base import Pattern, PatternError
from fogbank.services.logs.pattern.values import (
    COMPARISON,
    NUMBER,
    Scanner,
    Value,
    compare_numbers,
    read_value,
)

_NAME = re.compile(r"[A-Za-z_][\w\-]*")
_OPENING = re.compile(r"[\s(]+")
_WORD = re.compile(r'[^\s,\]&|"%=<>!()]+')
_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|\[([^\]]*)\]|(\S+))')

Test = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    test: Test | None


def parse_fields(text: str) -> Pattern:
    """Compile a space-delimited pattern. Raises PatternError."""
    scanner = Scanner(text)
    scanner.expect("[")
    fields: list[_Field | None] = []  # None: the ellipsis
    regexes: list[Value] = []
    while not scanner.take("]"):
        if fields:
            scanner.expect(",")
        fields.append(None if scanner.take("...") else _field(scanner, regexes))
    if not scanner.ended() or fields.count(None) > 1 or not fields:
        raise PatternError("Invalid filter pattern")
    ellipsis = fields.index(None) if None in fields else None
    before = [field for field in fields[:ellipsis] if field]
    behind = [field for field in fields[ellipsis + 1 :] if field] if ellipsis is not None else []
    layout = _Layout(before, behind, ellipsis is not None)
    names = frozenset(f"${field.name}" for field in (*before, *behind) if field.name)
    return Pattern(layout.matches, layout.extract, names, has_fields=True, regexes=len(regexes))


@dataclass(frozen=True, slots=True)
class _Layout:
    before: list[_Field]
    behind: list[_Field]
    open: bool  # an ellipsis stands between the two

    def _fits(self, tokens: list[str]) -> bool:
        named = len(self.before) + len(self.behind)
        return len(tokens) >= named if self.open else len(tokens) == named

    def matches(self, message: str) -> bool:
        tokens = tokens_of(message)
        if not self._fits(tokens):
            return False
        start = len(tokens) - len(self.behind)
        return all(
            field.test is None or field.test(token)
            for fields, part in ((self.before, tokens), (self.behind, tokens[start:]))
            for field, token in zip(fields, part, strict=False)
        )

    def extract(self, message: str) -> dict[str, str]:
        tokens = tokens_of(message)
        start = len(tokens) - len(self.behind)
        found: dict[str, str] = {}
        for at, token in enumerate(tokens):
            name = ""
            if at < len(self.before):
                name = self.before[at].name
            elif at >= start:
                name = self.behind[at - start].name
            found[f"${name or at + 1}"] = token
        return found


def tokens_of(message: str) -> list[str]:
    """The fields of a message."""
    return [found[found.lastindex or 3] for found in _TOKEN.finditer(message)]


def _field(scanner: Scanner, regexes: list[Value]) -> _Field:
    scanner.skip_space()
    start = scanner.at
    scanner.find(_OPENING)  # the conditions on a field may stand in parentheses
    name = scanner.find(_NAME) or ""
    if not name and not COMPARISON.match(scanner.peek(2)):
        raise PatternError("Invalid filter pattern")
    scanner.skip_space()
    if scanner.peek() in ",]":
        return _Field(name, None)
    scanner.at = start
    return _Field(name, _either(scanner, name, regexes))


def _either(scanner: Scanner, name: str, regexes: list[Value]) -> Test:
    tests = [_all(scanner, name, regexes)]
    while scanner.take("||"):
        tests.append(_all(scanner, name, regexes))
    return tests[0] if len(tests) == 1 else lambda token: any(test(token) for test in tests)


def _all(scanner: Scanner, name: str, regexes: list[Value]) -> Test:
    tests = [_condition(scanner, name, regexes)]
    while scanner.take("&&"):
        tests.append(_condition(scanner, name, regexes))
    return tests[0] if len(tests) == 1 else lambda token: all(test(token) for test in tests)


def _condition(scanner: Scanner, name: str, regexes: list[Value]) -> Test:
    if scanner.take("("):
        inner = _either(scanner, name, regexes)
        scanner.expect(")")
        return inner
    if (scanner.find(_NAME) or "") != name:
        raise PatternError("Invalid filter pattern")
    operator = scanner.find(COMPARISON)
    if operator is None:
        raise PatternError("Invalid filter pattern")
    value = read_value(scanner, _WORD)
    if value.is_regex:
        regexes.append(value)
    return _compare(operator, value)


def _compare(operator: str, value: Value) -> Test:
    number = value.number
    if operator in ("<", "<=", ">", ">=") and number is None:
        raise PatternError("Invalid filter pattern")
    if number is not None:
        return lambda token: (
            compare_numbers(operator, float(token), number) if NUMBER.match(token) else operator == "!="
        )
    if operator == "=":
        return value.matches
    return lambda token: not value.matches(token)
