"""Text to the steps of a JsonPath."""

from __future__ import annotations

import re
from typing import Any

from fogbank.java.jsonpath_filters import parse_filter
from fogbank.java.jsonpath_functions import FUNCTIONS
from fogbank.java.jsonpath_nodes import (
    Deep,
    Filter,
    Function,
    Index,
    Indexes,
    Name,
    Names,
    PathError,
    Slice,
    Step,
    Wild,
)

PATH_CHARS_MAX = 4096
STEPS_MAX = 128  # ours: steps nest when a path is evaluated
_NAME = re.compile(r"[^\s.\[\]()'\"?@,*]+")
_INTEGERS = re.compile(r"\s*-?\d+\s*(?:,\s*-?\d+\s*)*")
_SLICE = re.compile(r"\s*(-?\d*)\s*:\s*(-?\d*)\s*")


def parse_path(text: str, root: str = "$") -> list[Step]:
    """The steps after the root. Raises PathError."""
    text = text.strip()
    if len(text) > PATH_CHARS_MAX:
        raise PathError("the path is too long")
    if not text.startswith(root):
        # As Jayway: a path that does not begin at the root is one below it.
        if root != "$" or not text:
            raise PathError(f"{text!r} is no path")
        text = f"$.{text}"
    return _Parser(text, len(root)).steps()


class _Parser:
    def __init__(self, text: str, at: int) -> None:
        self.text, self.at = text, at

    def steps(self) -> list[Step]:
        found: list[Step] = []
        while self.at < len(self.text):
            if len(found) >= STEPS_MAX:
                raise PathError("the path has too many steps")
            if found and isinstance(found[-1], Function):
                raise PathError(f"{self.text}: nothing may follow a function")
            if self.text.startswith("..", self.at):
                self.at += 2
                inner = self._bracket() if self._peek() == "[" else self._dotted()
                if isinstance(inner, Function):
                    raise PathError(f"{self.text}: a function cannot follow '..'")
                found.append(Deep(inner))
            elif self._peek() == ".":
                self.at += 1
                found.append(self._bracket() if self._peek() == "[" else self._dotted())
            elif self._peek() == "[":
                found.append(self._bracket())
            elif self._peek().isspace():
                self.at += 1
            else:
                raise PathError(f"{self.text}: unexpected {self._peek()!r} at {self.at}")
        return found

    def _peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def _dotted(self) -> Step:
        if self._peek() == "*":
            self.at += 1
            return Wild()
        match = _NAME.match(self.text, self.at)
        if match is None:
            raise PathError(f"{self.text}: a path must not end with '.' or '..'")
        self.at = match.end()
        if self._peek() == "(":
            return self._function(match[0])
        return Name(match[0])

    def _function(self, name: str) -> Step:
        end = closing(self.text, self.at)
        inside = self.text[self.at + 1 : end].strip()
        self.at = end + 1
        apply = FUNCTIONS.get(name)
        if apply is None:
            raise PathError(f"Function with name: {name} does not exist.")
        arguments = [_argument(part) for part in _split(inside)] if inside else []

        def run(value: Any, document: Any) -> Any:
            return apply(value, [a(document) if callable(a) else a for a in arguments])

        return Function(run)

    def _bracket(self) -> Step:
        end = closing(self.text, self.at)
        inside = self.text[self.at + 1 : end].strip()
        self.at = end + 1
        if inside == "*":
            return Wild()
        if inside.startswith("?"):
            return Filter(parse_filter(inside[1:].strip()))
        if inside[:1] in ("'", '"'):
            names = tuple(_unquoted(part) for part in _split(inside))
            return Name(names[0]) if len(names) == 1 else Names(names)
        if match := _SLICE.fullmatch(inside):
            return Slice(int(match[1]) if match[1] else None, int(match[2]) if match[2] else None)
        if _INTEGERS.fullmatch(inside):
            indexes = tuple(int(part) for part in inside.split(","))
            return Index(indexes[0]) if len(indexes) == 1 else Indexes(indexes)
        raise PathError(f"{self.text}: could not parse [{inside}]")


def closing(text: str, start: int) -> int:
    """Where the bracket that opens at `start` closes; quoted text is passed over."""
    pairs = {"[": "]", "(": ")"}
    waiting: list[str] = []
    at, quote = start, ""
    while at < len(text):
        char = text[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char in pairs:
            waiting.append(pairs[char])
        elif waiting and char == waiting[-1]:
            waiting.pop()
            if not waiting:
                return at
        at += 1
    raise PathError(f"{text}: a bracket is not closed")


def _split(text: str) -> list[str]:
    """At commas outside of quotes and brackets."""
    parts, start, depth, quote = [], 0, 0, ""
    at = 0
    while at < len(text):
        char = text[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
        at += 1
    return [*parts, text[start:].strip()]


def _unquoted(text: str) -> str:
    if len(text) < 2 or text[0] not in "'\"" or text[-1] != text[0]:
        raise PathError(f"{text} is no quoted name")
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _argument(text: str) -> Any:
    if text[:1] in ("'", '"'):
        return _unquoted(text)
    if text.startswith("$"):
        from fogbank.java.jsonpath import compile_path

        return compile_path(text).find
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            raise PathError(f"{text} is no argument") from None
