"""JSON as Jackson reads it, token by token, with the place that it would name in an error: AWS shows it. Pure.

Jackson looks ahead: at a field's name it has already read the first character of the value (a number or word wholly), and a string
is read to its end only when its text is asked for.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NoReturn

_SHOWN_CHARS_MAX = 500
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_WORD = re.compile(r"[^\s,:\[\]{}\"']+")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


class Kind(Enum):
    OBJECT = "{"
    OBJECT_END = "}"
    ARRAY = "["
    ARRAY_END = "]"
    NAME = "name"
    STRING = "string"
    NUMBER = "number"
    TRUE = "true"
    FALSE = "false"
    NULL = "null"


class NotJson(ValueError):
    """With the sentence that Jackson has for it, and where."""


class Tokens:
    """`next` gives the kinds of one value, token by token; `text` and `name` belong to the last. Raises NotJson."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._stack: list[tuple[str, int]] = []  # open brackets and where they are
        self._string_at: int | None = None  # a string that was begun and not read
        self._ahead: Kind | None = None  # the value behind a name
        self._text = ""
        self._first = True  # nothing yet in the innermost bracket
        self.name = ""  # of the last field

    @property
    def text(self) -> str:
        """Of a string or number; reads a string to its end."""
        if self._string_at is not None:
            self._text = self._string(self._string_at)
            self._string_at = None
        return self._text

    def fail(self, message: str) -> NoReturn:
        raise NotJson(f"{message}\n at {self._place(self._at)}")

    def next(self) -> Kind:
        if self._ahead is not None:
            kind, self._ahead = self._ahead, None
            return self._opened(kind)
        _ = self.text  # what was not asked for is skipped
        self._skip()
        if not self._stack:
            return self._opened(self._value())
        opener, _ = self._stack[-1]
        if self._at < len(self._source) and self._source[self._at] in "}]":
            return self._close(opener)
        if not self._first:
            self._separator(opener)
        self._first = False
        return self._name() if opener == "{" else self._opened(self._value())

    def _opened(self, kind: Kind) -> Kind:
        if kind in (Kind.OBJECT, Kind.ARRAY):
            self._stack.append((kind.value, self._at - 1))
            self._first = True
            self._text = kind.value
        return kind

    def _close(self, opener: str) -> Kind:
        char = self._source[self._at]
        wanted = "}" if opener == "{" else "]"
        self._at += 1
        if char != wanted:
            what = "Object" if opener == "{" else "Array"
            start = self._place(self._stack[-1][1])
            self.fail(
                f"Unexpected close marker '{char}': expected '{wanted}' (for {what} starting at {start})"
            )
        self._stack.pop()
        self._first = False
        self._text = char
        return Kind(char)

    def _separator(self, opener: str) -> None:
        self._need()
        if self._source[self._at] != ",":
            what = "Object" if opener == "{" else "Array"
            self._unexpected(f"was expecting comma to separate {what} entries")
        self._at += 1
        self._skip()

    def _name(self) -> Kind:
        self._need()
        if self._source[self._at] != '"':
            self._unexpected("was expecting double-quote to start field name")
        name = self._string(self._at)
        self._skip()
        self._need()
        if self._source[self._at] != ":":
            self._unexpected("was expecting a colon to separate field name and value")
        self._at += 1
        self._skip()
        self.name = name
        self._ahead = self._value()
        return Kind.NAME

    def _value(self) -> Kind:
        """The kind of the value that begins here; a string's quote, a bracket, or a whole number or word is read."""
        self._need()
        char = self._source[self._at]
        if char in "{[":
            self._at += 1
            return Kind(char)
        if char == '"':
            self._string_at = self._at
            self._at += 1
            return Kind.STRING
        if (number := _NUMBER.match(self._source, self._at)) is not None:
            self._at, self._text = number.end(), number[0]
            return Kind.NUMBER
        word = _WORD.match(self._source, self._at)
        if word is None:
            self._unexpected("expected a valid value " + _WORDS)
        self._at = word.end()
        if word[0] not in ("true", "false", "null"):
            self.fail(f"Unrecognized token '{word[0]}': was expecting {_WORDS}")
        self._text = word[0]
        return Kind(word[0])

    def _string(self, start: int) -> str:
        """The string whose quote is at `start`; stands behind it afterwards."""
        parts: list[str] = []
        self._at = start + 1
        while True:
            if self._at >= len(self._source):
                self.fail("Unexpected end-of-input: was expecting closing quote for a string value")
            char = self._source[self._at]
            self._at += 1
            if char == '"':
                return "".join(parts)
            if char == "\\":
                parts.append(self._escape())
            elif char < " ":
                self.fail(
                    f"Illegal unquoted character ((CTRL-CHAR, code {ord(char)})): "
                    "has to be escaped using backslash to be included in string value"
                )
            else:
                parts.append(char)

    def _escape(self) -> str:
        """The place of one that is none is right behind the backslash."""
        char = self._source[self._at : self._at + 1]
        if char == "u":
            digits = self._source[self._at + 1 : self._at + 5]
            if len(digits) == 4 and all(digit in "0123456789abcdefABCDEF" for digit in digits):
                self._at += 5
                return chr(int(digits, 16))
        if char not in _ESCAPES:
            self.fail(f"Unrecognized character escape '{char}' (code {ord(char or ' ')})")
        self._at += 1
        return _ESCAPES[char]

    def _skip(self) -> None:
        while self._at < len(self._source) and self._source[self._at] in " \t\r\n":
            self._at += 1

    def _need(self) -> None:
        """Something must follow."""
        if self._at < len(self._source):
            return
        if not self._stack:
            self.fail("No content to map due to end-of-input")
        opener, at = self._stack[-1]
        what = "Object" if opener == "{" else "Array"
        self.fail(
            f"Unexpected end-of-input: expected close marker for {what} (start marker at {self._place(at)})"
        )

    def _unexpected(self, expectation: str) -> NoReturn:
        char = self._source[self._at]
        self._at += 1
        self.fail(f"Unexpected character ('{char}' (code {ord(char)})): {expectation}")

    def _place(self, at: int) -> str:
        before = self._source[:at]
        line = before.count("\n") + 1
        column = at - (before.rfind("\n") + 1) + 1
        shown = f'"{self._source[:_SHOWN_CHARS_MAX]}"'
        if (hidden := len(self._source) - _SHOWN_CHARS_MAX) > 0:
            shown += f"[truncated {hidden} chars]"
        return f"[Source: (String){shown}; line: {line}, column: {column}]"
