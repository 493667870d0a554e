"""JSON patterns: `{ ($.status >= 500 && $.path = "/api/*") || $.errors[0].code = %E\\d+% || $.user IS NULL }`.

A message that is no JSON object or array never matches. A comparison is false for a message without the field.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from fogbank.services.logs.pattern.base import Pattern, PatternError
from fogbank.services.logs.pattern.values import COMPARISON, Scanner, Value, compare_numbers, read_value

_STEP = re.compile(r"""\.?\[\s*(\d+|\*|'[^']*'|"[^"]*")\s*\]|\.\s*([^\s.\[\]=!<>&|(){}]+)""")
_WORD = re.compile(r'[^\s&|(){}"%=<>!]+')
_STATE = re.compile(r"(IS\s+(TRUE|FALSE|NULL)|NOT\s+EXISTS|EXISTS)\b", re.IGNORECASE)
DEPTH_MAX = 50  # parentheses within parentheses

Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Selector:
    """A path into a document. A step is a name, an index, or None for every member."""

    text: str
    steps: tuple[str | int | None, ...]

    def select(self, document: Any) -> list[Any]:
        """What the path leads to: no value, one, or several behind a wildcard."""
        values = [document]
        for step in self.steps:
            values = [found for value in values for found in _members(value, step)]
            if not values:
                break
        return values


def _members(value: Any, step: str | int | None) -> list[Any]:
    match step, value:
        case None, dict():
            return list(value.values())
        case None, list():
            return value
        case str(), dict():
            return [value[step]] if step in value else []
        case int(), list():
            return [value[step]] if step < len(value) else []
        case _:
            return []


class _Parser:
    def __init__(self, text: str) -> None:
        self.scanner = Scanner(text)
        self.selectors: dict[str, Selector] = {}
        self.regexes = 0
        self.depth = 0

    def parse(self) -> Test:
        self.scanner.expect("{")
        test = self.either()
        self.scanner.expect("}")
        if not self.scanner.ended():
            raise PatternError("Invalid filter pattern")
        return test

    def either(self) -> Test:
        tests = [self.all()]
        while self.scanner.take("||"):
            tests.append(self.all())
        return tests[0] if len(tests) == 1 else lambda document: any(test(document) for test in tests)

    def all(self) -> Test:
        tests = [self.condition()]
        while self.scanner.take("&&"):
            tests.append(self.condition())
        return tests[0] if len(tests) == 1 else lambda document: all(test(document) for test in tests)

    def condition(self) -> Test:
        if self.scanner.take("("):
            self.depth += 1
            if self.depth > DEPTH_MAX:
                raise PatternError("Invalid filter pattern")
            inner = self.either()
            self.scanner.expect(")")
            self.depth -= 1
            return inner
        selector = self.selector()
        if state := self.scanner.find(_STATE):
            return _has_state(selector, " ".join(state.upper().split()))
        operator = self.scanner.find(COMPARISON)
        if operator is None:
            raise PatternError("Invalid filter pattern")
        value = read_value(self.scanner, _WORD)
        self.regexes += value.is_regex
        return _comparison(selector, operator, value)

    def selector(self) -> Selector:
        self.scanner.expect("$")
        start = self.scanner.at
        steps: list[str | int | None] = []
        while found := _STEP.match(self.scanner.text, self.scanner.at):
            self.scanner.at = found.end()
            steps.append(_step(found))
        if not steps:
            raise PatternError("Invalid filter pattern")
        selector = Selector("$" + self.scanner.text[start : self.scanner.at], tuple(steps))
        self.selectors[selector.text] = selector
        return selector


def _step(found: re.Match[str]) -> str | int | None:
    bracket, name = found[1], found[2]
    if name is not None:
        return None if name == "*" else str(name)
    if bracket == "*":
        return None
    return int(bracket) if bracket.isdigit() else str(bracket[1:-1])


def parse_selector(text: str) -> Selector:
    """A selector alone, as metric values and dimensions name it. Raises PatternError."""
    parser = _Parser(text)
    selector = parser.selector()
    if not parser.scanner.ended():
        raise PatternError("Invalid filter pattern")
    return selector


def parse_selectors(text: str) -> Pattern:
    """Compile a JSON pattern. Raises PatternError."""
    parser = _Parser(text)
    test = parser.parse()
    selectors = list(parser.selectors.values())

    def matches(message: str) -> bool:
        document = document_of(message)
        return document is not None and test(document)

    def extract(message: str) -> dict[str, str]:
        document = document_of(message)
        found = ((selector.text, selector.select(document)) for selector in selectors)
        return {text: text_of(values[0]) for text, values in found if values}

    return Pattern(matches, extract, frozenset(parser.selectors), has_fields=True, regexes=parser.regexes)


def document_of(message: str) -> Any:
    """The JSON object or array that a message is; None when it is none."""
    if message.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return orjson.loads(message)
    except orjson.JSONDecodeError:
        return None


def text_of(value: Any) -> str:
    """A JSON value as text: strings bare, the rest as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _has_state(selector: Selector, state: str) -> Test:
    match state:
        case "NOT EXISTS":
            return lambda document: not selector.select(document)
        case "EXISTS":
            return lambda document: bool(selector.select(document))
        case "IS NULL":
            return lambda document: any(value is None for value in selector.select(document))
        case "IS TRUE":
            return lambda document: any(value is True for value in selector.select(document))
        case _:
            return lambda document: any(value is False for value in selector.select(document))


def _comparison(selector: Selector, operator: str, value: Value) -> Test:
    if operator not in ("=", "!=") and value.number is None:
        raise PatternError("Invalid filter pattern")
    return lambda document: any(_compare(operator, found, value) for found in selector.select(document))


def _compare(operator: str, found: Any, value: Value) -> bool:
    if isinstance(found, (dict, list)) or found is None:
        return False
    if value.number is not None and isinstance(found, (int, float)) and not isinstance(found, bool):
        return compare_numbers(operator, float(found), value.number)
    if operator not in ("=", "!="):
        return False
    return value.matches(text_of(found)) == (operator == "=")
