"""Where in a policy's text its statements stand, as the policy simulator shows it. Pure.

A position is a line and a column, from 1. A statement begins behind the bracket or comma before it and ends behind its closing brace, as in
AWS's recorded answers.
"""

from __future__ import annotations

import json
import re
from typing import Any

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()

Position = dict[str, int]


def positions_of(text: str) -> list[tuple[Position, Position]]:
    """Start and end of each statement of a valid document."""
    return [(_position(text, start), _position(text, end)) for start, end in _spans(text)]


def _spans(text: str) -> list[tuple[int, int]]:
    at = _behind_statement_key(text)
    first = _skip(text, at)
    if text[first] != "[":
        return [(at, _value(text, first)[1])]
    spans = []
    start = first + 1
    while text[_skip(text, start)] != "]":
        end = _value(text, _skip(text, start))[1]
        spans.append((start, end))
        behind = _skip(text, end)
        start = behind + 1 if text[behind] == "," else behind
    return spans


def _behind_statement_key(text: str) -> int:
    """Behind the colon of the document's `Statement`."""
    at = _skip(text, _skip(text, 0) + 1)
    while True:
        key, end = _value(text, at)
        behind = _skip(text, end) + 1
        if key == "Statement":
            return behind
        _, end = _value(text, _skip(text, behind))
        at = _skip(text, _skip(text, end) + 1)


def _value(text: str, at: int) -> tuple[Any, int]:
    found: tuple[Any, int] = _DECODER.raw_decode(text, at)
    return found


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None  # it matches nothing at the least
    return found.end()


def _position(text: str, at: int) -> Position:
    line = text.count("\n", 0, at)
    return {"Line": line + 1, "Column": at - text.rfind("\n", 0, at)}
