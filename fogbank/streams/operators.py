"""The operators of filter patterns. Each gives a test of one value. Pure; raises PatternError."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any

Test = Callable[[Any], bool]
NUMBER_MAX = 5.0e9  # what a pattern may compare with, as AWS bounds it


class PatternError(ValueError):
    """The pattern is none."""


def equal_to(value: Any) -> Test:
    """Exactly that value: a number is not its text, true is not 1."""
    if isinstance(value, bool) or value is None:
        return lambda found: found is value
    if isinstance(value, int | float):
        return lambda found: _is_number(found) and found == value
    return lambda found: isinstance(found, str) and found == value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(argument: Any, operator: str) -> str:
    if not isinstance(argument, str):
        raise PatternError(f"{operator} needs a text")
    return argument


def _exactly(argument: Any) -> Test:
    return equal_to(_text(argument, "exactly"))


def _prefix(argument: Any) -> Test:
    if isinstance(argument, dict):
        start = _folded(argument, "prefix")
        return lambda found: isinstance(found, str) and found.casefold().startswith(start)
    text = _text(argument, "prefix")
    return lambda found: isinstance(found, str) and found.startswith(text)


def _suffix(argument: Any) -> Test:
    if isinstance(argument, dict):
        end = _folded(argument, "suffix")
        return lambda found: isinstance(found, str) and found.casefold().endswith(end)
    text = _text(argument, "suffix")
    return lambda found: isinstance(found, str) and found.endswith(text)


def _folded(argument: dict[str, Any], operator: str) -> str:
    if argument.keys() != {"equals-ignore-case"}:
        raise PatternError(f"{operator} takes a text or equals-ignore-case")
    return _text(argument["equals-ignore-case"], operator).casefold()


def _equals_ignore_case(argument: Any) -> Test:
    text = _text(argument, "equals-ignore-case").casefold()
    return lambda found: isinstance(found, str) and found.casefold() == text


def _wildcard(argument: Any) -> Test:
    text = _text(argument, "wildcard")
    if problem := wildcard_problem(text):
        raise PatternError(problem)
    pieces, current = [], ""
    for part in re.split(r"(\\.|\*)", text):
        if part == "*":
            pieces.append(current)
            current = ""
        else:
            current += part[1:] if part[:1] == "\\" else part
    pieces.append(current)
    return lambda found: isinstance(found, str) and _fits(found, pieces)


def wildcard_problem(text: str) -> str | None:
    """What AWS's rule engine says of a wildcard that is none. It counts the bytes of the value with its quotes."""
    quoted = f'"{text}"'.encode("utf-8", "surrogatepass")
    at = 0
    while at < len(quoted):
        pair = quoted[at : at + 2]
        if pair == b"**":
            return f"Consecutive wildcard characters at pos {at}"
        if pair[:1] == b"\\":
            if pair not in (b"\\*", b"\\\\"):
                return f"Invalid escape character at pos {at}"
            at += 1
        at += 1
    return None


def _fits(text: str, pieces: list[str]) -> bool:
    """`pieces` stand in that order in `text`, the first at its start, the last at its end: linear, without backtracking."""
    if len(pieces) == 1:
        return text == pieces[0]
    first, *middle, last = pieces
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _anything_but(argument: Any) -> Test:
    if isinstance(argument, dict):
        if len(argument) != 1:
            raise PatternError("anything-but takes one operator")
        ((operator, inner),) = argument.items()
        if operator not in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
            raise PatternError(f"anything-but does not take {operator}")
        inner = inner if isinstance(inner, list) else [inner]
        if operator in ("prefix", "suffix") and "" in inner:
            raise PatternError(f"anything-but takes no empty {operator}")
        tests = [OPERATORS[operator](each) for each in inner]
    else:
        values = argument if isinstance(argument, list) else [argument]
        if not values or any(isinstance(value, dict | list | bool) or value is None for value in values):
            raise PatternError("anything-but takes texts or numbers")
        tests = [equal_to(value) for value in values]
    return lambda found: not any(test(found) for test in tests)


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
}


def _numeric(argument: Any) -> Test:
    if not isinstance(argument, list) or len(argument) not in (2, 4):
        raise PatternError("numeric takes one comparison or two")
    comparisons = []
    for sign, bound in zip(argument[::2], argument[1::2], strict=True):
        if sign not in _COMPARE or not _is_number(bound) or abs(bound) > NUMBER_MAX:
            raise PatternError("numeric takes <, <=, =, >=, > and numbers up to 5.0e9")
        comparisons.append((_COMPARE[sign], bound))
    if len(argument) == 4 and (argument[0] not in (">", ">=") or argument[2] not in ("<", "<=")):
        raise PatternError("a numeric range is > or >=, then < or <=")
    if len(argument) == 4 and argument[1] >= argument[3]:
        raise PatternError("a numeric range begins below its end")
    return lambda found: _is_number(found) and all(compare(found, bound) for compare, bound in comparisons)


def _cidr(argument: Any) -> Test:
    """From the address that is given, not from its network's first, to the network's last: as AWS's engine has it."""
    try:
        first = ipaddress.ip_interface(_text(argument, "cidr"))
    except ValueError:
        raise PatternError("cidr takes a network") from None
    low, high = int(first.ip), int(first.network.broadcast_address)

    def test(found: Any) -> bool:
        try:
            address = ipaddress.ip_address(found) if isinstance(found, str) else None
        except ValueError:
            return False
        return address is not None and address.version == first.version and low <= int(address) <= high

    return test


OPERATORS: dict[str, Callable[[Any], Test]] = {
    "exactly": _exactly,
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
}
