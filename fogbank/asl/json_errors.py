"""Why a text is not JSON, in the words of Jackson, the reader that AWS uses: users see them in two errors.

Only for texts that have been refused: this reader is slow. What Jackson lets pass and a strict reader does not (something
after the document) is reported as the token that should not be there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_EXPECTED: Final = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_SOURCE_CHARS_MAX: Final = 500
_DEPTH_MAX: Final = 1_000  # Jackson's own bound
_TOKEN_CHARS_MAX: Final = 256
_BLANKS: Final = " \t\r\n"
_ESCAPES: Final = '"\\/bfnrtu'
_PLAIN: Final = re.compile(r'[^"\\\x00-\x1f]*')
_HEX: Final = "0123456789abcdefABCDEF"
_DIGITS: Final = "0123456789"


@dataclass(frozen=True, slots=True)
class JsonProblem:
    """`message` without its place; `place` is Jackson's `[Source: …; line: 1, column: 4]`."""

    message: str
    place: str


def explain(text: str) -> JsonProblem | None:
    """What is wrong with `text`; None if it is JSON in which no object has a field twice."""
    reader = _Reader(text)
    try:
        reader.document()
    except _Stop as stop:
        return JsonProblem(stop.message, reader.place(stop.at))
    return None


class _Stop(Exception):
    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


class _Reader:
    """`at` is Jackson's input pointer: the next character. Errors are placed where it stands, after what it read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def place(self, at: int) -> str:
        line = self.text.count("\n", 0, at) + 1
        column = at - (self.text.rfind("\n", 0, at) + 1) + 1
        shown = f'"{self.text[:_SOURCE_CHARS_MAX]}"'
        if (more := len(self.text) - _SOURCE_CHARS_MAX) > 0:
            shown += f"[truncated {more} chars]"
        return f"[Source: (String){shown}; line: {line}, column: {column}]"

    def document(self) -> None:
        self._value()
        if self._skip():
            self._unexpected_value(self.text[self.at])

    def _skip(self) -> str:
        """The next character that is not blank, "" at the end."""
        text, at = self.text, self.at
        while at < len(text) and text[at] in _BLANKS:
            at += 1
        self.at = at
        return text[at] if at < len(text) else ""

    def _value(self) -> None:
        """A value and all within it; objects and arrays on a stack, so that depth costs no recursion."""
        stack: list[tuple[str, int, set[str]]] = []
        while True:
            opened = self._begin(stack)
            while not opened:
                if not stack:
                    return
                opened = self._continue(stack)

    def _begin(self, stack: list[tuple[str, int, set[str]]]) -> bool:
        """Read what begins a value. True if another value is to be read at once, the first of an array or object."""
        char = self._skip()
        if not char:
            self._end_of_input(stack)
        if char in "{[":
            self.at += 1
            stack.append((char, self.at, set()))
            if len(stack) > _DEPTH_MAX:
                message = f"Document nesting depth ({len(stack)}) exceeds the maximum allowed ({_DEPTH_MAX})"
                raise _Stop(message, self.at)
            if self._skip() == ("}" if char == "{" else "]"):
                self.at += 1
                stack.pop()
                return False
            if char == "{":
                self._name(stack)
            return True
        if char == '"':
            self.at += 1
            self._string("a string value")
        elif char == "-" or char in _DIGITS:
            self._number()
        else:
            self._word(char)
        return False

    def _continue(self, stack: list[tuple[str, int, set[str]]]) -> bool:
        """After a value within an array or object. True if another follows."""
        kind = stack[-1][0]
        char = self._skip()
        if not char:
            self._end_of_input(stack)
        self.at += 1
        if char == ("}" if kind == "{" else "]"):
            stack.pop()
            return False
        if char != ",":
            within = "Object" if kind == "{" else "Array"
            raise _Stop(
                f"Unexpected character {_named(char)}: was expecting comma to separate {within} entries",
                self.at,
            )
        if kind == "{":
            self._skip()
            self._name(stack)
        return True

    def _name(self, stack: list[tuple[str, int, set[str]]]) -> None:
        char = self._skip()
        if not char:
            self._end_of_input(stack)
        self.at += 1
        if char != '"':
            message = f"Unexpected character {_named(char)}: was expecting double-quote to start field name"
            raise _Stop(message, self.at)
        start = self.at
        self._string("field name")
        name = self.text[start : self.at - 1]
        if name in stack[-1][2]:
            raise _Stop(f"Duplicate field '{name}'", self.at)
        stack[-1][2].add(name)
        char = self._skip()
        if not char:
            self._end_of_input(stack)
        self.at += 1
        if char != ":":
            message = (
                f"Unexpected character {_named(char)}: was expecting a colon to separate field name and value"
            )
            raise _Stop(message, self.at)

    def _end_of_input(self, stack: list[tuple[str, int, set[str]]]) -> None:
        if not stack:
            raise _Stop("No content to map due to end-of-input", self.at)
        kind, start, _ = stack[-1]
        within = "Object" if kind == "{" else "Array"
        raise _Stop(
            f"Unexpected end-of-input: expected close marker for {within} (start marker at {self.place(start - 1)})",
            self.at,
        )

    def _string(self, what: str) -> None:
        text, at = self.text, self.at
        while (at := _PLAIN.match(text, at).end()) < len(text):  # type: ignore[union-attr]
            char = text[at]
            at += 1
            if char == '"':
                self.at = at
                return
            if char < " ":
                message = (
                    f"Illegal unquoted character ((CTRL-CHAR, code {ord(char)})): "
                    "has to be escaped using backslash to be included in " + what.removeprefix("a ")
                )
                raise _Stop(message, at)
            if char == "\\":
                at = self._escape(at)
        if what == "field name":
            raise _Stop("Unexpected end-of-input in field name", at)
        raise _Stop("Unexpected end-of-input: was expecting closing quote for a string value", at)

    def _escape(self, at: int) -> int:
        text = self.text
        if at >= len(text):
            raise _Stop("Unexpected end-of-input in character escape sequence", at)
        char = text[at]
        if char not in _ESCAPES:
            raise _Stop(f"Unrecognized character escape {_named(char)}", at + 1)
        at += 1
        if char == "u":
            for _ in range(4):
                if at >= len(text):
                    raise _Stop("Unexpected end-of-input in character escape sequence", at)
                if text[at] not in _HEX:
                    message = f"Unexpected character {_named(text[at])}: expected a hex-digit for character escape sequence"
                    raise _Stop(message, at + 1)
                at += 1
        return at

    def _number(self) -> None:
        text = self.text
        if text[self.at] == "-":
            self.at += 1
            if text[self.at : self.at + 1] not in tuple(_DIGITS):
                self._not_numeric("expected digit (0-9) to follow minus sign, for valid numeric value")
        first = text[self.at]
        self._digits()
        if first == "0" and text[self.at - 1] != "0":
            raise _Stop("Invalid numeric value: Leading zeroes not allowed", self.at)
        if text[self.at : self.at + 1] == ".":
            self.at += 1
            if not self._digits():
                self._not_numeric("Decimal point not followed by a digit")
        if text[self.at : self.at + 1] in ("e", "E"):
            self.at += 1
            if text[self.at : self.at + 1] in ("+", "-"):
                self.at += 1
            if not self._digits():
                self._not_numeric("Exponent indicator not followed by a digit")

    def _digits(self) -> int:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in _DIGITS:
            self.at += 1
        return self.at - start

    def _not_numeric(self, why: str) -> None:
        if self.at >= len(self.text):
            raise _Stop("Unexpected end-of-input in a Number value", self.at)
        raise _Stop(f"Unexpected character {_named(self.text[self.at])} in numeric value: {why}", self.at + 1)

    def _word(self, char: str) -> None:
        for word in ("true", "false", "null"):
            end = self.at + len(word)
            if self.text.startswith(word, self.at) and not _is_part(self.text[end : end + 1]):
                self.at = end
                return
        self._unexpected_value(char)

    def _unexpected_value(self, char: str) -> None:
        if not _is_part(char):
            raise _Stop(
                f"Unexpected character {_named(char)}: expected a valid value {_EXPECTED}", self.at + 1
            )
        start = self.at
        while _is_part(self.text[self.at : self.at + 1]) and self.at - start < _TOKEN_CHARS_MAX:
            self.at += 1
        raise _Stop(f"Unrecognized token '{self.text[start : self.at]}': was expecting {_EXPECTED}", self.at)


def _is_part(char: str) -> bool:
    """`Character.isJavaIdentifierPart`, near enough."""
    return bool(char) and (char.isalnum() or char in "_$")


def _named(char: str) -> str:
    code = ord(char)
    if code < 32:
        return f"((CTRL-CHAR, code {code}))"
    return f"('{char}' (code {code}))" if code <= 255 else f"('{char}' (code {code} / 0x{code:x}))"
