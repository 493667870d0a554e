"""Filter patterns, compiled to closures: an object of conditions that all hold; a list of which one does. Pure.

A leaf is a non-empty list of values and operators. A value that is an array matches by any of its elements, also those of arrays
within it. What is absent matches nothing but `{"exists": false}`, and so do an object where a leaf is asked for, and an array that
holds no value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson

from fogbank.streams.operators import OPERATORS, PatternError, Test, equal_to

Match = Callable[[Any], bool]
DEPTH_MAX = 32
_ABSENT = object()

__all__ = ["PatternError", "compile_filters", "compile_pattern", "parse_pattern"]


def parse_pattern(text: str) -> Match:
    """The matcher of a pattern in JSON. Raises PatternError."""
    try:
        pattern = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise PatternError(f"not JSON: {error}") from None
    return compile_pattern(pattern)


def compile_filters(patterns: Sequence[str]) -> Match | None:
    """A matcher of what any of the patterns matches; None when there are none. Raises PatternError."""
    matches = [parse_pattern(pattern) for pattern in patterns]
    if not matches:
        return None
    return matches[0] if len(matches) == 1 else _any(matches)


def compile_pattern(pattern: Any, depth: int = 0) -> Match:
    """The matcher of one object of conditions. Raises PatternError."""
    if not isinstance(pattern, dict):
        raise PatternError("a pattern is an object")
    if not pattern:
        raise PatternError("empty objects are not allowed")
    if depth > DEPTH_MAX:
        raise PatternError(f"nested deeper than {DEPTH_MAX} levels")
    fields: list[tuple[str, Match]] = []
    alternatives: list[Match] = []
    for name, condition in pattern.items():
        if name == "$or":
            if not isinstance(condition, list) or len(condition) < 2:
                raise PatternError("$or needs two alternatives")
            alternatives.append(_any([compile_pattern(each, depth + 1) for each in condition]))
        elif isinstance(condition, dict):
            fields.append((name, _object(compile_pattern(condition, depth + 1))))
        elif isinstance(condition, list):
            fields.append((name, _leaf(name, condition)))
        else:
            raise PatternError(f"{name}: must be an object or an array")

    def match(event: Any) -> bool:
        if not isinstance(event, dict):
            event = {}
        for name, test in fields:
            if not test(event.get(name, _ABSENT)):
                return False
        return all(test(event) for test in alternatives)

    return match


def _any(matches: list[Match]) -> Match:
    return lambda event: any(match(event) for match in matches)


def _object(match: Match) -> Match:
    """Conditions on what is below; on each element where that is an array."""

    def test(value: Any) -> bool:
        if isinstance(value, list):
            return any(test(element) for element in value)
        return match(value)

    return test


def _leaf(name: str, conditions: list[Any]) -> Match:
    if not conditions:
        raise PatternError(f"{name}: empty arrays are not allowed")
    tests: list[Test] = []
    exists: bool | None = None
    for condition in conditions:
        if isinstance(condition, dict):
            if len(condition) != 1:
                raise PatternError(f"{name}: an operator has one key")
            ((operator, argument),) = condition.items()
            if operator == "exists":
                if not isinstance(argument, bool):
                    raise PatternError(f"{name}: exists must be true or false")
                exists = argument
                continue
            if operator not in OPERATORS:
                raise PatternError(f"{name}: unrecognised operator {operator}")
            tests.append(OPERATORS[operator](argument))
        elif isinstance(condition, list):
            raise PatternError(f"{name}: nested arrays are not allowed")
        else:
            tests.append(equal_to(condition))

    def match(value: Any) -> bool:
        if isinstance(value, list):
            values = list(_values(value))
            if not values:
                return exists is False
            return exists is True or any(test(each) for each in values for test in tests)
        if value is _ABSENT or isinstance(value, dict):
            return exists is False
        return exists is True or any(test(value) for test in tests)

    return match


def _values(elements: list[Any]) -> Iterator[Any]:
    """What arrays hold that is neither array nor object."""
    for element in elements:
        if isinstance(element, list):
            yield from _values(element)
        elif not isinstance(element, dict):
            yield element
